"""The group commit.  Source: DESIGN 1.1, RFC 5321 4.2.5, SM-18."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from gateway.errors import Unavailable
from gateway.inbound.content_key import new_mail
from gateway.inbound.spool import Spool, is_disk_full
from gateway.model import Envelope, NewMail, Source, SpooledMail
from tests.wire.smtp_peer import HANG_SECONDS, NOW


def _mail(text: str, size_bytes: int = 0) -> NewMail:
    envelope = Envelope(mail_from="", rcpt_tos=("care@example.com",), source=Source.SMTP)
    return new_mail(text.encode() + b"x" * size_bytes, envelope, received_at=NOW)


class Writer:
    """Records batches; refuses those that hold a poisonous mail."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.batches: list[list[bytes]] = []
        self.error = error or ValueError("poison")

    def __call__(self, mails: Sequence[NewMail]) -> list[SpooledMail]:
        self.batches.append([mail.raw for mail in mails])
        if any(mail.raw.startswith(b"poison") for mail in mails):
            raise self.error
        return [SpooledMail(id=len(self.batches) * 100 + n) for n, _ in enumerate(mails)]


def _write(writer: Writer, mails: list[NewMail], **settings: float) -> list["Future[SpooledMail]"]:
    spool = Spool(writer, **settings)  # type: ignore[arg-type]
    futures = [spool.put(mail) for mail in mails]
    spool.start()
    spool.stop()
    return futures


def test_mails_that_wait_together_are_one_batch_in_their_order() -> None:
    writer = Writer()
    futures = _write(writer, [_mail("a"), _mail("b"), _mail("c")])
    assert writer.batches == [[b"a", b"b", b"c"]]
    assert [future.result(0).id for future in futures] == [100, 101, 102]


def test_a_batch_is_bounded_by_count_and_by_bytes() -> None:
    writer = Writer()
    _write(writer, [_mail("a")] * 5, max_batch_mails=2)
    assert [len(batch) for batch in writer.batches] == [2, 2, 1]
    writer = Writer()
    _write(writer, [_mail("a", 1000)] * 5, max_batch_bytes=1500)
    assert [len(batch) for batch in writer.batches] == [2, 2, 1]


def test_a_poisonous_mail_fails_alone() -> None:
    writer = Writer()
    futures = _write(writer, [_mail("a"), _mail("poison"), _mail("c")])
    assert writer.batches == [[b"a", b"poison", b"c"], [b"a"], [b"poison"], [b"c"]]
    assert [isinstance(future.exception(0), ValueError) for future in futures] == [False, True, False]


def test_a_database_that_is_away_is_not_asked_once_for_each_mail() -> None:
    writer = Writer(Unavailable("down"))
    futures = _write(writer, [_mail("poison"), _mail("b"), _mail("c")])
    assert len(writer.batches) == 1
    assert all(isinstance(future.exception(0), Unavailable) for future in futures)
    writer = Writer()
    _write(writer, [_mail("poison"), _mail("b"), _mail("c")], alone_seconds=-1)
    assert len(writer.batches) == 1


def test_a_cancelled_mail_is_not_written_and_one_being_written_cannot_be_cancelled() -> None:
    began, go = threading.Event(), threading.Event()
    written: list[bytes] = []

    def write(mails: Sequence[NewMail]) -> list[SpooledMail]:
        began.set()
        assert go.wait(HANG_SECONDS)
        written.extend(mail.raw for mail in mails)
        return [SpooledMail(id=1) for _ in mails]

    spool = Spool(write)
    spool.start()
    first = spool.put(_mail("first"))
    assert began.wait(HANG_SECONDS)
    second = spool.put(_mail("second"))
    assert not first.cancel()
    assert second.cancel()
    go.set()
    spool.stop()
    assert written == [b"first"]
    assert first.result(0).id == 1


def test_a_stopped_spool_writes_what_waited_and_refuses_what_comes() -> None:
    writer = Writer()
    spool = Spool(writer)
    waiting = spool.put(_mail("a"))
    spool.start()
    spool.stop()
    spool.stop()
    assert waiting.result(0).id == 100
    assert isinstance(spool.put(_mail("b")).exception(0), Unavailable)


@pytest.mark.parametrize("broken", [lambda mails: [], lambda mails: (_ for _ in ()).throw(SystemExit())])
def test_nothing_that_a_writer_does_leaves_a_sender_waiting(broken: Writer) -> None:
    (future,) = _write(broken, [_mail("a")])
    assert future.exception(0) is not None


def test_an_ordinary_error_is_no_full_disk() -> None:
    assert not is_disk_full(None)
    assert not is_disk_full(Unavailable("database is locked"))
