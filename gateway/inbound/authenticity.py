"""Our own check of who sent a mail: SPF, DKIM and DMARC, where `sender.own_check` is switched on.

The law: it speaks only where no believable Authentication-Results did (`inbound.sender`), it never waits long for the
DNS, and a DNS that does not answer is no failure.  What it cannot know it does not guess:

    SPF     only for mail over SMTP whose client is no trusted relay: behind one, the address is the relay's
    DKIM    up to five signatures; one with `l=` counts for nothing: what follows its length is anybody's (RFC 6376 8.2)
    DMARC   a passed, aligned SPF or DKIM passes; else it fails, but only when SPF could be judged as well
    none    without a policy, an aligned pass passes, and a hard SPF failure that no signature makes good fails

Libraries, imported only here and only when needed: dkimpy, pyspf, authheaders.  Of authheaders only the public suffix
list and the reading of a record are used: it takes `my-company.com` for `my` when it aligns (0.16.4).
Source: RFC 7208, RFC 6376, RFC 7489 3.1 and 6.6; HAZARDS ID-04, ID-05.
"""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gateway.clock import monotonic_seconds
from gateway.errors import ConfigError
from gateway.inbound.sender import is_trusted_relay
from gateway.model import Envelope, InboundMail, MailKind, Reading, Sender, Source, TraceStep, Verdict

MAX_SIGNATURES = 5
MAX_LOOKUPS = 40
MIN_KEY_BITS = 1024
HEADER_BYTES = 65_536
# dkimpy strips blanks at the ends of lines in quadratic time: 40,000 of them in a row take 3 seconds.
_LONG_BLANKS = re.compile(rb"[ \t]{1000}")
_JUDGED = (MailKind.PERSON, MailKind.LIST, MailKind.AUTO_REPLY)

# (name, type) -> the records as text; MX as "10 host".  Raises DnsTrouble when there is no answer now.
Lookup = Callable[[str, str], Sequence[str]]


class DnsTrouble(Exception):
    """The DNS gives no answer at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """Checks mails.  seconds: for all questions about one mail.  trusted_relays: networks whose mail has no SPF."""

    lookup: Lookup
    trusted_relays: tuple[str, ...] = ()
    seconds: float = 10.0

    def check(self, raw: bytes, envelope: Envelope, reading: Reading) -> Reading:
        """Return the reading with a verdict and a step in its trace; unchanged where there is nothing to check."""
        who = reading.mail.sender
        if who.authentication is not Verdict.NONE or who.ambiguous or reading.kind not in _JUDGED or not who.address:
            return reading
        verdict, words = self._judge(raw, envelope, who.address.rpartition("@")[2].lower())
        step = TraceStep(step="authenticate", result=f"{words}: {verdict} (our own check)")
        return replace(reading, mail=_with(reading.mail, verdict), trace=(*reading.trace, step))

    def _judge(self, raw: bytes, envelope: Envelope, domain: str) -> tuple[Verdict, str]:
        ask = _Bounded(self.lookup, self.seconds)
        direct = envelope.source is Source.SMTP and not is_trusted_relay(envelope.peer, self.trusted_relays)
        try:
            spf = _spf(envelope, ask) if direct else "unknown"
            signers = _signers(raw, ask)
            policy = _policy(domain, ask)
        except DnsTrouble:
            return Verdict.NONE, "the DNS did not answer"
        words = f"spf={spf} dkim={','.join(signers) or 'none'} dmarc={policy.get('p', 'none')}"
        return _verdict(domain, envelope.mail_from.rpartition("@")[2].lower(), spf, signers, policy), words


def system_lookup(seconds: float) -> Lookup:
    """Return a look-up through the DNS servers of this machine.  seconds: for one question.

    Raises ConfigError when the extra `mailauth` is not installed.
    """
    try:
        import authheaders  # noqa: F401
        import dkim  # noqa: F401
        import dns.exception
        import dns.resolver
        import spf  # noqa: F401
    except ImportError as missing:
        needed = f"sender.own_check needs the extra mailauth ({missing.name} is missing)"
        raise ConfigError(f"{needed}: pip install 'case-gateway[mailauth]'.") from None
    try:
        resolver = dns.resolver.Resolver()
    except dns.exception.DNSException:
        raise ConfigError("sender.own_check needs a DNS server; this machine names none (/etc/resolv.conf).") from None
    resolver.lifetime, resolver.cache = seconds, dns.resolver.LRUCache(4096)

    def lookup(name: str, qtype: str) -> list[str]:
        try:
            answer = resolver.resolve(name, qtype, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise DnsTrouble(type(error).__name__) from None
        if qtype == "TXT":
            return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
        return [record.to_text() for record in answer]

    return lookup


class _Bounded:
    """The look-ups of one mail: so many, and so long, whatever a record makes us ask."""

    def __init__(self, lookup: Lookup, seconds: float) -> None:
        self._lookup = lookup
        self._until = monotonic_seconds() + seconds
        self._left = MAX_LOOKUPS

    def __call__(self, name: str, qtype: str) -> Sequence[str]:
        self._left -= 1
        if self._left < 0 or monotonic_seconds() > self._until:
            raise DnsTrouble("too many questions, or too slow")
        return self._lookup(name.rstrip(".").lower(), qtype)


def _verdict(domain: str, envelope_domain: str, spf: str, signers: Sequence[str], policy: dict[str, str]) -> Verdict:
    signed = any(_aligned(signer, domain, strict=policy.get("adkim") == "s") for signer in signers)
    sent = spf == "pass" and _aligned(envelope_domain, domain, strict=policy.get("aspf") == "s")
    if signed or sent:
        return Verdict.PASS
    if spf == "unknown" or spf == "temperror":
        return Verdict.NONE
    failed = bool(policy) or (spf == "fail" and not signers)
    return Verdict.FAIL if failed else Verdict.NONE


def _spf(envelope: Envelope, ask: Lookup) -> str:
    """Return the SPF result of the reverse path; a bounce's empty one has none.  Source: RFC 7208 2.6."""
    import spf

    sender = envelope.mail_from
    if "@" not in sender or not envelope.peer:
        return "none"
    _asking.ask = ask
    spf.DNSLookup = _spf_lookup
    result, _ = spf.check2(i=envelope.peer, s=sender, h=sender.rpartition("@")[2], querytime=0)
    return str(result)


# pyspf asks through one function of its module; which look-up that is differs by thread.
_asking = threading.local()


def _spf_lookup(name: str, qtype: str, _strict: bool = True, _timeout: float = 0) -> list[tuple[tuple[str, str], Any]]:
    answers: list[tuple[tuple[str, str], Any]] = []
    for text in _asking.ask(name, qtype):
        value: Any = text
        if qtype == "MX":
            preference, _, host = text.partition(" ")
            value = (int(preference), host.rstrip("."))
        elif qtype in ("TXT", "SPF"):
            value = (text.encode(),)
        answers.append(((name, qtype), value))
    return answers


def _signers(raw: bytes, ask: Lookup) -> list[str]:
    """Return the domains whose signatures are good.  Source: RFC 6376 6.1."""
    head, _, body = raw.partition(b"\r\n\r\n")
    count = len(re.findall(rb"^dkim-signature[ \t]*:", head, re.IGNORECASE | re.MULTILINE))
    if not count or len(head) > HEADER_BYTES or _LONG_BLANKS.search(body):
        return []

    def key(name: bytes, timeout: float = 0) -> bytes | None:
        found = ask(name.decode("ascii", "replace"), "TXT")
        return found[0].encode() if len(found) == 1 else None

    signers = [_signer(raw, number, key) for number in range(min(count, MAX_SIGNATURES))]
    return [domain for domain in signers if domain]


def _signer(raw: bytes, number: int, key: Callable[..., bytes | None]) -> str:
    """Return the domain of one signature, "" when it is not good or covers a part of the body only."""
    import dkim

    try:
        signature = dkim.DKIM(raw, minkey=MIN_KEY_BITS)
        good = signature.verify(idx=number, dnsfunc=key) and b"l" not in signature.signature_fields
    except DnsTrouble:
        raise
    except Exception:
        # Whatever dkimpy trips over in a stranger's header, such a signature says nothing.
        return ""
    return signature.signature_fields[b"d"].decode("ascii", "replace").lower() if good else ""


def _policy(domain: str, ask: Lookup) -> dict[str, str]:
    """Return the DMARC record of a domain or of its organisation; {} for none.  Two are none (RFC 7489 6.6.3)."""
    from authheaders import dmarc_lookup

    for name in dict.fromkeys((domain, organisation(domain))):
        records = [text for text in ask(f"_dmarc.{name}", "TXT") if text.startswith("v=DMARC1")] if name else []
        if len(records) == 1:
            try:
                found: dict[str, str] = dmarc_lookup.answer_to_dict(records[0])
            except dmarc_lookup.DMARCException:
                return {}
            return found if "p" in found else {}
    return {}


@lru_cache(maxsize=4096)
def organisation(domain: str) -> str:
    """Return the organisational domain (`example.co.uk` of `mail.example.co.uk`).  Source: RFC 7489 3.2."""
    from authheaders import dmarc_lookup

    return str(dmarc_lookup.get_org_domain(domain) or domain)


def _aligned(claimed: str, domain: str, *, strict: bool) -> bool:
    return claimed == domain or (not strict and organisation(claimed) == organisation(domain))


def _with(mail: InboundMail, verdict: Verdict) -> InboundMail:
    who: Sender = replace(mail.sender, authentication=verdict)
    return replace(mail, sender=who)
