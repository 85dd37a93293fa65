"""ID-04, ID-05: our own check of senders, against a DNS of the test's own; and what is signed by us."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dkim
import pytest

from gateway.errors import ConfigError
from gateway.inbound import authenticity, reading
from gateway.model import Envelope, Reading, ReadingRules, Source, Verdict
from gateway.outbound import signing

RELAY = "10.0.0.5"
CLIENT = "192.0.2.10"
FROM = "dana@my-company.co.uk"
BODY = "It is version 4.2."


@cache
def pem() -> tuple[bytes, str]:
    """Return a private key and the DNS record of its public half."""
    private = subprocess.run(["openssl", "genrsa", "1024"], capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private, capture_output=True, check=True).stdout
    return private, "v=DKIM1; k=rsa; p=" + "".join(public.decode().splitlines()[1:-1])


def plain(sender: str = FROM, body: str = BODY) -> bytes:
    head = f"From: {sender}\r\nTo: care@example.com\r\nSubject: Re: x\r\nMessage-ID: <1@x.example>\r\n"
    return f"{head}\r\n{body}\r\n".encode()


def signed(domain: str, raw: bytes | None = None, **how: bool) -> bytes:
    raw = raw or plain()
    return bytes(dkim.sign(raw, b"s", domain.encode(), pem()[0], **how)) + raw


def dns(**extra: str) -> dict[tuple[str, str], Sequence[str]]:
    """Return a zone: SPF allows CLIENT, DMARC rejects, one key; extra: changed records, by their names."""
    zone: dict[tuple[str, str], Sequence[str]] = {
        ("my-company.co.uk", "TXT"): [f"v=spf1 ip4:{CLIENT} -all"],
        ("mail.my-company.co.uk", "TXT"): ["v=spf1 mx -all"],
        ("mail.my-company.co.uk", "MX"): ["10 mx.my-company.co.uk."],
        ("mx.my-company.co.uk", "A"): [CLIENT],
        ("evil.example", "TXT"): [f"v=spf1 ip4:{CLIENT} ip4:192.0.2.66 -all"],
        ("_dmarc.my-company.co.uk", "TXT"): ["v=DMARC1; p=reject"],
        ("s._domainkey.my-company.co.uk", "TXT"): [pem()[1]],
        ("s._domainkey.evil.example", "TXT"): [pem()[1]],
    }
    for name, text in extra.items():
        zone[(DNS_NAMES[name], "TXT")] = [text] if text else []
    return zone


DNS_NAMES = {"spf": "my-company.co.uk", "dmarc": "_dmarc.my-company.co.uk", "key": "s._domainkey.my-company.co.uk"}


def check(
    raw: bytes,
    *,
    peer: str = CLIENT,
    mail_from: str = FROM,
    source: Source = Source.SMTP,
    zone: Mapping[tuple[str, str], Sequence[str]] | None = None,
    down: bool = False,
) -> Reading:
    records = dns() if zone is None else zone

    def lookup(name: str, qtype: str) -> Sequence[str]:
        if down:
            raise authenticity.DnsTrouble
        return records.get((name, qtype), [])

    envelope = Envelope(mail_from=mail_from, rcpt_tos=("care@example.com",), source=source, peer=peer)
    checker = authenticity.Checker(lookup=lookup, trusted_relays=("10.0.0.0/8",))
    return checker.check(raw, envelope, reading.read(raw, envelope, ReadingRules()))


def verdict(raw: bytes, **how: Any) -> Verdict:
    return check(raw, **how).mail.sender.authentication


def verified(raw: bytes, key: Any) -> bool:
    return bool(dkim.verify(raw, dnsfunc=key))  # type: ignore[no-untyped-call]


CASES: dict[str, tuple[bytes, dict[str, Any], Verdict]] = {
    "SPF of the From domain": (plain(), {}, Verdict.PASS),
    "SPF of a subdomain, relaxed": (plain(), {"mail_from": "b@mail.my-company.co.uk"}, Verdict.PASS),
    "SPF of a subdomain, strict": (
        plain(),
        {"mail_from": "b@mail.my-company.co.uk", "zone": dns(dmarc="v=DMARC1; p=none; aspf=s")},
        Verdict.FAIL,
    ),
    "another client": (plain(), {"peer": "192.0.2.66"}, Verdict.FAIL),
    "SPF of a foreign domain": (plain(), {"mail_from": "x@evil.example", "peer": "192.0.2.66"}, Verdict.FAIL),
    "a signature makes good for SPF": (signed("my-company.co.uk"), {"peer": "192.0.2.66"}, Verdict.PASS),
    "a signature behind a relay": (signed("my-company.co.uk"), {"peer": RELAY}, Verdict.PASS),
    "a signature by ingest": (signed("my-company.co.uk"), {"peer": "", "source": Source.INGEST}, Verdict.PASS),
    "nothing behind a relay": (plain(), {"peer": RELAY}, Verdict.NONE),
    "a foreign signature": (signed("evil.example"), {"peer": "192.0.2.66"}, Verdict.FAIL),
    "a changed body": (signed("my-company.co.uk") + b"P.S. pay me\r\n", {"peer": "192.0.2.66"}, Verdict.FAIL),
    "text after a length": (
        signed("my-company.co.uk", length=True) + b"P.S. pay me\r\n",
        {"peer": "192.0.2.66"},
        Verdict.FAIL,
    ),
    "no key": (signed("my-company.co.uk"), {"peer": "192.0.2.66", "zone": dns(key="")}, Verdict.FAIL),
    "no policy, another client": (plain(), {"peer": "192.0.2.66", "zone": dns(dmarc="")}, Verdict.FAIL),
    "no policy, a soft SPF": (
        plain(),
        {"peer": "192.0.2.66", "zone": dns(dmarc="", spf="v=spf1 ~all")},
        Verdict.NONE,
    ),
    "no policy, good SPF": (plain(), {"zone": dns(dmarc="")}, Verdict.PASS),
    "a domain without anything": (plain("a@nothing.example"), {"mail_from": "a@nothing.example"}, Verdict.NONE),
    "the DNS is down": (signed("my-company.co.uk"), {"peer": "192.0.2.66", "down": True}, Verdict.NONE),
    "a bounce address of nobody": (plain(), {"mail_from": "", "peer": "192.0.2.66"}, Verdict.FAIL),
}


@pytest.mark.parametrize("name", CASES)
def test_the_own_check_says(name: str) -> None:
    """ID-04: SPF, DKIM and DMARC as one verdict, also for a domain with a hyphen under a public suffix of two parts."""
    raw, how, expected = CASES[name]
    assert verdict(raw, **how) is expected


def test_the_verdict_is_a_step_of_the_trace() -> None:
    step = check(plain(), peer="192.0.2.66").trace[-1]
    assert (step.step, step.result) == ("authenticate", "spf=fail dkim=none dmarc=reject: fail (our own check)")


def test_what_a_trusted_server_said_is_not_asked_again() -> None:
    raw = b"Authentication-Results: mx.example.com; dmarc=fail header.from=my-company.co.uk\r\n" + plain()
    rules = ReadingRules(trusted_authserv_ids=frozenset({"mx.example.com"}), trusted_relays=("10.0.0.0/8",))
    envelope = Envelope(mail_from=FROM, rcpt_tos=("c@example.com",), source=Source.SMTP, peer=RELAY)
    read = reading.read(raw, envelope, rules)
    assert read.mail.sender.authentication is Verdict.FAIL
    checker = authenticity.Checker(lookup=lambda name, qtype: pytest.fail(f"asked for {name}"))
    assert checker.check(raw, envelope, read) is read


def test_a_record_that_asks_for_ever_is_cut_off() -> None:
    """A stranger's SPF record may include itself; the mail is read all the same."""
    asked = []

    def lookup(name: str, qtype: str) -> Sequence[str]:
        asked.append(name)
        return [f"v=spf1 include:{len(asked)}.example include:a{len(asked)}.example ~all"] if qtype == "TXT" else []

    envelope = Envelope(mail_from=FROM, rcpt_tos=("c@example.com",), source=Source.SMTP, peer=CLIENT)
    checker = authenticity.Checker(lookup=lookup)
    read = checker.check(plain(), envelope, reading.read(plain(), envelope, ReadingRules()))
    assert read.mail.sender.authentication in (Verdict.NONE, Verdict.FAIL)
    assert len(asked) <= authenticity.MAX_LOOKUPS


def test_a_million_blanks_do_not_hold_up_the_check() -> None:
    """dkimpy needs quadratic time for them."""
    raw = signed("my-company.co.uk", plain(body="x" + " " * 1_000)).replace(b" " * 1_000, b" " * 1_000_000)
    assert verdict(raw, peer="192.0.2.66") is Verdict.FAIL


def test_what_we_send_is_signed_so_that_others_can_verify_it() -> None:
    sign = signing.signer(selector="s", domain="example.com", key=pem()[0])
    raw = plain("care@example.com")
    done = sign(raw)
    assert done.endswith(raw)

    def key(name: bytes, timeout: float = 0) -> bytes:
        assert name == b"s._domainkey.example.com."
        return pem()[1].encode()

    assert verified(done, key)
    assert not verified(done.replace(b"4.2", b"4.3"), key)
    # A second From on top would be the one that readers show.
    assert not verified(done.replace(b"\r\nTo:", b"\r\nFrom: eve@evil.example\r\nTo:", 1), key)


def test_a_key_that_cannot_sign_is_said_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"dkim\.key_file"):
        signing.signer(selector="s", domain="example.com", key=b"nonsense")


def test_the_libraries_are_imported_only_when_they_are_needed() -> None:
    """An installation without the extra runs as before."""
    ask = "import sys, gateway.app; print(sorted({'dkim', 'spf', 'authheaders', 'authres'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
