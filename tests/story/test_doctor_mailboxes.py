"""`gateway doctor` about mailboxes: one sentence for each thing that can be wrong; `--probe` sends itself a mail."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.mailboxes import PASSWORD, Account
from tests.relays import ScriptedRelay
from tests.story.terminal import Terminal
from tests.support import free_port, wait_until


def write(terminal: Terminal, account: Account, **changes: Any) -> None:
    """Put a mailbox into the settings of an installation."""
    box = {"host": "127.0.0.1", "port": account.port, "user": account.user, "password": PASSWORD, "tls": "none"}
    lines = [f"{key} = {value if isinstance(value, int) else repr(value)}" for key, value in (box | changes).items()]
    with terminal.settings.open("a") as file:
        file.write("\n".join((f"[smtp]\nport = {free_port()}\n[imap.support]", *lines, "")))


def found(terminal: Terminal, check: str, *arguments: str) -> dict[str, Any]:
    return next(one for one in terminal.run("doctor", *arguments, "--json").json if one["check"] == check)


def test_a_sound_mailbox_is_said_to_be_so(terminal: Terminal, account: Account) -> None:
    write(terminal, account)
    assert found(terminal, "mailboxes")["state"] == "ok"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "check user and password"),
        ({"folder": "Nowhere"}, "no folder Nowhere"),
        ({"processed_folder": "Done"}, "no folder Done"),
        ({"host": "imap.invalid"}, "check host"),
        ({"tls": "implicit"}, "does not speak TLS"),
        ({"tls": "starttls"}, "does not offer STARTTLS"),
    ],
)
def test_each_thing_that_is_wrong_is_one_sentence(
    terminal: Terminal, account: Account, changes: dict[str, Any], words: str
) -> None:
    """IM-06, IM-08."""
    write(terminal, account, **changes)
    finding = found(terminal, "mailboxes")
    assert finding["state"] == "problem"
    assert words in finding["sentence"]
    assert PASSWORD not in finding["sentence"]


def probing(terminal: Terminal, account: Account, deliver: Callable[[ScriptedRelay], None], seconds: int) -> Any:
    """Run the probe through a relay; `deliver` does in a thread what an MTA behind it does."""
    with ScriptedRelay().running() as relay:
        with terminal.settings.open("a") as file:
            file.write(f"[relay]\nhost = '127.0.0.1'\nport = {relay.port}\n")
        write(terminal, account)
        threading.Thread(target=deliver, args=(relay,), daemon=True).start()
        return found(terminal, "probe support", "--probe", "--probe-seconds", str(seconds)), relay


def test_a_probe_that_arrives_is_told_and_is_known_as_ours(terminal: Terminal, account: Account) -> None:
    def deliver(relay: ScriptedRelay) -> None:
        wait_until(lambda: relay.mails, what="the probe")
        account.put(relay.mails[0].removesuffix(b".\r\n"))

    finding, relay = probing(terminal, account, deliver, 60)
    assert (finding["state"], "after" in finding["sentence"]) == ("ok", True)
    mail = terminal.folder / "probe.eml"
    mail.write_bytes(relay.mails[0].removesuffix(b".\r\n"))
    (taken,) = terminal.ok("ingest", str(mail))
    assert (taken["kind"], taken["disposition"]) == ("own-mail", "automatic")


def test_a_probe_that_does_not_arrive_says_where_to_look(terminal: Terminal, account: Account) -> None:
    finding, _ = probing(terminal, account, lambda _relay: None, 1)
    assert finding["state"] == "problem"
    assert "did not arrive within 1 s" in finding["sentence"]


def test_without_a_relay_there_is_no_probe(terminal: Terminal, account: Account) -> None:
    write(terminal, account)
    assert "set relay.host" in found(terminal, "probe support", "--probe")["sentence"]
