"""The composition root: the one place that builds things and wires them.

`build(config)` returns an App: for a command, its services; for `gateway serve`, the roles as threads of this process.
Nothing else in the product knows which database, broker or relay it runs on.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from jinja2 import Environment

from gateway import addresses, mailboxes, maillog, overdue, process, refusals, scheduler, sequencer, timers, webhooks
from gateway.clock import Clock, SystemClock
from gateway.config import Config, effective
from gateway.effects import Scribe
from gateway.errors import ConfigError
from gateway.inbound import authenticity, content_key, reading, safe_html
from gateway.inbound.imap import Fetcher
from gateway.inbound.parse_pool import ParsePool, Reader
from gateway.inbound.smtp import Listener
from gateway.inbound.spool import Spool
from gateway.model import Actor, Draft, Envelope, Letterhead, NewMail, OutboxEntry, Reading, ReadingRules, SpooledMail
from gateway.model.views import TurnView, WaitingView
from gateway.outbound import compose, delivery, signing, worker
from gateway.outbound.relay import FolderRelay, Relay, SmtpRelay
from gateway.outbound.templates import environment
from gateway.reasons import Reason
from gateway.rules import profiles
from gateway.services import Services
from gateway.store import clock_guard, db, escalations, instance, lease, mails, outbox

ROLES = ("smtp", "imap", "web", "worker", "scheduler")
PACKAGE = Path(__file__).parent
CAUSED_SECONDS = 30.0
# Calls of other systems that are under way in a process at once; most of their time is waiting.
WEBHOOK_LANES = 4


def build(config: Config, *, clock: Clock | None = None, actor: str = "gateway") -> "App":
    """Open the store, bring its schema up to date and wire everything; starts no thread and opens no port.

    actor: who acts where nobody else is named, for the audit trail.
    Raises ConfigError or Unavailable, in one sentence.
    """
    return App(config, clock or SystemClock(), actor)


def template_folder() -> Path:
    """Return the folder of the templates: inside the installed package, or beside it in a checkout."""
    packaged = PACKAGE / "_templates"
    return packaged if packaged.exists() else PACKAGE.parent / "templates"


class App:
    """Everything of one process.  Use it as a context manager: leaving it stops what was started, in order."""

    def __init__(self, config: Config, clock: Clock, actor: str = "gateway") -> None:
        self.config = config
        self._actor = Actor(name=actor)
        self.clock = clock
        self.database = db.Database(config.database.url)
        db.ensure_schema(self.database)
        self._caused: list[int] = []
        self._works_here = False
        self._running: list[Runs] = []
        self._listener: Listener | None = None
        self._stopped = threading.Event()
        self._processing = threading.Lock()
        self.services = self._services(instance.load(self.database))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- long-running roles

    def start(self, roles: Collection[str] = ROLES) -> None:
        """Start these roles as threads of this process.  Raises GatewayError when a port is taken.

        The role `web` is built on top of this file: `attend` takes it.
        """
        if "worker" in roles:
            self._start_worker()
        if "scheduler" in roles:
            seconds, keeper = self.config.scheduler.tick_seconds, scheduler.Timekeeper(SystemClock())
            self.attend(scheduler.Ticker("sweep", seconds, scheduler.sweep, self.services))
            self.attend(scheduler.Ticker("timers", seconds, keeper.turn, self.services))
            self.attend(scheduler.Ticker("sequencer", sequencer.EVERY_SECONDS, sequencer.turn, self.services))
            self.attend(scheduler.Ticker("webhooks", webhooks.EVERY_SECONDS, webhooks.turn, self.services))
            self.attend(scheduler.Ticker("forget calls", webhooks.FORGET_EVERY_SECONDS, webhooks.forget, self.services))
            self.attend(scheduler.Ticker("forget", sequencer.FORGET_EVERY_SECONDS, sequencer.forget, self.services))
            self.attend(scheduler.Ticker("purge", scheduler.PURGE_SECONDS, scheduler.purge, self.services))
            self.attend(scheduler.Ticker("mailboxes", seconds, mailboxes.Watch().turn, self.services))
        if "smtp" in roles:
            self.attend(self.spool)
            self._listener = Listener(self.config, self.spool.put, self.clock)
            self.attend(self._listener)
        if "imap" in roles:
            self.attend(Fetcher(self.services))
        shown = effective(self.config)["database"]["url"]
        maillog.roles_started(roles=sorted(roles), database=shown, owner=self.services.owners.process)

    def attend(self, thing: "Runs") -> None:
        """Start something and stop it before all that was started earlier, when this app is closed."""
        thing.start()
        self._running.append(thing)

    def wait(self) -> None:
        """Block until `stop` is called (from a signal handler or another thread)."""
        self._stopped.wait()

    def stop(self) -> None:
        """Ask `wait` to return; calling twice is nothing."""
        self._stopped.set()

    def close(self) -> None:
        """Stop what runs, the ways in first, then the workers, then close the store."""
        self.stop()
        ran = bool(self._running)
        while self._running:
            self._running.pop().stop()
        for name in ("reader", "viewer", "viewer_with_pictures", "relay"):
            if name in self.__dict__:
                self.__dict__[name].close()
        self.database.close()
        if ran:
            maillog.roles_stopped()

    @property
    def smtp_port(self) -> int:
        """Return the port that the listener really has."""
        if self._listener is None:
            raise LookupError("the role smtp does not run in this process")
        return self._listener.port

    # --- one turn, for commands

    def ingest(self, raw: bytes, envelope: Envelope) -> SpooledMail:
        """Take a mail in as if received; it is durable when this returns.  Raises Unavailable."""
        oversized = len(raw) > self.config.smtp.max_message_bytes
        new = content_key.new_mail(raw, envelope, received_at=self.clock.now(), oversized=oversized)
        return self._write_batch([new])[0]

    def process_mail(self, limit: int | None = None) -> int:
        """Process the mails that wait, in this thread, and return how many were taken."""
        with self._processing:
            return process.process_mails(self.services, self.reader, limit=limit)

    def tick(self) -> TurnView:
        """Take one turn of the scheduler at the present moment of the clock: mail, timers, what is overdue, deliveries.

        The event feed is complete when it returns, and what goes to webhooks was called out.
        At most one step of each case is fired.  Raises Unavailable.
        """
        scheduler.sweep(self.services)
        processed = self.process_mail()
        fired = timers.fire_due(self.services, patient=False)
        overdue.raise_missed(self.services, now=self.clock.now())
        overdue.alarm_queue(self.services, now=self.clock.now())
        sent = self.deliver_due()
        try:
            sequencer.turn(self.services)
        finally:
            # A trail that somebody touched is said at the end; events have their places, so calls go out all the same.
            webhooks.turn(self.services)
            webhooks.deliver(self.services)
        with self.database.read() as conn:
            doubt = clock_guard.current(conn)
        return TurnView(
            now=self.clock.now(),
            mails_processed=processed,
            reminders=fired.count(Reason.FOLLOW_UP_SENT),
            closed=fired.count(Reason.FOLLOW_UP_CLOSED),
            waiting=tuple(WaitingView(case=number, reason=reason) for number, reason in fired.waiting()),
            mails_sent=sent,
            clock_doubted=doubt.why if doubt else None,
        )

    def deliver_due(self) -> int:
        """Deliver every mail that is due, in this thread, and return how many the relay took."""
        return delivery.drain(self.post_office())

    def deliver_caused(self, seconds: float = CAUSED_SECONDS) -> list[str]:
        """Deliver what this process wrote into the outbox; return what could not be, as sentences.

        seconds: how long at most; what is left then is delivered by `gateway serve` or the next turn.
        """
        ids, self._caused = self._caused, []
        if not ids:
            # With Redis the workers were rung already: delivering is theirs.
            return []
        office = self.post_office(_OnlyThese(ids))
        thread = threading.Thread(target=_drain_quietly, args=(office,), name="deliver", daemon=True)
        thread.start()
        thread.join(seconds)
        with self.database.read() as conn:
            return [f"Mail {id_} has not left yet: {why}" for id_, why in outbox.not_left(conn, ids)]

    # --- what is made once, at first use

    @cached_property
    def reader(self) -> ParsePool:
        """The killable children that read mail."""
        return self._readers(self.config.parser.children, reading.read)

    @cached_property
    def viewer(self) -> ParsePool:
        """The killable child that makes the HTML of a mail safe to be looked at."""
        return self._readers(1, safe_html.read)

    @cached_property
    def viewer_with_pictures(self) -> ParsePool:
        """The same, with remote pictures."""
        return self._readers(1, safe_html.read_with_pictures)

    @cached_property
    def spool(self) -> Spool:
        """The group commit of the listener."""
        return Spool(self._write_batch)

    @cached_property
    def relay(self) -> Relay:
        """The smart host, or the folder in its place."""
        if self.config.relay.host:
            return SmtpRelay(self.config.relay, hello_name=self.config.mail_domain)
        return FolderRelay(self.config.gateway.data_dir / "sent")

    @cached_property
    def letterhead(self) -> Letterhead:
        """What every outgoing mail says about us."""
        ours = self.config.gateway
        return Letterhead(
            organisation=ours.organisation,
            care_address=ours.care_address,
            mail_domain=self.config.mail_domain,
            base_url=ours.base_url.rstrip("/"),
            care_phone=ours.care_phone,
            contact_page=ours.contact_page,
            instance=self.services.scribe.instance.id,
            loop_key=self.services.scribe.instance.key,
        )

    @cached_property
    def sign(self) -> signing.Sign:
        """What signs outgoing mail; nothing does where no key is set.  Raises ConfigError."""
        settings = self.config.dkim
        if not settings.selector:
            return lambda raw: raw
        try:
            key = Path(settings.key_file).read_bytes()
        except OSError as error:
            raise ConfigError(f"dkim.key_file cannot be read ({error.strerror}).") from None
        return signing.signer(selector=settings.selector, domain=settings.domain or self.config.mail_domain, key=key)

    def post_office(self, store: Any = outbox) -> delivery.PostOffice:
        """Return all that delivering needs."""
        return delivery.PostOffice(
            db=self.database,
            store=store,
            relay=self.relay,
            env=self._templates,
            letterhead=self.letterhead,
            clock=self.clock,
            owners=self.services.owners,
            call_help=lambda: self._ring_outbox(()),
            sign=self.sign,
            refused=lambda conn, entry, outcome, now: refusals.after(conn, self.services, entry, outcome, now=now),
        )

    def _readers(self, children: int, reader: Reader) -> ParsePool:
        settings = self.config.parser
        return ParsePool(
            children=children,
            mail_seconds=settings.mail_seconds,
            memory_bytes=settings.memory_bytes,
            rules=self.services.reading_rules,
            reader=reader,
        )

    def _services(self, ours: instance.Instance) -> Services:
        own = {addresses.key(a) for a in (self.config.gateway.care_address, *self.config.accepted)} - {""}
        return Services(
            config=self.config,
            database=self.database,
            clock=self.clock,
            policy=profiles.policy(self.config, frozenset(own)),
            scribe=Scribe(
                instance=ours,
                mail_domain=self.config.mail_domain,
                random_bytes=secrets.token_bytes,
                actor=self._actor,
            ),
            reading_rules=reading_rules(self.config, ours),
            owners=lease.Owners(f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"),
            ring_mail=self._ring_mail,
            ring_outbox=self._ring_outbox,
            ring_webhooks=self._ring_webhooks,
            draft=self._draft,
            stale_mailbox=lambda: mailboxes.stale(self.database, self.config, now=self.clock.now()),
            unread_escalation_replies=escalations.unread_of,
            authenticate=_authenticate(self.config),
        )

    @cached_property
    def _templates(self) -> Environment:
        return environment(template_folder())

    def _draft(self, entry: OutboxEntry) -> Draft:
        return compose.draft(entry, self.letterhead, self._templates, now=self.clock.now())

    def _start_worker(self) -> None:
        # A key that cannot sign is said now, not with the first mail.
        self.post_office()
        threads = 1 + self.config.relay.connections + WEBHOOK_LANES
        self.attend(worker.Worker(self._broker, threads=threads))
        keeper_seconds = lease.LEASE_SECONDS / 3
        self.attend(scheduler.Ticker("leases", keeper_seconds, scheduler.renew_leases, self.services))
        self._works_here = True
        self._ring_mail()
        self._ring_outbox(())
        self._ring_webhooks()

    @cached_property
    def _broker(self) -> worker.Broker:
        url = self.config.broker.url
        return worker.redis_broker(url) if url else worker.InProcessBroker()

    @cached_property
    def _doorbell(self) -> worker.Doorbell:
        jobs = worker.Jobs(
            drain_mail=self.process_mail,
            drain_outbox=self.deliver_due,
            drain_webhooks=lambda: webhooks.deliver(self.services),
        )
        lanes = self.config.relay.connections
        return worker.declare(self._broker, jobs, outbox_lanes=lanes, webhook_lanes=WEBHOOK_LANES)

    def _write_batch(self, new: Sequence[NewMail]) -> list[SpooledMail]:
        with self.database.write() as conn:
            spooled = mails.spool_many(conn, new)
        self._ring_mail()
        return spooled

    def _ring_mail(self) -> None:
        if self._works_here or self.config.broker.url:
            self._doorbell.ring_mail(0)

    def _ring_outbox(self, ids: Sequence[int]) -> None:
        if self._works_here or self.config.broker.url:
            self._doorbell.ring_outbox(0)
        else:
            self._caused.extend(ids)

    def _ring_webhooks(self) -> None:
        if self._works_here or self.config.broker.url:
            self._doorbell.ring_webhooks()


def _authenticate(config: Config) -> Callable[[bytes, Envelope, Reading], Reading]:
    """Return the own check of senders where it is switched on; the libraries for it are imported only then."""
    if not config.sender.own_check:
        return lambda _raw, _envelope, reading: reading
    lookup = authenticity.system_lookup(config.sender.dns_seconds / 2)
    relays = tuple(config.smtp.trusted_relays)
    return authenticity.Checker(lookup=lookup, trusted_relays=relays, seconds=config.sender.dns_seconds).check


def reading_rules(config: Config, ours: instance.Instance | None = None) -> ReadingRules:
    """Return what reading needs of this installation.  ours: None without a database (`gateway explain`)."""
    return ReadingRules(
        instance=ours.id if ours else "",
        loop_key=ours.key if ours else b"",
        own_addresses=frozenset({config.gateway.care_address.lower(), *config.accepted}),
        human_senders=frozenset(a.lower() for a in config.sender.human_senders),
        trusted_authserv_ids=frozenset(config.sender.trusted_authserv_ids),
        trusted_relays=tuple(config.smtp.trusted_relays),
    )


class Runs(Protocol):
    """What runs beside others in this process."""

    def start(self) -> None:
        """Begin; return when it works."""
        ...

    def stop(self) -> None:
        """End; return when it has ended."""
        ...


class _OnlyThese:
    """The outbox as seen by a command: only the mails that it wrote itself."""

    keep_rendered = staticmethod(outbox.keep_rendered)
    settle = staticmethod(outbox.settle)
    park = staticmethod(outbox.park)
    still_wanted = staticmethod(outbox.still_wanted)
    withdraw = staticmethod(outbox.withdraw)

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids

    def claim(self, database: db.Database, *, owner: str, limit: int, now: datetime) -> list[OutboxEntry]:
        """Lease those of its mails that are due."""
        return outbox.claim(database, owner=owner, limit=limit, now=now, ids=self._ids)


def _drain_quietly(office: delivery.PostOffice) -> None:
    try:
        delivery.drain(office)
    except Exception as error:
        # The rows stay in the outbox; the command says so.
        maillog.worker_job_failed("deliver", error)
