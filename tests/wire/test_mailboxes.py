"""Mailboxes that are fetched, from a real server: taken once, marked after the commit, seen again after any fault."""

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.inbound import imap_plan, imap_session
from gateway.inbound.imap import Fetcher
from gateway.model import Disposition, Source
from tests.mailboxes import Account, Server, has_pymap, start_pymap
from tests.support import wait_until
from tests.wire.fetching import (
    CUSTOMER,
    fetching,
    letter,
    rows,
    settings,
    status,
    threads,
    wait_for,
    wait_until_empty,
)
from tests.wire.link import Link

HEAVY = 20_000


@pytest.fixture
def link(account: Account) -> Iterator[Link]:
    """Return a link to the server that can be cut."""
    with Link(account.port) as running:
        yield running


def test_a_mail_is_taken_with_every_byte_and_then_marked_as_read(
    account: Account, sqlite_url: str, tmp_path: Path
) -> None:
    """IM-07, PEERS 14: peek, commit, then the flag; what arrives while we wait is seen too."""
    account.put(letter(1))
    with fetching(tmp_path, sqlite_url, settings(account.port, account.user)) as app:
        [first] = wait_for(app, 1)
        assert (first.source, first.mail_from, first.sha256) == (Source.IMAP, CUSTOMER, sha256(letter(1)).hexdigest())
        wait_until(lambda: account.count("INBOX", "SEEN") == 1, what="the mark")
        account.put(letter(2))
        wait_for(app, 2)
        wait_until(lambda: status(app).unfiled == 0 and account.count("INBOX", "SEEN") == 2, what="the second mark")
    assert threads() == []


def test_taken_mails_move_to_the_processed_folder(account: Account, sqlite_url: str, tmp_path: Path) -> None:
    account.make("Done")
    account.put(letter(1), letter(2))
    box = settings(account.port, account.user, processed_folder="Done")
    with fetching(tmp_path, sqlite_url, box) as app:
        wait_until(lambda: account.count("Done") == 2, what="the moved mails")
        assert len(rows(app)) == 2
    assert account.count("INBOX") == 0


def test_without_a_processed_folder_on_the_server_mails_are_taken_once_and_stay(
    account: Account, sqlite_url: str, tmp_path: Path
) -> None:
    """IM-06: what cannot be moved is remembered in the database."""
    account.put(letter(1))
    box = settings(account.port, account.user, processed_folder="Nowhere")
    with fetching(tmp_path, sqlite_url, box) as app:
        wait_for(app, 1)
        wait_until_empty(app)
        assert (len(rows(app)), status(app).unfiled, account.count("INBOX")) == (1, 1, 1)
        account.make("Nowhere")
        wait_until(lambda: account.count("Nowhere") == 1, what="the move that works now")
        assert len(rows(app)) == 1


def test_new_numbers_of_all_mails_mean_a_new_look_without_new_effects(
    account: Account, sqlite_url: str, tmp_path: Path
) -> None:
    """IM-02: UIDVALIDITY changes; old mails are duplicates by their content, a new one with an old number is new."""
    account.make("Support")
    account.put(letter(1), letter(2), folder="Support")
    box = settings(account.port, account.user, folder="Support")
    with fetching(tmp_path, sqlite_url, box) as app:
        wait_for(app, 2)
        wait_until_empty(app)
    account.make_anew("Support")
    account.put(letter(3), letter(1), letter(2), folder="Support")
    with fetching(tmp_path, sqlite_url, box) as app:
        taken = wait_for(app, 5)
        wait_until_empty(app)
        assert len(rows(app)) == 5
    originals = [row for row in taken if row.duplicate_of is None]
    assert {row.sha256 for row in originals} == {sha256(letter(n)).hexdigest() for n in (1, 2, 3)}
    assert [row.disposition for row in taken].count(Disposition.DUPLICATE) == 2


def test_of_a_mail_above_the_limit_only_the_beginning_is_taken(
    account: Account, sqlite_url: str, tmp_path: Path
) -> None:
    """IM-07, CONTRACT 5: looked at by size before anything is fetched; marked as oversized, never linked by itself."""
    account.put(letter(1, "word " * 100_000), letter(2))
    limit = {"max_message_bytes": 300_000}
    with fetching(tmp_path, sqlite_url, settings(account.port, account.user), smtp=limit) as app:
        large, small = sorted(wait_for(app, 2), key=lambda row: -row.size)
    assert (large.oversized, large.size, small.oversized) == (True, imap_plan.OVERSIZED_BYTES, False)


def test_a_connection_cut_inside_a_mail_costs_one_more_try(
    account: Account, link: Link, sqlite_url: str, tmp_path: Path
) -> None:
    """IM-03: nothing is stored by halves, nothing is passed over, nothing comes twice."""
    raws = [letter(number, f"{number} " * 20_000) for number in (1, 2, 3)]
    account.put(*raws)
    link.cut_after(70_000)
    with fetching(tmp_path, sqlite_url, settings(link.port, account.user)) as app:
        taken = wait_for(app, 3)
        wait_until_empty(app)
        assert len(rows(app)) == 3
    assert {row.sha256 for row in taken} == {sha256(raw).hexdigest() for raw in raws}
    assert link.connections > 1


def test_a_link_that_died_without_a_word_is_noticed_and_new_mail_seen(
    account: Account, link: Link, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IM-05, PEERS 21: IDLE on a dead link answers nothing for ever; a slice and a timeout end that."""
    monkeypatch.setattr(imap_session, "READ_SECONDS", 1.0)
    with fetching(tmp_path, sqlite_url, settings(link.port, account.user, poll_seconds=2)) as app:
        wait_until_empty(app)
        link.freeze()
        account.put(letter(1))
        wait_until(lambda: status(app).error, what="the end of our patience")
        assert rows(app) == []
        link.mend()
        wait_for(app, 1)


def test_two_gateways_at_one_mailbox_take_each_mail_once(account: Account, database_url: str, tmp_path: Path) -> None:
    """IM-07, PEERS 25: one leads by a lease; when it stops the other goes on."""
    box = settings(account.port, account.user)
    account.put(*(letter(number) for number in range(10)))
    with fetching(tmp_path, database_url, box) as first, fetching(tmp_path, database_url, box) as second:
        wait_for(first, 10)
        assert len(threads()) == 2
        first.close()
        account.put(*(letter(number) for number in range(10, 15)))
        taken = wait_for(second, 15)
        wait_until_empty(second)
        assert len(rows(second)) == 15
    assert all(row.duplicate_of is None for row in taken)


def test_a_leader_that_was_replaced_writes_nothing_any_more(
    account: Account, database_url: str, tmp_path: Path
) -> None:
    """PEERS 25: a lease that ran out is fenced, so that a poller that was asleep takes nothing twice."""
    from gateway.store import mailboxes as store
    from gateway.store.mailboxes import LeaseLost
    from gateway.store.tables import mailbox

    account.put(letter(1))
    with fetching(tmp_path, database_url, settings(account.port, account.user), roles=()) as app:
        poller = Fetcher(app.services)._pollers[0]
        old = poller._lead()
        assert old is not None
        with app.database.write() as conn:
            conn.execute(mailbox.update().values(lease_until=0))
            assert store.lead(conn, poller.box, owner="another", mark="") is not None
        thread = threading.Thread(target=poller._serve, args=(old,), daemon=True)
        thread.start()
        thread.join(30)
        poller.ask_to_stop()
        assert (thread.is_alive(), rows(app)) == (False, [])
        with app.database.write() as conn, pytest.raises(LeaseLost):
            store.checked(conn, old, now=app.clock.now())


def test_mails_and_checkpoint_are_one_commit(
    account: Account, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IM-01: whatever fails between them undoes both, so that no mail is taken twice or passed over."""
    from gateway.errors import Unavailable
    from gateway.store import mailboxes as store

    def fail(*_given: object, **_named: object) -> None:
        raise Unavailable("The database went away.")

    account.put(letter(1), letter(2))
    with fetching(tmp_path, sqlite_url, settings(account.port, account.user), roles=()) as app:
        poller = Fetcher(app.services)._pollers[0]
        led = poller._lead()
        assert led is not None
        with monkeypatch.context() as patched:
            patched.setattr(store, "taken", fail)
            with pytest.raises(Unavailable):
                poller._serve(led)
        assert rows(app) == []


@pytest.mark.parametrize(
    "many", [300, pytest.param(HEAVY, marks=pytest.mark.long), pytest.param(3000, marks=pytest.mark.long)]
)
def test_a_backlog_is_taken_to_its_end_oldest_first(
    account: Account, sqlite_url: str, tmp_path: Path, many: int
) -> None:
    """PEERS 23: ascending from the checkpoint until nothing is left; another start takes nothing again."""
    with account.signed_in() as client:
        for start in range(0, many, 100):
            client.multiappend("INBOX", [letter(number) for number in range(start, min(start + 100, many))])
    box = settings(account.port, account.user)
    with fetching(tmp_path, sqlite_url, box) as app:
        wait_until(lambda: status(app).checked_at, seconds=60 + many / 20, every=0.1, what="the end of the backlog")
        taken = rows(app)
    # Those of one commit stand in any order; the commits are in the order of arrival.
    numbers = {sha256(letter(number)).hexdigest(): number // imap_plan.GROUP_MAILS for number in range(many)}
    assert [numbers[row.sha256] for row in taken] == sorted(numbers.values())
    with fetching(tmp_path, sqlite_url, box) as app:
        wait_until_empty(app)
        assert len(rows(app)) == many
    assert account.count("INBOX", "UNSEEN") == 0


def test_a_server_of_another_make_is_fetched_as_well(
    imap_server: Server, run_folder: Path, sqlite_url: str, tmp_path: Path
) -> None:
    """pymap has its own idea of many answers; also where a Dovecot is there."""
    if not has_pymap():
        pytest.skip("pymap is not installed")
    other = Account(start_pymap(run_folder, "care"), "care")
    other.put(letter(1))
    with fetching(tmp_path, sqlite_url, settings(other.port, other.user)) as app:
        wait_for(app, 1)
        wait_until(lambda: other.count("INBOX", "SEEN") == 1, what="the mark")


def test_stopping_does_not_wait_for_the_end_of_a_wait(account: Account, sqlite_url: str, tmp_path: Path) -> None:
    """A service that is stopped every night must not hang in IDLE."""
    with fetching(tmp_path, sqlite_url, settings(account.port, account.user, poll_seconds=600)) as app:
        wait_until(lambda: status(app).checked_at, what="a look")
        ended = threading.Event()
        threading.Thread(target=lambda: (app.close(), ended.set()), daemon=True).start()
        assert ended.wait(30)
    assert threads() == []
