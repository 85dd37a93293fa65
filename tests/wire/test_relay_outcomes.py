"""Each way in which a relay can fail, over real sockets, and the one outcome it means.  Source: OB-08, RFC 5321."""

import socket
import threading
import time
from pathlib import Path

import pytest

from gateway.config import RelaySection
from gateway.model import Accepted, Deferred, Rejected, RelayOutcome, Unknown
from gateway.outbound.dialogue import Patience
from gateway.outbound.relay import SmtpRelay
from tests.relays import Action, Line, ScriptedRelay, certificate

RAW = b"Subject: hello\r\n\r\nOne line.\r\n"
IMPATIENT = Patience(connect=5, command=1, dot=4, pause=0)


def relay_to(peer: ScriptedRelay, patience: Patience = IMPATIENT, **settings: object) -> SmtpRelay:
    section = RelaySection.model_validate({"host": "127.0.0.1", "port": peer.port, **settings})
    return SmtpRelay(section, hello_name="gateway.example.test", patience=patience)


def offer(relay: SmtpRelay, raw: bytes = RAW) -> RelayOutcome:
    return relay.send(1, "bounce+k1@example.com", "maria@example.org", raw)


def outcome_of(answers: dict[str, bytes | Action], raw: bytes = RAW) -> RelayOutcome:
    with ScriptedRelay(answers=dict(answers)).running() as peer:
        relay = relay_to(peer)
        try:
            return offer(relay, raw)
        finally:
            relay.close()


def drip(line: Line) -> None:
    # Faster than any timeout of one read, so only a deadline for the whole reply ends it.
    for _ in range(40):
        line.say(b"2")
        time.sleep(0.1)


def pour(line: Line) -> None:
    for _ in range(1000):
        line.say(b"220-" + b"x" * 1_000_000)


def pour_lines(line: Line) -> None:
    for _ in range(100_000):
        line.say(b"220-more\r\n" * 1000)


def early_reset(line: Line) -> None:
    line.say(b"354 go on\r\n")
    line.socket.recv(1000)
    line.reset()


def stall(line: Line) -> None:
    time.sleep(5)
    line.hang_up()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"450 4.2.0 later\r\n", Deferred),
        (b"421 4.3.2 closing\r\n", Deferred),
        (b"452-4.3.1 full\r\n452 4.3.1 come back\r\n", Deferred),
        (b"550 5.1.1 never\r\n", Rejected),
        (b"554-5.7.1 no\r\n554 5.7.1 never\r\n", Rejected),
        (b"530 5.7.0 sign in first\r\n", Deferred),
    ],
)
def test_a_refusal_defers_or_rejects_by_its_first_digit(step: str, reply: bytes, kind: type[RelayOutcome]) -> None:
    """OB-08: 4xx and 421 come back later, 5xx is for good, and the relay's own words are kept."""
    outcome = outcome_of({step: reply})
    assert isinstance(outcome, kind)
    assert outcome.reply.startswith(reply[:3].decode())
    assert outcome.reply.endswith(reply.split(b" ", 2)[-1].decode().strip())


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({"banner": b"421 4.3.2 busy\r\n"}, "421"),
        ({"banner": b"554 5.7.1 you again\r\n"}, "554"),
        ({"banner": b"HTTP/1.1 400 Bad Request\r\n"}, "unreadable"),
        ({"banner": Line.hang_up}, "closed"),
        ({"banner": Line.reset}, "reset by peer"),
        ({"banner": stall}, "in time"),
        ({"banner": drip}, "in time"),
        ({"banner": pour}, "too long"),
        ({"banner": pour_lines}, "too long"),
        ({"EHLO": b"550 5.7.1 unknown client\r\n"}, "550"),
        ({"EHLO": b"250-a\r\n\x00\xff garbage\r\n"}, "unreadable"),
        ({"MAIL": stall}, "in time"),
        ({"RCPT": Line.reset}, "before the final dot"),
        ({"DATA": Line.hang_up}, "before the final dot"),
        ({"DATA": b"250 what?\r\n"}, "250"),
        ({"MAIL": b"nonsense\r\n"}, "unreadable"),
        ({"MAIL": b"354 go on\r\n"}, "354"),
    ],
)
def test_trouble_before_the_final_dot_is_deferred(answers: dict[str, bytes | Action], word: str) -> None:
    """OB-08: refusals of the connection as a whole are our settings or their trouble, never this mail's fault."""
    began = time.monotonic()
    outcome = outcome_of(answers)
    assert isinstance(outcome, Deferred)
    assert word in outcome.reply
    assert len(outcome.reply) <= 500
    assert time.monotonic() - began < 30


def test_a_reset_in_the_middle_of_the_data_is_deferred() -> None:
    """OB-08: larger than what the sockets can hold, so the dot was never handed over."""
    assert isinstance(outcome_of({"DATA": early_reset}, raw=RAW + b"x" * 70 + b"\r\n" * 8_000_000), Deferred)


@pytest.mark.parametrize("after", [Line.hang_up, Line.reset, stall, b"what?\r\n", b"354 more\r\n"])
def test_a_lost_answer_to_the_dot_is_unknown(after: bytes | Action) -> None:
    """OB-08: the relay may have it; the same bytes go out later."""
    assert isinstance(outcome_of({".": after}), Unknown)


def test_a_slow_answer_to_the_dot_is_waited_for() -> None:
    """OB-08: longer than any other command may take; giving up early would make duplicates (RFC 5321 4.5.3.2.6)."""

    def slow(line: Line) -> None:
        time.sleep(1.5)
        line.say(b"250 2.0.0 at last\r\n")

    assert outcome_of({".": slow}) == Accepted(reply="250 2.0.0 at last")


def test_the_waits_are_those_of_the_standard() -> None:
    assert (Patience().connect, Patience().command, Patience().dot) == (30, 300, 600)


def test_accepted_and_then_reset_is_accepted() -> None:
    """OB-08."""

    def take_and_go(line: Line) -> None:
        line.say(b"250 2.0.0 taken\r\n")
        time.sleep(0.05)
        line.reset()

    assert outcome_of({".": take_and_go}) == Accepted(reply="250 2.0.0 taken")


def test_nobody_listening_is_deferred() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    relay = SmtpRelay(RelaySection(host="127.0.0.1", port=port), hello_name="g.example.test", patience=IMPATIENT)
    outcome = offer(relay)
    assert isinstance(outcome, Deferred)
    assert "refused" in outcome.reply


def test_the_wire_holds_one_recipient_crlf_only_and_doubled_dots() -> None:
    """OB-05 and HAZARDS fact 11, at the sink, byte by byte."""
    with ScriptedRelay().running() as peer:
        outcome = offer(relay_to(peer), b"Subject: x\r\n\r\n.\r\n..\r\nbare\nlf\rcr\r.\r\n\n.\nend")
    assert outcome == Accepted(reply="250 2.0.0 taken as 4711")
    assert peer.mails == [b"Subject: x\r\n\r\n..\r\n...\r\nbare\r\nlf\r\ncr\r\n..\r\n\r\n..\r\nend\r\n.\r\n"]
    assert peer.seen[:4] == [
        "ehlo gateway.example.test",
        "MAIL FROM:<bounce+k1@example.com>",
        "RCPT TO:<maria@example.org>",
        "DATA",
    ]


def test_a_session_is_kept_for_the_next_mails_and_closed_after_its_share() -> None:
    with ScriptedRelay().running() as peer:
        relay = relay_to(peer, Patience(command=2, mails=3, pause=0))
        outcomes = [offer(relay) for _ in range(7)]
        relay.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert (peer.connections, len(peer.mails)) == (3, 7)


@pytest.mark.parametrize("gone", [b"421 4.4.2 idle too long\r\n", Line.hang_up, Line.reset])
def test_a_kept_session_that_went_stale_is_replaced_once_and_the_mail_leaves(gone: bytes | Action) -> None:
    """The relay closed it while it was idle; that is no attempt of this mail."""
    with ScriptedRelay(answers={"MAIL": [None, gone]}).running() as peer:
        relay = relay_to(peer)
        assert isinstance(offer(relay), Accepted)
        assert isinstance(offer(relay), Accepted)
        relay.close()
    assert (peer.connections, len(peer.mails)) == (2, 2)


def test_a_session_that_was_idle_for_long_is_asked_before_it_is_used() -> None:
    with ScriptedRelay(answers={"RSET": stall}).running() as peer:
        relay = relay_to(peer, Patience(connect=2, command=0.3, probe=0, pause=0))
        assert isinstance(offer(relay), Accepted)
        time.sleep(0.01)
        assert isinstance(offer(relay), Accepted)
        relay.close()
    assert (peer.connections, peer.seen.count("RSET")) == (2, 1)


def test_a_rejected_mail_leaves_the_session_usable_for_the_next() -> None:
    """OB-09: one bad recipient costs the others nothing but a RSET."""
    with ScriptedRelay(answers={"RCPT": [b"550 5.1.1 unknown\r\n"]}).running() as peer:
        relay = relay_to(peer)
        assert isinstance(offer(relay), Rejected)
        assert isinstance(offer(relay), Accepted)
        relay.close()
    assert peer.connections == 1
    assert peer.seen.count("RSET") == 1


def test_no_more_connections_than_allowed_at_once() -> None:
    """OB-10."""
    with ScriptedRelay().running() as peer:
        relay = relay_to(peer, Patience(command=5, pause=0), connections=2)
        threads = [threading.Thread(target=offer, args=(relay,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        relay.close()
    assert len(peer.mails) == 12
    assert peer.connections <= 2


def test_a_relay_that_is_down_is_not_asked_again_for_each_waiting_mail() -> None:
    """OB-10."""
    with ScriptedRelay(answers={"banner": b"421 busy\r\n"}).running() as peer:
        relay = relay_to(peer, Patience(command=1, pause=30))
        assert all(isinstance(offer(relay), Deferred) for _ in range(50))
        assert peer.connections == 1


def test_starttls_with_a_trusted_certificate_carries_the_mail(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "IP:127.0.0.1")
    peer = ScriptedRelay(tls=server, extensions=(b"STARTTLS",))
    with peer.running():
        section = RelaySection(host="127.0.0.1", port=peer.port, tls="starttls")
        assert isinstance(offer(SmtpRelay(section, hello_name="g.example.test", tls=client)), Accepted)
    assert peer.seen[:3] == ["ehlo g.example.test", "STARTTLS", "ehlo g.example.test"]


def test_implicit_tls_with_a_trusted_certificate_carries_the_mail_and_signs_in(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "IP:127.0.0.1")
    peer = ScriptedRelay(tls=server, implicit=True, extensions=(b"AUTH PLAIN",), answers={"AUTH": b"235 welcome\r\n"})
    with peer.running():
        values = {"host": "127.0.0.1", "port": peer.port, "tls": "implicit", "user": "u", "password": "secret"}
        relay = SmtpRelay(RelaySection.model_validate(values), hello_name="g.example.test", tls=client)
        assert isinstance(offer(relay), Accepted)
    assert any(command.startswith("AUTH PLAIN") for command in peer.seen)


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.parametrize("names", ["DNS:somebody-else.example", "IP:127.0.0.1"])
def test_a_wrong_or_untrusted_certificate_gets_no_mail(tmp_path: Path, mode: str, names: str) -> None:
    """OB-08: a certificate for another name, and one for the right name that nobody vouches for."""
    server, client = certificate(tmp_path, names)
    peer = ScriptedRelay(tls=server, implicit=mode == "implicit", extensions=(b"STARTTLS",))
    with peer.running():
        section = RelaySection.model_validate({"host": "127.0.0.1", "port": peer.port, "tls": mode})
        trust = client if names.startswith("DNS") else None
        outcome = offer(SmtpRelay(section, hello_name="g.example.test", patience=IMPATIENT, tls=trust))
    assert isinstance(outcome, Deferred)
    assert "certificate" in outcome.reply.lower()
    assert not any(command.startswith("MAIL") for command in peer.seen)


@pytest.mark.parametrize(
    ("settings", "peer"),
    [
        ({"tls": "starttls"}, ScriptedRelay()),
        ({"tls": "starttls"}, ScriptedRelay(extensions=(b"STARTTLS",), answers={"STARTTLS": b"454 not now\r\n"})),
        ({"tls": "implicit"}, ScriptedRelay()),
        ({"user": "u", "password": "p"}, ScriptedRelay()),
        ({"user": "u", "password": "p"}, ScriptedRelay(extensions=(b"AUTH PLAIN",), answers={"AUTH": b"535 no\r\n"})),
    ],
)
def test_without_the_tls_or_sign_in_that_is_set_no_mail_leaves(settings: dict[str, str], peer: ScriptedRelay) -> None:
    """OB-08: STARTTLS stripped or refused, plain text where TLS is set, AUTH missing or refused: later, never plain."""
    with peer.running():
        assert isinstance(offer(relay_to(peer, **settings)), Deferred)
    assert not any(command.startswith("MAIL") for command in peer.seen)


def test_plain_text_ahead_of_the_handshake_ends_the_session(tmp_path: Path) -> None:
    """RFC 3207 section 4.2."""
    server, client = certificate(tmp_path, "IP:127.0.0.1")
    early = b"220 go on\r\n250 AUTH PLAIN\r\n"
    peer = ScriptedRelay(tls=server, extensions=(b"STARTTLS",), answers={"STARTTLS": early})
    with peer.running():
        section = RelaySection(host="127.0.0.1", port=peer.port, tls="starttls")
        outcome = offer(SmtpRelay(section, hello_name="g.example.test", patience=IMPATIENT, tls=client))
    assert isinstance(outcome, Deferred)
    assert "ahead of the TLS" in outcome.reply
