"""When a mailbox is stale, and who is told of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.config import ImapSection
from gateway.model import Mailbox, MailboxStatus, Notify, Policy, Publish
from gateway.rules import mailboxes

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
BOX = Mailbox(name="support", account="care@imap.example.com", folder="INBOX", stale_after=timedelta(minutes=15))
POLICY = Policy(profiles={}, default_profile="", admin_address="admin@example.com")
LONG_AGO = NOW - timedelta(days=1)


def seen(minutes: float | None, **changes: object) -> MailboxStatus:
    """Return a mailbox that was looked into so many minutes ago."""
    at = None if minutes is None else NOW - timedelta(minutes=minutes)
    return replace(MailboxStatus(mailbox=BOX, checked_at=at, watched_since=LONG_AGO), **changes)


def alarm(status: MailboxStatus, *, running_since: datetime = LONG_AGO, policy: Policy = POLICY) -> object:
    return mailboxes.on_silence(status, running_since=running_since, policy=policy, now=NOW)


def test_the_same_mailbox_by_another_port_is_the_same_mailbox() -> None:
    one = ImapSection(host="IMAP.example.com", user="Care@example.com")
    other = ImapSection(host="imap.example.com", user="care@example.com", port=143)
    assert mailboxes.mailbox("support", one) == mailboxes.mailbox("support", other)


@pytest.mark.parametrize(("minutes", "is_stale"), [(1, False), (15, False), (15.1, True), (None, True)])
def test_a_mailbox_is_stale_when_nobody_looked_for_too_long_or_ever(minutes: float | None, is_stale: bool) -> None:
    """PROCESS 4.7: where nobody ever looked, answers may lie as well."""
    assert mailboxes.is_stale(seen(minutes), NOW) is is_stale


def test_an_alarm_tells_the_admin_team_and_other_systems_why() -> None:
    decision = mailboxes.on_silence(seen(16, error="No answer."), running_since=LONG_AGO, policy=POLICY, now=NOW)
    assert decision is not None
    event, notice = decision.effects
    assert isinstance(event, Publish)
    assert (event.type, event.data["recovered"]) == ("mailbox.stale", False)
    assert isinstance(notice, Notify)
    assert (notice.to, notice.context["error"]) == ("admin@example.com", "No answer.")


@pytest.mark.parametrize("status", [seen(14), seen(16, alarm_since=LONG_AGO), seen(None, watched_since=None)])
def test_there_is_no_alarm_too_early_twice_or_before_anybody_runs(status: MailboxStatus) -> None:
    assert alarm(status) is None


def test_a_scheduler_that_just_started_waits_for_the_first_look() -> None:
    assert alarm(seen(60 * 24 * 7), running_since=NOW - timedelta(minutes=1)) is None
    assert alarm(seen(60 * 24 * 7), running_since=NOW - timedelta(minutes=3)) is not None


def test_a_mailbox_that_was_never_looked_into_raises_the_alarm_too() -> None:
    assert alarm(seen(None)) is not None


def test_recovery_is_told_once_and_not_before_there_was_a_look() -> None:
    assert mailboxes.on_recovery(seen(1), policy=POLICY) is None
    assert mailboxes.on_recovery(seen(60, alarm_since=NOW - timedelta(minutes=60)), policy=POLICY) is None
    assert mailboxes.on_recovery(seen(1, alarm_since=NOW - timedelta(minutes=60)), policy=POLICY) is not None


def test_alarm_and_recovery_have_keys_of_their_own_for_each_silence() -> None:
    first = mailboxes.on_silence(seen(16), running_since=LONG_AGO, policy=POLICY, now=NOW)
    later = mailboxes.on_silence(seen(17), running_since=LONG_AGO, policy=POLICY, now=NOW)
    over = mailboxes.on_recovery(seen(1, alarm_since=NOW - timedelta(minutes=16)), policy=POLICY)
    keys = [e.key for d in (first, later, over) if d for e in d.effects if isinstance(e, Notify)]
    assert len(set(keys)) == 3


def test_nobody_is_mailed_where_there_is_no_admin_team_or_it_is_ourselves() -> None:
    """A mail to our own address would come back through the mailbox that is stale."""
    for policy in (replace(POLICY, admin_address=""), replace(POLICY, own_addresses=frozenset({"admin@example.com"}))):
        decision = mailboxes.on_silence(seen(16), running_since=LONG_AGO, policy=policy, now=NOW)
        assert decision is not None
        assert [type(effect) for effect in decision.effects] == [Publish]
