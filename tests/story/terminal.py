"""A terminal for tests: runs the command line on an installation of its own, in this process or as a real program."""

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway import cli

CARE = "care@example.com"
DANA = "Dana Doe <dana@example.org>"
REFERENCE = re.compile(r"REF-[0-9A-Z]{27}")


@dataclass(frozen=True)
class Done:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        """Return the objects that were printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Terminal:
    """An installation in a folder: settings, database, and a folder in the place of a relay."""

    folder: Path
    database_url: str
    monkeypatch: pytest.MonkeyPatch
    settings: Path = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.folder / "settings.toml"
        self.settings.write_text(
            f"[gateway]\ndata_dir = '{self.folder}'\ncare_address = '{CARE}'\nfirst_case_number = 41\n"
            f"[database]\nurl = '{self.database_url}'\n[web]\nport = 0\n"
        )

    def run(self, *arguments: str, stdin: bytes = b"") -> Done:
        """Run a command in this process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            code = cli.run([*arguments, "--config", str(self.settings)])
            for stream in (out, err):
                stream.flush()
        return Done(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]

    def ok(self, *arguments: str, stdin: bytes = b"") -> list[dict[str, Any]]:
        """Run a command with `--json` that must succeed without a word on stderr; return its objects."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert (done.code, done.err) == (0, ""), done
        return done.json

    def program(self, *arguments: str, stdin: bytes = b"", seconds: float = 60) -> Done:
        """Run a command as a real program."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            input=stdin,
            capture_output=True,
            timeout=seconds,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[2])},
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def open_case(self) -> str:
        """Open a case of Dana's and return its number."""
        described = "The VPN of our office drops every hour since this morning, for five minutes."
        case = self.ok(
            *("case", "open", "--subject", "VPN drops", "--description", described),
            *("--contact", "dana@example.org", "--name", "Dana Doe"),
        )[0]
        return str(case["number"])

    def asked_case(self) -> str:
        """Open a case and ask its contact; return its number."""
        number = self.open_case()
        self.ok("case", "request-info", number, "--text", "Which version?")
        return number

    def reference(self) -> str:
        """Return the Reference ID of the last mail that left."""
        sent = sorted((self.folder / "sent").glob("*.eml"), key=lambda path: int(path.stem))
        found = REFERENCE.search(sent[-1].read_text())
        assert found, "the notice has no Reference ID"
        return found[0]

    def mail(self, name: str, text: str, *, sender: str = DANA, subject: str = "Re: VPN drops") -> Path:
        """Write a mail as a file and return its path."""
        path = self.folder / f"{name}.eml"
        head = f"From: {sender}\nTo: {CARE}\nSubject: {subject}\nMessage-ID: <{name}@example.org>\n"
        path.write_bytes(f"{head}\n{text}\n".replace("\n", "\r\n").encode())
        return path
