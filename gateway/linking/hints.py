"""Which cases may a person want for a mail that names none?  Clues with their evidence; they never link.

`wanted` says what to look up, the store answers with `HintFacts`, `score` weighs them.  Points of all clues of a case
are added and capped at 100; the table below is the whole theory.  No evidence shows a Reference ID.
Source: PROCESS 3.2, 3.6; PEERS 1.6.
"""

import re
from collections.abc import Iterator, Sequence

from gateway import addresses
from gateway.linking import sighting
from gateway.model import FoundReferences, Hint, HintFacts, HintQuery, InboundMail

MAX_HINTS = 5
MAX_KEYS = 20  # of each sort in a query
_SEARCHED_CHARACTERS = 200_000

POINTS = {
    "reference-in-body": 95,
    "reference-elsewhere": 90,
    "reference-damaged": 80,
    "answers-our-mail": 70,
    "number-in-subject": 60,
    "number-in-body": 50,
    "number-elsewhere": 40,
    "sender-is-contact": 25,
    "sender-of-account": 15,
    "sender-domain": 10,
    "similar-subject": 20,
    "recent-mail": 15,
}

# Half of the world has an address here: the domain says nothing about the account.
# fmt: off
FREE_MAILERS = frozenset({
    "126.com", "163.com", "aol.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net",
    "googlemail.com", "hotmail.com", "icloud.com", "laposte.net", "libero.it", "live.com", "mac.com", "mail.com",
    "mail.ru", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com", "proton.me", "protonmail.com", "qq.com",
    "seznam.cz", "t-online.de", "uol.com.br", "web.de", "wp.pl", "yahoo.co.jp", "yahoo.com", "yandex.ru", "zoho.com",
})
# fmt: on

# Ten digits are a case number anywhere; fewer only behind a word that says so.
_NUMBER = re.compile(
    r"(?<![0-9])[0-9]{10}(?![0-9])|"
    r"\b(?:case|ticket|vorgang|caso|dossier)(?: ?(?:no|nr|number|id))?[ :#.\u00a0]{1,4}[0-9]{1,9}(?![0-9])",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0-9]+$")
_WORD = re.compile(r"[^\W\d_]{4,40}")
_PLACES = {"subject": "the subject", "to": "the recipient's address"}


def wanted(mail: InboundMail, found: FoundReferences, recipients: Sequence[str] = ()) -> HintQuery:
    """Say what to look up for this mail.  recipients: those of the envelope, beside the `To` of the mail."""
    domain = addresses.domain_of(mail.sender.address)
    numbers = (number for _, number in _numbers(mail, recipients))
    references = [seen.id for seen in found.ids] + [id for id, _ in _elsewhere(mail, found, recipients)]
    return HintQuery(
        case_numbers=_first(numbers),
        message_ids=_first(mail.message_ids),
        references=_first(references),
        damaged_pieces=_first(piece for token in found.damaged for piece in _pieces(token)),
        sender=addresses.key(mail.sender.address),
        domain="" if domain in FREE_MAILERS else domain,
        subject_words=_first(sorted(_words(mail.subject), key=lambda word: (-len(word), word)))[:8],
    )


def score(
    mail: InboundMail, found: FoundReferences, candidates: Sequence[HintFacts], recipients: Sequence[str] = ()
) -> tuple[Hint, ...]:
    """Weigh the candidates and return the best, highest score first; open cases before closed ones, newer before older.

    A candidate without any clue is left out.
    """
    numbers = _numbers(mail, recipients)
    elsewhere = _elsewhere(mail, found, recipients)
    weighed = []
    for facts in candidates:
        clues = [
            *_reference_clues(facts, found, elsewhere),
            *_number_clues(facts, numbers),
            *_sender_clues(facts, mail),
            *_thread_clues(facts, mail),
        ]
        if clues:
            clues.sort(key=lambda clue: -POINTS[clue[0]])
            points = min(100, sum(POINTS[name] for name, _ in clues))
            hint = Hint(case_number=facts.case_number, score=points, evidence=tuple(text for _, text in clues))
            weighed.append((-points, facts.closed, -int(facts.case_number), hint))
    return tuple(hint for *_, hint in sorted(weighed, key=lambda row: row[:3])[:MAX_HINTS])


Clue = tuple[str, str]  # name in POINTS, evidence


def _reference_clues(facts: HintFacts, found: FoundReferences, elsewhere: Sequence[tuple[str, str]]) -> Iterator[Clue]:
    """Yield what the mail's Reference IDs say: the strongest one only."""
    if any(seen.id in facts.references for seen in found.ids):
        yield "reference-in-body", "The body carries a Reference ID of this case."
        return
    for id, place in elsewhere:
        if id in facts.references:
            yield "reference-elsewhere", f"A Reference ID of this case stands in {_named(place)}, not in the body."
            return
    distances = [_distance(token, issued) for token in found.damaged for issued in facts.references]
    if distances and min(distances) <= 2:
        characters = "one character" if min(distances) == 1 else "two characters"
        yield "reference-damaged", f"A damaged Reference ID in the body is {characters} off one of this case."


def _number_clues(facts: HintFacts, numbers: Sequence[tuple[str, str]]) -> Iterator[Clue]:
    """Yield where the case number stands: the strongest place only."""
    for place, number in numbers:
        if number == facts.case_number:
            name = {"subject": "number-in-subject", "body": "number-in-body"}.get(place, "number-elsewhere")
            yield name, f"The case number {number} stands in {_named(place)}."
            return


def _sender_clues(facts: HintFacts, mail: InboundMail) -> Iterator[Clue]:
    """Yield what the sender has to do with the case: the closest tie only.  An ambiguous sender is nobody."""
    address = addresses.key(mail.sender.address)
    domain = address.rpartition("@")[2]
    if not address or mail.sender.ambiguous:
        return
    if address in facts.contact_addresses:
        yield "sender-is-contact", "The sender is the contact of this case."
    elif address in facts.account_addresses:
        yield "sender-of-account", "The sender is a contact of the same account."
    elif domain in facts.account_domains and domain not in FREE_MAILERS:
        yield "sender-domain", f"The sender writes from {domain}, as the account of this case does."
    if facts.recent_recipient:
        yield "recent-mail", "A mail about this case recently went to the sender."


def _thread_clues(facts: HintFacts, mail: InboundMail) -> Iterator[Clue]:
    """Yield threading headers and subject; both are easily forged or stale, so they stay clues."""
    if set(mail.message_ids) & set(facts.message_ids):
        yield "answers-our-mail", "It answers a mail that we sent about this case."
    ours, theirs = _words(facts.subject), _words(mail.subject)
    if ours and theirs and 2 * len(ours & theirs) >= len(ours | theirs):
        yield "similar-subject", "The subject is similar to the subject of this case."


def _elsewhere(mail: InboundMail, found: FoundReferences, recipients: Sequence[str]) -> list[tuple[str, str]]:
    """Return IDs outside the body with their place, those in a +tag included."""
    tags = [(seen.id, "to") for address in (*mail.to, *recipients) for seen in sighting.scan(address) if seen.id]
    return [*found.elsewhere, *tags]


def _numbers(mail: InboundMail, recipients: Sequence[str]) -> list[tuple[str, str]]:
    """Return (place, case number) for everything that can be one, zero padded: subject, body, then other places."""
    texts = [("subject", mail.subject), *(("body", text) for text in mail.searched)]
    texts += [("to", address) for address in (*mail.to, *recipients)]
    texts += [(place, text) for place, text in mail.elsewhere if place != "subject"]
    seen: dict[tuple[str, str], None] = {}
    for place, text in texts:
        for match in _NUMBER.finditer(text[:_SEARCHED_CHARACTERS]):
            digits = _DIGITS.search(match[0])
            if digits and int(digits[0]) and len(seen) < MAX_KEYS:
                seen[place, digits[0].zfill(10)] = None
    return list(seen)


def _pieces(token: str) -> tuple[str, str, str]:
    """Cut a damaged ID in three: two changed characters leave one of them as it was issued."""
    characters = token.partition("-")[2]
    third = len(characters) // 3
    return characters[:third], characters[third : 2 * third], characters[2 * third :]


def _distance(one: str, other: str) -> int:
    """Return how many characters must be changed, added or left out; both are short (bounded by the length rule)."""
    if abs(len(one) - len(other)) > 2:
        return abs(len(one) - len(other))
    above = list(range(len(other) + 1))
    for row, left in enumerate(one, start=1):
        here = [row]
        for column, right in enumerate(other, start=1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (left != right)))
        above = here
    return above[-1]


def _words(subject: str) -> set[str]:
    """Return the words of a subject that may tell it from others: four letters or more, lower case."""
    return set(_WORD.findall(subject[:1000].lower())) - {"case"}


def _first(values: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """Return the first MAX_KEYS values, each once."""
    return tuple(dict.fromkeys(value for value in values if value))[:MAX_KEYS]


def _named(place: str) -> str:
    """Return a place as a person would say it."""
    return "the body" if place == "body" else _PLACES.get(place, place)
