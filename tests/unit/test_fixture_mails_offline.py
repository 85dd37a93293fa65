"""The fixture mails, read and matched without a database: the folder is the assertion."""

import re
from pathlib import Path

import pytest

from gateway.inbound import reading
from gateway.linking import match, sighting
from gateway.model import Disposition, Linked, Reading
from gateway.reasons import Reason
from tests.fixtures import world

MAILS = world.fixtures()
KNOWN = world.known_references()
every_mail = pytest.mark.parametrize("path", MAILS, ids=map(world.name_of, MAILS))


def read(path: Path) -> Reading:
    raw = path.read_bytes()
    return reading.read(raw, world.envelope_of(raw), world.reading_rules())


def test_there_are_enough_mails_and_every_known_folder_has_some():
    assert len(MAILS) >= 80
    assert {path.parent.relative_to(world.EMAILS).as_posix() for path in MAILS} == set(world.VERDICTS)


@every_mail
def test_a_fixture_is_bytes_as_they_came_over_the_wire(path):
    """CRLF line ends, below 64 KB, and no address of anybody real."""
    raw = path.read_bytes()
    assert raw
    assert len(raw) < 65_536
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    domains = re.findall(rb"[\w.+-]@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)", raw.replace(b"=\r\n", b""))
    assert all(re.search(rb"(?i)(^|\.)example\.(com|org|net|test)$", domain) for domain in domains)


@every_mail
def test_kind_and_link_agree_with_the_folder(path):
    """PROCESS 3, CONTRACT 5-6; ID-01, ID-08, LP-03, LP-05, MI-18, MI-19 each by the mails of their folder."""
    seen, verdict = read(path), world.verdict_of(path)
    if verdict.kind is not None:
        assert seen.kind is verdict.kind, seen.kind_reason
    link = match.match(seen.found, KNOWN, seen.mail, seen.kind)
    if verdict.link_reason is not None:
        assert link.reason is verdict.link_reason, (seen.found, seen.mail.defects)
        assert isinstance(link, Linked) == (verdict.disposition is Disposition.LINKED)


@every_mail
def test_what_keeps_a_case_from_flipping_is_seen_in_the_mail(path):
    """ID-03 to ID-07: the sender's part of each verdict."""
    seen, verdict = read(path), world.verdict_of(path)
    who = seen.mail.sender
    assert (who.authentication == "fail") == (verdict.reason is Reason.SENDER_UNVERIFIED)
    if verdict.disposition is not Disposition.LINKED:
        return
    assert who.ambiguous == (verdict.reason is Reason.SENDER_AMBIGUOUS)
    if not who.ambiguous:
        is_contact = who.address.lower() in addresses_of_the_contact(seen)
        assert is_contact == (verdict.reason is not Reason.SENDER_NOT_CONTACT)


def addresses_of_the_contact(seen: Reading) -> tuple[str, ...]:
    link = match.match(seen.found, KNOWN, seen.mail, seen.kind)
    assert isinstance(link, Linked)
    contact = next(case.contact for case in world.CASES if case.number == link.case_number)
    return (contact.email, *contact.alternates)


@every_mail
def test_a_marked_human_answer_is_told_from_an_automatic_one(path):
    """LP-04."""
    assert read(path).like_a_person == world.name_of(path).startswith("needs_a_look/")


@every_mail
def test_every_id_of_a_fixture_is_one_of_the_world(path):
    issued = {reference.id for reference in KNOWN} | {world.UNKNOWN}
    assert {seen.id for seen in read(path).found.ids} <= issued


@pytest.mark.parametrize("path", [path for path in MAILS if path.parent.name == "duplicate"], ids=world.name_of)
def test_a_duplicate_differs_from_its_original_only_in_the_trace_block(path):
    """DD-01."""

    def without_trace(raw: bytes) -> bytes:
        return re.sub(rb"\A(?:(?:Return-Path|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*)+", b"", raw)

    original = world.EMAILS / "linked" / path.name
    assert path.read_bytes() != original.read_bytes()
    assert without_trace(path.read_bytes()) == without_trace(original.read_bytes())


def test_nothing_that_is_only_elsewhere_is_lost_as_a_hint():
    """ID-01: an ID in subject, attached mail or text file does not link, but it is seen."""
    for name in ("id-in-subject-only", "id-in-attached-mail-only", "id-in-text-attachment-only"):
        found = read(world.EMAILS / "queued" / "no-reference" / f"{name}.eml").found
        assert [id for id, _ in found.elsewhere] == [world.WAITING], name


def test_no_fixture_shows_its_id_after_redaction():
    """ID-12."""
    for path in MAILS:
        text = read(path).mail.text
        assert not [seen for seen in sighting.scan(sighting.redact(text)) if seen.id]
