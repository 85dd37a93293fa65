"""A real Postfix around the gateway, run with the very files of `examples/postfix/`.

Only ports, folders and the user of the pipe are put in; each must stand in the example, so the two cannot drift apart.
Postfix starts as root only, and its pipe runs a program as another user.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import ServiceMissing
from tests.services import program
from tests.support import answers, free_port, wait_until

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "postfix"
NOBODY = "nobody"
CALL = """#!/bin/sh
call={calls}/$$
cat > $call.mail
for word in "$@"; do printf '%s\\n' "$word" >> $call.part; done
mv $call.part $call.args
while [ ! -e $call.code ]; do sleep 0.05; done
exit $(cat $call.code)
"""


@dataclass(slots=True)
class Postfix:
    """A running instance.  public: where the net connects.  relay: where the gateway hands its mail to.

    smtp, lmtp: where it expects listeners of the gateway.  sink: where all other mail goes.
    """

    folder: Path
    public: int = field(default_factory=free_port)
    relay: int = field(default_factory=free_port)
    smtp: int = field(default_factory=free_port)
    lmtp: int = field(default_factory=free_port)
    sink: int = field(default_factory=free_port)

    @property
    def pipe_settings(self) -> Path:
        """Return the settings file of the gateway that the pipe starts; the test writes it."""
        return self.folder / "gateway.toml"

    @property
    def calls(self) -> Path:
        """Return the folder through which the pipe's calls reach the test."""
        return self.folder / "calls"

    def flush(self) -> None:
        """Let it try again now what it could not deliver."""
        command = program("postfix")
        assert command
        subprocess.run([command, "-c", str(self.folder / "conf"), "flush"], check=True, capture_output=True)

    def queue_is_empty(self) -> bool:
        """Say whether every mail has left."""
        waiting = ("incoming", "active", "deferred", "maildrop", "hold")
        return not any(file.is_file() for name in waiting for file in (self.folder / "queue" / name).rglob("*"))

    def write(self) -> Path:
        """Write the configuration; return its folder."""
        places = {
            "main.cf": {
                "/etc/postfix/": f"{self.folder}/conf/",
                "/var/spool/postfix": f"{self.folder}/queue",
                "/var/lib/postfix": f"{self.folder}/data",
                "/var/log/postfix.log": f"{self.folder}/data/log",
            },
            "master.cf": {
                "smtp       inet": f"127.0.0.1:{self.public} inet",
                "127.0.0.1:10026": f"127.0.0.1:{self.relay}",
                "user=gateway": f"user={NOBODY}",
                "/usr/bin/gateway": str(self.folder / "gateway"),
                "/etc/gateway.toml": str(self.pipe_settings),
            },
            "transport": {"127.0.0.1]:8025": f"127.0.0.1]:{self.smtp}", "127.0.0.1:8024": f"127.0.0.1:{self.lmtp}"},
            "recipients": {},
        }
        conf = self.folder / "conf"
        conf.mkdir(parents=True)
        for name, changes in places.items():
            text = (EXAMPLES / name).read_text(encoding="utf-8")
            for stands, wanted in changes.items():
                assert stands in text, f"examples/postfix/{name} no longer says {stands!r}"
                text = text.replace(stands, wanted)
            (conf / name).write_text(text, encoding="utf-8")
        with (conf / "main.cf").open("a", encoding="utf-8") as main:
            # Of this test only: its log may stand in its folder, and all mail to customers goes to its sink.
            main.write(f"maillog_file_prefixes = {self.folder}\nrelayhost = [127.0.0.1]:{self.sink}\n")
        return conf


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Postfix]:
    """Run an instance of its own in a folder.  Raises ServiceMissing."""
    command = program("postfix")
    if not command or os.geteuid() != 0:
        raise ServiceMissing("Postfix tools" if not command else "Postfix (it starts as root only)")
    postfix = Postfix(folder)
    conf = postfix.write()
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    _write_pipe(postfix)
    with (folder / "start.log").open("wb") as log:
        starter = subprocess.Popen(
            [command, "-c", str(conf), "start-fg"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(postfix.public) and answers(postfix.relay), what="our own Postfix")
        yield postfix
    finally:
        subprocess.run([command, "-c", str(conf), "stop"], capture_output=True, timeout=60, check=False)
        starter.wait(60)


@contextlib.contextmanager
def answering_pipe(postfix: Postfix) -> Iterator[list[int]]:
    """Run the gateway's command for each call of the pipe; gives the exit codes so far."""
    codes: list[int] = []
    over = threading.Event()
    thread = threading.Thread(target=_answer_calls, args=(postfix, codes, over), daemon=True)
    thread.start()
    try:
        yield codes
    finally:
        over.set()
        thread.join(60)


def _answer_calls(postfix: Postfix, codes: list[int], over: threading.Event) -> None:
    while not over.wait(0.02):
        for call in postfix.calls.glob("*.args"):
            order = [sys.executable, "-m", "gateway", *call.read_text().split("\n")[:-1]]
            raw = call.with_suffix(".mail").read_bytes()
            call.unlink()
            done = subprocess.run(order, input=raw, cwd=ROOT, capture_output=True, check=False)
            codes.append(done.returncode)
            code = call.with_suffix(".tmp")
            code.write_text(f"{done.returncode}\n")
            code.rename(call.with_suffix(".code"))


def _write_pipe(postfix: Postfix) -> None:
    """Write what stands for the installed command.

    The pipe's user may often not read the checkout under test, so the call is handed to the test, which runs it.
    """
    postfix.calls.mkdir()
    postfix.calls.chmod(0o777)
    script = postfix.folder / "gateway"
    script.write_text(CALL.format(calls=postfix.calls), encoding="ascii")
    script.chmod(0o755)
