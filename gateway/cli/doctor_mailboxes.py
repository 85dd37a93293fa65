"""The part of `gateway doctor` about mailboxes: can each be fetched, and does a mail that we send arrive in each?"""

import secrets
import time
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.config import Config, ImapSection
    from gateway.model import RelayOutcome
    from gateway.store.db import Database

PROBE_SECONDS = 120
LOOK_SECONDS = 1.0


def problems(config: "Config") -> list[str]:
    """Return what is wrong with the mailboxes, a sentence each."""
    from gateway.inbound import imap_check

    with _Secrets(config) as secret_of:
        found = [imap_check.fault(name, box, secret_of(name)) for name, box in config.imap.items()]
    return [sentence for sentence in found if sentence]


def notes(config: "Config") -> list[str]:
    """Return what works and should be looked at, a sentence each."""
    from gateway.inbound import imap_check

    return [
        f"Mailbox {name} is fetched without TLS, so its password travels in the open; set imap.{name}.tls."
        for name, box in config.imap.items()
        if imap_check.unprotected(box)
    ]


def probe(config: "Config", *, seconds: float = PROBE_SECONDS) -> Iterator[tuple[str, bool, str]]:
    """Send a mail through the relay to each mailbox and wait for it; yield (mailbox, arrived, what happened).

    seconds: how long each may take.  The mail carries our own mark, so that a gateway that fetches it files it as ours.
    """
    if not config.relay.host:
        for name in config.imap:
            yield name, False, "No relay is set, so no mail can be sent to find out; set relay.host."
        return
    with _Secrets(config) as secret_of:
        for name, box in config.imap.items():
            arrived, sentence = _probe_one(config, name, box, secret_of(name), seconds)
            yield name, arrived, sentence


def _probe_one(
    config: "Config", name: str, box: "ImapSection", secret: Callable[[], str], seconds: float
) -> tuple[bool, str]:
    from gateway.clock import monotonic_seconds
    from gateway.inbound.imap_check import Lookout
    from gateway.inbound.imap_session import Trouble
    from gateway.model import Accepted

    to = box.user if "@" in box.user else config.gateway.care_address
    message_id = f"<probe.{secrets.token_hex(12)}@{config.mail_domain}>"
    try:
        lookout = Lookout(box, secret)
    except Trouble as trouble:
        return False, str(trouble)
    try:
        began = monotonic_seconds()
        outcome = _send(config, to, _mail(config, to, message_id))
        if not isinstance(outcome, Accepted):
            return False, f"The relay did not take the mail to mailbox {name} ({outcome.reply}); ask who runs it."
        while monotonic_seconds() - began < seconds:
            if lookout.sees(message_id):
                return True, f"A mail sent through the relay was in mailbox {name} after {_took(began)}."
            time.sleep(LOOK_SECONDS)
    except Trouble as trouble:
        return False, str(trouble)
    finally:
        lookout.close()
    return False, (
        f"The relay took a mail to the address of mailbox {name}, but it did not arrive within {seconds:g} s;"
        " look at the relay's log and at the address."
    )


def _took(began: float) -> str:
    from gateway.clock import monotonic_seconds

    return f"{monotonic_seconds() - began:.1f} s"


def _send(config: "Config", to: str, raw: bytes) -> "RelayOutcome":
    from gateway.outbound.relay import SmtpRelay

    relay = SmtpRelay(config.relay, hello_name=config.mail_domain)
    try:
        return relay.send(0, config.gateway.care_address, to, raw)
    finally:
        relay.close()


def _mail(config: "Config", to: str, message_id: str) -> bytes:
    from gateway.clock import SystemClock
    from gateway.outbound import compose
    from gateway.store import db, instance

    database = db.Database(config.database.url)
    try:
        db.ensure_schema(database)
        ours = instance.load(database)
    finally:
        database.close()
    lines = (
        f"From: <{config.gateway.care_address}>",
        f"To: <{to}>",
        "Subject: Case gateway: this mail tests a mailbox",
        f"Date: {format_datetime(SystemClock().now())}",
        f"Message-ID: {message_id}",
        f"X-Case-Gateway: {ours.id} {compose.signature(message_id, ours.key)}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "",
        "`gateway doctor --probe` has sent this mail to see that it arrives.  Nobody has to do anything.",
        "",
    )
    return "\r\n".join(lines).encode("ascii", "replace")


class _Secrets:
    """Passwords and access tokens of the mailboxes; a replaced refresh token stands in the database."""

    def __init__(self, config: "Config") -> None:
        self._config = config
        self._database: Database | None = None

    def __enter__(self) -> Callable[[str], Callable[[], str]]:
        from gateway.store import db

        if any(box.oauth2 for box in self._config.imap.values()) and db.exists(self._config.database.url):
            database = db.Database(self._config.database.url)
            if db.current(database) == db.HEAD:
                self._database = database
            else:
                database.close()
        return self._secret_of

    def __exit__(self, *_error: object) -> None:
        if self._database is not None:
            self._database.close()

    def _secret_of(self, name: str) -> Callable[[], str]:
        from gateway import mailboxes
        from gateway.inbound.imap_token import Tokens

        box = self._config.imap[name]
        if box.oauth2 is None:
            return box.password.get_secret_value
        if self._database is None:
            return Tokens(box.oauth2, lambda: "", lambda _token: None).get
        kept = mailboxes.KeptToken(self._database, name, box)
        return Tokens(box.oauth2, kept.load, kept.keep).get
