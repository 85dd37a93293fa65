"""The fixture mails through the whole gateway, on both databases: the folder is the assertion.

One run for each database: first all mails that must change no status, then those that answer a question.  Between
the two nothing may have moved, so a mail that flips a case by mistake cannot hide behind one that does so rightly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import FixedClock
from gateway.desk import mails
from gateway.inbound.parse_pool import ParsePool
from gateway.model import Disposition, Feed, MailKind, Status
from gateway.model.views import MailDetailView, QueueItemView, UpdateView
from gateway.reasons import Reason
from tests import conftest
from tests.fixtures import world
from tests.story import seeding
from tests.story.stage import Stage, build

MAILS = world.fixtures()
ANSWERS = ("linked", "duplicate", "hostile/linked")
CASES = {case.number: case for case in world.CASES if not case.purged}
OWN_CASE = {reference.id: case.number for case in world.CASES for reference in case.references}
every_mail = pytest.mark.parametrize("path", MAILS, ids=map(world.name_of, MAILS))
State = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Outcome:
    """What became of the fixtures.  before, between, after: (status, substatus) of each case.

    items: queue items by their mail.  feeds: updates of each case and feed by their mail.
    """

    stage: Stage
    mails: dict[Path, MailDetailView]
    items: dict[str, QueueItemView]
    feeds: dict[tuple[str, Feed], dict[str, UpdateView]]
    before: State
    between: State
    after: State


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, reader: ParsePool
) -> Iterator[Outcome]:
    """Run all fixtures through the gateway, once for each database."""
    folder = tmp_path_factory.mktemp("fixtures")
    with conftest.own_database(request, request.param, folder) as url:
        clock = FixedClock(world.RECEIVED_AT)
        app = build(url, folder, reader, clock, sender={"trusted_authserv_ids": [world.TRUSTED_AUTHSERV_ID]})
        with app:
            yield _run(Stage(app, clock))


def _run(stage: Stage) -> Outcome:
    seeding.seed(stage.services.database)
    before = _states(stage)
    ids = _take([path for path in MAILS if _folder(path) not in ANSWERS], stage)
    between = _states(stage)
    ids |= _take([path for path in MAILS if _folder(path) == "linked"], stage)
    ids |= _take([path for path in MAILS if _folder(path) in ("hostile/linked", "duplicate")], stage)
    return Outcome(
        stage=stage,
        mails={path: mails.show(stage.services, str(mail_id)) for path, mail_id in ids.items()},
        items={item.mail_id: item for item in stage.items("all")},
        feeds={(number, feed): _by_mail(stage.feed(number, feed)) for number in CASES for feed in Feed},
        before=before,
        between=between,
        after=_states(stage),
    )


def _by_mail(feed: list[UpdateView]) -> dict[str, UpdateView]:
    return {update.mail_id: update for update in feed if update.mail_id}


def _take(paths: list[Path], stage: Stage) -> dict[Path, int]:
    ids = {}
    for path in paths:
        raw = path.read_bytes()
        ids[path] = stage.app.ingest(raw, world.envelope_of(raw)).id
    stage.app.process_mail()
    return ids


def _states(stage: Stage) -> State:
    return {number: stage.state(number) for number in CASES}


def _folder(path: Path) -> str:
    return path.parent.relative_to(world.EMAILS).as_posix()


@every_mail
def test_a_fixture_ends_as_its_folder_says(outcome: Outcome, path: Path) -> None:
    """PROCESS 3.1-3.8, CONTRACT 5-6; ID-01 to ID-08, LP-03 to LP-06, LP-11 each by the mails of their folder."""
    mail, verdict = outcome.mails[path], world.verdict_of(path)
    if _folder(path) == "duplicate":
        original = outcome.mails[world.EMAILS / "linked" / path.name]
        assert (mail.disposition, mail.reason, mail.duplicate_of) == ("duplicate", "duplicate", original.id)
        assert mail.case is None
        return
    assert mail.disposition == verdict.disposition, mail.trace
    if verdict.kind is not None:
        assert mail.kind == verdict.kind, mail.kind_reason
    if verdict.reason is not None:
        assert mail.reason == verdict.reason, (mail.flags, mail.trace)
    else:
        assert mail.reason == (_reason_without_a_word_of_its_own(path)), mail.trace


def _reason_without_a_word_of_its_own(path: Path) -> Reason:
    """Return the reason where the folder names none: the kind, but `no-reference` for a person's mail that queues."""
    if _folder(path) == "needs_a_look/no-reference":
        return Reason.NO_REFERENCE
    kind = world.verdict_of(path).kind
    assert kind is not None
    return Reason(kind.value)


@every_mail
def test_a_linked_fixture_stands_in_the_feed_of_its_case_and_an_unlinked_one_in_none(
    outcome: Outcome, path: Path
) -> None:
    mail = outcome.mails[path]
    if mail.disposition == Disposition.LINKED:
        feed = Feed.ESCALATION if _folder(path) == "no_flip/escalation-feed" else Feed.CASE
        assert outcome.feeds[str(mail.case), feed][mail.id].flags == mail.flags
    elif mail.disposition in (Disposition.QUEUED, Disposition.DUPLICATE):
        assert mail.case is None


@every_mail
def test_a_fixture_is_in_the_admin_queue_exactly_when_it_is_queued(outcome: Outcome, path: Path) -> None:
    mail = outcome.mails[path]
    item = outcome.items.get(mail.id)
    assert (item is not None) == (mail.disposition == Disposition.QUEUED)
    assert item is None or (item.state, item.reason) == ("open", mail.reason)


def test_no_status_moved_before_the_first_answer(outcome: Outcome) -> None:
    """ID-03, LP-03, LP-05, LP-07: strangers, machines, bounces, late and ambiguous senders flip nothing."""
    assert outcome.between == outcome.before


def test_answers_open_exactly_the_cases_that_waited(outcome: Outcome) -> None:
    """PROCESS 3.3, 3.5, 3.6."""
    answered = {mail.case for path, mail in outcome.mails.items() if _folder(path) in ANSWERS and mail.case}
    assert len(answered) >= 12
    for number, case in CASES.items():
        waits = case.status in (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED)
        flipped = waits and number in answered and number != world.LATER_CASE.number
        expected = ("open", "customer-responded") if flipped else (case.status, case.substatus)
        assert outcome.after[number] == expected, number
        running = outcome.stage.case(number).follow_up
        assert (running is None) == (flipped or case.asked_at is None)


TO_OUR_SIDE = ("reply-received", "escalation-reply", "needs-a-look")


def test_only_known_people_with_a_late_reply_were_written_to(outcome: Outcome) -> None:
    """PROCESS 3.6, LP-09: one case-closed-notice a day for each; nobody else outside hears anything."""
    written = outcome.stage.notices()
    outside = sorted(to for notice, to in written if notice not in TO_OUR_SIDE)
    assert outside == [world.DANA.email, world.SAM.email]
    assert len(outcome.stage.outbox("needs-a-look")) == 1


def test_a_marked_human_answer_is_shown_to_a_person(outcome: Outcome) -> None:
    """LP-04."""
    for path, mail in outcome.mails.items():
        assert (Reason.NEEDS_A_LOOK in mail.flags) == _folder(path).startswith("needs_a_look/"), path
        assert mail.kind != MailKind.PERSON or Reason.AUTO_REPLY not in mail.flags


def test_a_queued_fixture_that_names_a_case_has_it_as_its_first_hint(outcome: Outcome) -> None:
    """PROCESS 3.2, 3.6, ID-01."""
    hinted = {"case-closed": world.CLOSED_CASE, "reference-revoked": world.WAITING_CASE}
    for path, mail in outcome.mails.items():
        case = hinted.get(path.parent.name)
        if case is not None and mail.disposition == Disposition.QUEUED:
            assert outcome.items[mail.id].hints[0].case == case.number, path


def test_no_reference_id_is_shown_where_it_is_not_mailed(outcome: Outcome) -> None:
    """ID-12: neither queue, nor feeds, nor traces show one."""
    shown = [
        str(list(outcome.items.values())),
        str(outcome.feeds),
        *(str(mail.trace) for mail in outcome.mails.values()),
    ]
    for reference in OWN_CASE:
        assert not [text for text in shown if reference in text]


def test_the_ledger_balances_over_all_fixtures(outcome: Outcome) -> None:
    """CONTRACT 5."""
    ledger = mails.ledger(outcome.stage.services)
    assert ledger.balanced
    assert (ledger.accepted, ledger.in_progress, ledger.quarantined) == (len(MAILS), 0, 0)
