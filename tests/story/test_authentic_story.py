"""ID-04: a sender that fails our own check is recorded and never flips; and what leaves can be signed."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.inbound import authenticity
from gateway.reasons import Reason
from tests.fixtures import world
from tests.story.stage import DANA, Stage

Build = Callable[..., Stage]


def checking(staged: Build, spf: str) -> Stage:
    """Return a stage that checks senders, in a world where `example.com` has this SPF record."""
    stage = staged(sender={"own_check": True})

    def lookup(name: str, qtype: str) -> Sequence[str]:
        return {("example.com", "TXT"): [spf], ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none"]}.get(
            (name, qtype), []
        )

    stage.app.services = replace(stage.services, authenticate=authenticity.Checker(lookup=lookup).check)
    return stage


@pytest.mark.parametrize(
    ("spf", "status", "flags"),
    [("v=spf1 ip4:192.0.2.0/24 -all", "open", ()), ("v=spf1 -all", "awaiting-info", (Reason.SENDER_UNVERIFIED,))],
)
def test_a_reply_flips_when_its_sender_is_authentic(
    staged: Build, spf: str, status: str, flags: tuple[Reason, ...]
) -> None:
    """ID-04; PROCESS 3.3: recorded without a flip, with the reason."""
    stage = checking(staged, spf)
    number = stage.waiting_case()
    raw = stage.write(f"It is 4.2.\n\n> Reference ID: {stage.reference(number)}")
    mail = stage.receive_over_smtp(raw, peer="192.0.2.10")
    assert (mail.disposition, mail.case, mail.flags) == ("linked", number, flags)
    assert stage.state(number)[0] == status
    assert any(step.step == "authenticate" for step in mail.trace)


def test_a_check_that_breaks_costs_no_mail(stage: Stage) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    stage.app.services = replace(stage.services, authenticate=broken)  # type: ignore[arg-type]
    number = stage.waiting_case()
    assert stage.answer(number).disposition == "linked"


def test_every_mail_that_leaves_is_signed_with_the_key_of_the_settings(staged: Build, tmp_path: Path) -> None:
    key = tmp_path / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "1024"], check=True, capture_output=True)
    stage = staged(dkim={"selector": "mail", "key_file": str(key)})
    stage.open_case()
    stage.app.deliver_due()
    sent = message_from_bytes((tmp_path / "sent" / "1.eml").read_bytes())
    signature = sent["DKIM-Signature"]
    assert f"d={world.MAIL_DOMAIN};" in signature
    assert "s=mail;" in signature
    assert DANA in sent["To"]


def test_a_key_file_that_is_not_there_is_said_in_a_sentence(staged: Build) -> None:
    stage = staged(dkim={"selector": "mail", "key_file": "nowhere.pem"})
    with pytest.raises(ConfigError, match=r"dkim\.key_file cannot be read"):
        stage.app.start(("worker",))
