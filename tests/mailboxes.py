"""IMAP servers that tests fetch from: a real Dovecot with a configuration of its own, else pymap.

One server for a whole run of the tests, on a free port of 127.0.0.1, as a user without rights.  Each test has a user of
its own, whose name nobody else has; the password is the same for all.
"""

import contextlib
import grp
import os
import pwd
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import imapclient

from tests import servers
from tests.services import program
from tests.support import answers, free_port, wait_until

PASSWORD = "open-sesame"
SECONDS = 30
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = case-gateway-tests
protocols = imap
listen = 127.0.0.1
default_internal_user = {account}
default_internal_group = {group}
default_login_user = {account}
default_process_limit = 60
first_valid_uid = 1
first_valid_gid = 1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_fsync = never
mail_max_userip_connections = 60
mailbox_list_index = yes
mail_location = mdbox:~/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={account} gid={group} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  process_min_avail = 1
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running IMAP server.  kind: `dovecot` or `pymap`; the second has one account only, so each gets a process."""

    kind: str
    port: int
    folder: Path

    def account(self) -> "Account":
        """Return an account that nobody has used."""
        name = f"u{uuid4().hex[:12]}"
        if self.kind == "pymap":
            return Account(start_pymap(self.folder, name), name)
        return Account(self.port, name)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a server, seen with a mail program's eyes."""

    port: int
    user: str

    @contextlib.contextmanager
    def signed_in(self) -> Iterator[imapclient.IMAPClient]:
        """Lend a connection."""
        with imapclient.IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=SECONDS) as client:
            client.login(self.user, PASSWORD)
            yield client

    def put(self, *raws: bytes, folder: str = "INBOX") -> None:
        """Let mails arrive."""
        with self.signed_in() as client:
            for raw in raws:
                client.append(folder, raw)

    def make(self, folder: str) -> None:
        """Make a folder."""
        with self.signed_in() as client:
            client.create_folder(folder)

    def make_anew(self, folder: str) -> None:
        """Delete a folder and make it again: its mails get new numbers."""
        with self.signed_in() as client:
            client.delete_folder(folder)
            client.create_folder(folder)

    def count(self, folder: str = "INBOX", *criteria: str) -> int:
        """Return how many mails of a folder fit."""
        with self.signed_in() as client:
            client.select_folder(folder, readonly=True)
            return len(client.search(list(criteria) or ["ALL"]))


def serve(folder: Path) -> Server:
    """Return the IMAP server of this run, starting it at the first call.  Raises ServiceMissing."""
    kind, port = servers.once(folder, "imap", lambda: _dovecot(folder) or _pymap()).split()
    return Server(kind, int(port), folder)


def _pymap() -> str:
    if not has_pymap():
        raise servers.ServiceMissing("Dovecot")
    return "pymap 0"


def _dovecot(folder: Path) -> str:
    dovecot = program("dovecot")
    if not dovecot:
        return ""
    account = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    group = _group(account)
    home, port = folder / "dovecot", free_port()
    home.mkdir()
    for part in ("run", "state", "home"):
        (home / part).mkdir()
    facts = {"folder": home, "account": account, "group": group, "port": port, "password": PASSWORD}
    (home / "dovecot.conf").write_text(DOVECOT.format(**facts), encoding="ascii")
    if os.geteuid() == 0:
        for path in (home, *home.iterdir()):
            shutil.chown(path, account, group)
    command = [dovecot, "-F", "-c", str(home / "dovecot.conf")]
    servers.start(folder, "dovecot", command, account=account if os.geteuid() == 0 else None)
    wait_until(lambda: answers(port), seconds=SECONDS, what="our own Dovecot")
    return f"dovecot {port}"


def _group(account: str) -> str:
    return grp.getgrgid(pwd.getpwnam(account).pw_gid).gr_name


def start_pymap(folder: Path, user: str) -> int:
    """Start a pymap with one account and return its port."""
    port = free_port()
    account = ["--demo-user", user, "--demo-password", PASSWORD]
    program = str(Path(sys.executable).with_name("pymap"))
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict", *account]
    servers.start(folder, f"pymap-{port}", command)
    wait_until(lambda: answers(port), seconds=SECONDS, what="our own pymap")
    return port


def has_pymap() -> bool:
    """Say whether pymap is installed."""
    return Path(sys.executable).with_name("pymap").exists()
