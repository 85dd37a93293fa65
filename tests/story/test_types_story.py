"""Feature requests that were taken in earlier live on when no new ones are taken (PROCESS 2.2)."""

from dataclasses import replace

import pytest

from gateway.desk import cases
from gateway.errors import InvalidInput
from gateway.model import CaseType
from tests.story.stage import DANA, Stage


def test_an_answer_to_an_old_feature_request_is_recorded(stage: Stage) -> None:
    """PROCESS 2.2, 3.3: it links and flips as for any other case; only opening one is refused."""
    open_door = replace(stage.services, policy=replace(stage.services.policy, types={}))
    wish = {"subject": "A dark mode", "description": "For the night.", "contact_email": DANA}
    number = cases.open_case(open_door, **wish, type=CaseType.FEATURE_REQUEST).number  # type: ignore[arg-type]
    cases.request_info(stage.services, number, text="How dark?", author="tess@desk.example.test")
    stage.later(minutes=1)
    mail = stage.answer(number, "Very dark.")
    assert (mail.disposition, mail.case) == ("linked", number)
    assert stage.state(number) == ("open", "customer-responded")
    with pytest.raises(InvalidInput, match="feature-request are not taken"):
        cases.open_case(stage.services, **wish, type=CaseType.FEATURE_REQUEST)  # type: ignore[arg-type]
