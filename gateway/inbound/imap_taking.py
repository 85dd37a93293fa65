"""Take what is new in a mailbox: look, fetch, commit, and only then mark or move.

The law: a mail is committed, with the checkpoint in the same transaction, before anything on the server changes; what
dies in between is taken up by the rows that say so (`unfiled`, `failing`).  A mail that cannot be fetched whole stays
where it is, unmarked, and holds up nobody.  Source: PEERS 14, 23 and 24; HAZARDS IM-01 to IM-07.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway import maillog
from gateway.config import ImapSection
from gateway.desk import intake
from gateway.inbound import content_key, imap_plan
from gateway.inbound.imap_plan import Group, Part
from gateway.inbound.imap_session import Declined, Session, Trouble
from gateway.model import Envelope, FailingMail, NewMail, Source
from gateway.services import Services
from gateway.store import mailboxes, mails
from gateway.store.mailboxes import Lead

# Numbers whose sizes are asked for at once.
LOOK_MAILS = 1000
COMMAND_SECONDS = 120.0
# A slower server than this is not waited for.
BYTES_PER_SECOND = 10_000
# After a connection broke on mails that were fetched together, so many are fetched alone, to see which one breaks it.
ALONE_GROUPS = 50
BREAKS = 3
UNKNOWN_SIZE = "the server does not say how large it is"


@dataclass(slots=True)
class Suspicion:
    """Which mails may break the connection: it is kept from one connection to the next."""

    alone: int = 0
    breaks: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """One look into a mailbox.  allow: says how many seconds the next step may take before a watchdog steps in.

    stopped: says whether to end before all is taken.  silent: new mails whose size the server does not tell, with why;
    the checkpoint passes one only together with its row, so none is ever jumped over.
    """

    services: Services
    settings: ImapSection
    session: Session
    led: Lead
    suspicion: Suspicion
    allow: Callable[[float], None]
    stopped: Callable[[], bool]
    silent: dict[int, str] = field(default_factory=dict)

    def look(self) -> bool:
        """Take everything that is new, oldest first, until nothing is left; False when stopped before.

        Raises Trouble, LeaseLost or Unavailable; what was committed by then is done.
        """
        self.allow(COMMAND_SECONDS)
        opened = self.session.select(self.settings.folder)
        with self.services.database.write() as conn:
            point = mailboxes.begin(conn, self.led, uidvalidity=opened.uidvalidity, uidnext=opened.uidnext)
        if point.started_over:
            maillog.mailbox_renumbered(self.led.box.name, mails=opened.mails)
        files = self._file() if not opened.read_only else False
        last_uid = point.last_uid
        while new := imap_plan.fresh(self._found_after(last_uid), last_uid):
            for start in range(0, len(new), LOOK_MAILS):
                files = self._take(new[start : start + LOOK_MAILS], files=files)
                if self.stopped():
                    return False
            last_uid = new[-1]
        self._try_again(files=files)
        with self.services.database.write() as conn:
            mailboxes.checked(conn, self.led, now=self.services.clock.now())
        self.suspicion.breaks.clear()
        return True

    def _found_after(self, last_uid: int) -> list[int]:
        self.allow(COMMAND_SECONDS)
        return self.session.after(last_uid)

    # --- new mails

    def _take(self, uids: Sequence[int], *, files: bool) -> bool:
        """Take these mails; return whether marking or moving still works."""
        self.allow(COMMAND_SECONDS)
        parts = self.session.sizes(uids)
        self.silent.update({uid: UNKNOWN_SIZE for uid in uids if uid not in parts})
        in_a_row = 0
        for group in self._groups(list(parts.values())):
            if self.stopped():
                return files
            bodies, failing = self._fetch(group)
            in_a_row = 0 if bodies else in_a_row + len(failing)
            self._commit(group, bodies, failing)
            files = files and self._file()
            if in_a_row >= imap_plan.IN_A_ROW:
                raise Trouble(f"The server does not give its mails out ({next(iter(failing.values()))}).")
        if self.silent:
            self._commit(Group(parts=()), {}, dict(self.silent))
        return files

    def _groups(self, parts: Sequence[Part]) -> Sequence[Group]:
        limit_bytes = self.services.config.smtp.max_message_bytes
        groups = list(imap_plan.groups(parts, limit_bytes=limit_bytes))
        if not self.suspicion.alone:
            return groups
        return [Group(parts=(part,)) for group in groups for part in group.parts]

    def _fetch(self, group: Group) -> tuple[dict[int, bytes], dict[int, str]]:
        """Return the bodies that are whole, and why the others are not."""
        bodies, said = self._bodies(group)
        whole = imap_plan.whole(group, bodies)
        missing = [part for part in group.parts if part.uid not in whole]
        return whole, {part.uid: said or imap_plan.why_not(part, bodies.get(part.uid)) for part in missing}

    def _bodies(self, group: Group) -> tuple[dict[int, bytes], str]:
        self.allow(COMMAND_SECONDS + sum(part.size_bytes for part in group.parts) / BYTES_PER_SECOND)
        try:
            found = self.session.bodies(group)
            self.suspicion.alone = max(self.suspicion.alone - 1, 0)
            return found, ""
        except Declined as declined:
            if len(group.parts) == 1:
                return {}, str(declined)
        except Trouble as trouble:
            self._suspect(group, trouble)
            raise
        # The server declined them together: each alone, so that one costs only itself.
        found = {}
        for part in group.parts:
            found |= self._bodies(Group(parts=(part,)))[0]
        return found, ""

    def _suspect(self, group: Group, trouble: Trouble) -> None:
        """Remember on which mail the connection broke; one that does so each time is passed over from then on."""
        self.suspicion.alone = ALONE_GROUPS
        if len(group.parts) == 1:
            [part] = group.parts
            self.suspicion.breaks[part.uid] += 1
            if self.suspicion.breaks[part.uid] >= BREAKS:
                self._commit(group, {}, {part.uid: str(trouble)})

    # --- committing

    def _commit(self, group: Group, bodies: dict[int, bytes], failing: dict[int, str]) -> None:
        """Commit mails, and in the same transaction that they need not be looked at again."""
        now = self.services.clock.now()
        new = [self._new(part, bodies[part.uid], now) for part in group.parts if part.uid in bodies]
        last_uid = max((*group.uids, *failing), default=0)
        for uid in [uid for uid in self.silent if uid <= last_uid]:
            failing[uid] = self.silent.pop(uid)
        try_at = now + imap_plan.RETRY
        with self.services.database.write() as conn:
            spooled = mails.spool_many(conn, new)
            mailboxes.taken(conn, self.led, last_uid=last_uid, done=list(bodies), failing=failing, try_at=try_at)
        if spooled:
            self.services.ring_mail()
            duplicates = sum(one.duplicate_of is not None for one in spooled)
            maillog.mailbox_taken(self.led.box.name, mails=len(spooled), duplicates=duplicates)
        for uid, why in failing.items():
            maillog.mailbox_mail_failed(self.led.box.name, uid=uid, tries=1, why=why)

    def _new(self, part: Part, raw: bytes, now: datetime) -> NewMail:
        envelope = replace(intake.envelope(raw, self.services.config), source=Source.IMAP)
        received_at = imap_plan.received_at(part, now)
        return content_key.new_mail(raw, envelope, received_at=received_at, oversized=part.limit_bytes is not None)

    # --- marking and moving

    def _file(self) -> bool:
        """Mark or move what is committed; False when the server declines that, which costs no mail."""
        with self.services.database.read() as conn:
            uids = mailboxes.unfiled(conn, self.led.box)
        if not uids:
            return True
        self.allow(COMMAND_SECONDS)
        try:
            if self.settings.processed_folder:
                self.session.move(uids, self.settings.processed_folder)
            else:
                self.session.mark(uids)
        except Declined as declined:
            maillog.mailbox_not_filed(self.led.box.name, mails=len(uids), why=str(declined))
            return False
        with self.services.database.write() as conn:
            mailboxes.forget(conn, self.led, uids)
        return True

    # --- mails that could not be fetched

    def _try_again(self, *, files: bool) -> None:
        with self.services.database.read() as conn:
            due = mailboxes.due_again(conn, self.led.box, now=self.services.clock.now())
        if not due:
            return
        self.allow(COMMAND_SECONDS)
        there = self.session.existing([mail.uid for mail in due])
        gone = [mail.uid for mail in due if mail.uid not in there]
        with self.services.database.write() as conn:
            mailboxes.forget(conn, self.led, gone)
        for uid in gone:
            maillog.mailbox_mail_gone(self.led.box.name, uid=uid)
        for mail in due:
            if mail.uid in there and not self.stopped():
                self._once_more(mail)
        if files:
            self._file()

    def _once_more(self, mail: FailingMail) -> None:
        self.allow(COMMAND_SECONDS)
        parts = self.session.sizes([mail.uid])
        bodies: dict[int, bytes] = {}
        why = UNKNOWN_SIZE
        for group in self._groups(list(parts.values())):
            try:
                bodies, failing = self._fetch(group)
            except Trouble as trouble:
                self._count(mail, str(trouble))
                raise
            why = failing.get(mail.uid, "")
            if bodies:
                self._commit(group, bodies, {})
        if not bodies:
            self._count(mail, why)

    def _count(self, mail: FailingMail, why: str) -> None:
        """Count one more failure; when there are too many, a person is given a note in the mail's place."""
        now = self.services.clock.now()
        tries = mail.tries + 1
        give_up = tries >= imap_plan.TRIES and not mail.set_aside
        later = now + imap_plan.retry_after(replace(mail, tries=tries))
        with self.services.database.write() as conn:
            if give_up:
                [note] = mails.spool_many(conn, [self._note(mail.uid, why, now)])
                mails.set_aside(conn, note.id, now=now, error=why)
            aside = mail.set_aside or give_up
            mailboxes.failed_again(conn, self.led, mail, error=why, set_aside=aside, try_at=later)
        maillog.mailbox_mail_failed(self.led.box.name, uid=mail.uid, tries=tries, why=why)

    def _note(self, uid: int, why: str, now: datetime) -> NewMail:
        box = self.led.box
        lines = (
            f"Subject: A mail in the mailbox {box.name} could not be fetched",
            "",
            f"Mailbox {box.name} ({box.account}, folder {box.folder}), mail with the UID {uid}, at {now.isoformat()}:",
            f"{imap_plan.TRIES} times it could not be fetched whole; last: {why}",
            "It is still there and not marked as read.  Please look at it with a mail program.",
            "It is tried again each hour; when that works it arrives as a mail of its own.",
        )
        raw = "\r\n".join((*lines, "")).encode("utf-8", "replace")
        return content_key.new_mail(raw, Envelope(mail_from="", rcpt_tos=(), source=Source.IMAP), received_at=now)
