"""AU-01: whatever is done to the audit trail behind the gateway's back is found, and the first bad entry is named."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.model import AuditEntry, Fault, Head, Tip
from gateway.rules import chain
from gateway.seal import Seal

START = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
KEY = Seal(b"k" * 32)
LENGTH = 40


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        id=number + 100,
        at=START + timedelta(seconds=number),
        actor=f"key:{number % 3}",
        source="192.0.2.7",
        act="case.status",
        object=f"case:{number:010}",
        facts=chain.canonical({"status": "open", "was": "closed", "n": number}),
    )


PLACED, TIP = chain.extend(chain.BEGINNING, [entry(number) for number in range(LENGTH)])
HEAD = KEY.sign(TIP)


def judged(entries: list[AuditEntry], head: Head | None = HEAD) -> Fault | None:
    """Judge a trail as `gateway verify-audit` does, read in the order of its positions."""
    end = chain.follow(chain.BEGINNING, sorted(entries, key=lambda one: one.position))
    if isinstance(end, Fault):
        return end
    return chain.meets(end, head) or (None if head is None or KEY.holds(head) else Fault(position=0, sentence="forged"))


def changed(entries: list[AuditEntry], luck: random.Random) -> int:
    at = luck.randrange(LENGTH)
    how: list[Callable[[AuditEntry], AuditEntry]] = [
        lambda e: replace(e, actor=e.actor + "0"),
        lambda e: replace(e, at=e.at + timedelta(microseconds=1)),
        lambda e: replace(e, act="case.open"),
        lambda e: replace(e, object=e.object.replace("0", "1", 1)),
        lambda e: replace(e, facts=e.facts.replace("open", "shut")),
        lambda e: replace(e, facts=e.facts.replace(",", ", ", 1)),
        lambda e: replace(e, source=""),
        lambda e: replace(e, id=e.id + 1000),
        lambda e: replace(e, hash=e.hash[::-1]),
        # A field's end moved into the next one.
        lambda e: replace(e, actor=e.actor + e.source[:3], source=e.source[3:]),
    ]
    entries[at] = luck.choice(how)(entries[at])
    return at + 1


def deleted(entries: list[AuditEntry], luck: random.Random) -> int:
    at = luck.randrange(LENGTH)
    del entries[at]
    return at + 1


def inserted(entries: list[AuditEntry], luck: random.Random) -> int:
    at = luck.randrange(LENGTH)
    forged = replace(entry(900), position=at + 1, hash=entries[at].hash)
    entries[at:] = [forged, *(replace(e, position=e.position + 1) for e in entries[at:])]
    return at + 1


def swapped(entries: list[AuditEntry], luck: random.Random) -> int:
    one, other = sorted(luck.sample(range(LENGTH), 2))
    first, second = entries[one], entries[other]
    entries[one] = replace(second, position=one + 1)
    entries[other] = replace(first, position=other + 1)
    return one + 1


def cut(entries: list[AuditEntry], luck: random.Random) -> int:
    left = luck.randrange(LENGTH)
    del entries[left:]
    return left + 1


TAMPERINGS = [changed, deleted, inserted, swapped, cut]


def test_an_untouched_trail_is_intact() -> None:
    assert judged(list(PLACED)) is None
    assert judged([], None) is None


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_every_tampering_is_found_and_the_first_bad_entry_is_named(
    tamper: Callable[[list[AuditEntry], random.Random], int],
) -> None:
    """200 of them: change, delete, insert, swap, cut the tail off."""
    for seed in range(40):
        entries = list(PLACED)
        bad = tamper(entries, random.Random(seed))
        fault = judged(entries)
        assert fault is not None, (tamper, seed)
        assert fault.position == bad, (tamper, seed)
        assert str(bad) in fault.sentence


@pytest.mark.parametrize("left", [0, 1, 20, 39])
def test_a_trail_that_was_cut_and_computed_anew_does_not_meet_its_signed_head(left: int) -> None:
    short, tip = chain.extend(chain.BEGINNING, [entry(number) for number in range(left)])
    assert judged(short) is not None
    assert judged(short, Head(tip=tip, key_id=KEY.id, signature=HEAD.signature)) is not None
    assert judged(short, Seal(b"x" * 32).sign(tip)) is not None
    assert judged(short, None) is not None or left == 0


def test_a_trail_that_was_changed_and_computed_anew_does_not_meet_its_signed_head() -> None:
    forged = [replace(entry(number), actor="key:9") for number in range(LENGTH)]
    placed, _ = chain.extend(chain.BEGINNING, forged)
    fault = judged(placed)
    assert fault is not None
    assert "head" in fault.sentence


def test_what_stands_behind_the_head_is_found() -> None:
    more, _ = chain.extend(TIP, [entry(99)])
    fault = judged([*PLACED, *more])
    assert fault is not None
    assert fault.position == LENGTH + 1


def test_equal_facts_have_one_form() -> None:
    assert chain.canonical({"b": 1, "a": ["\u00e9", None]}) == '{"a":["\\u00e9",null],"b":1}'
    assert chain.extend(Tip(position=0, hash="0" * 64), []) == ([], chain.BEGINNING)
