"""Settings that cannot work are refused when they are loaded, in words, before any mail suffers from them."""

from typing import Any

import pytest

from gateway import config
from gateway.errors import ConfigError
from gateway.rules import profiles


@pytest.mark.parametrize(
    "sections",
    [
        {"smtp": {"trusted_relays": ["nonsense"]}},
        {"webhooks": {"allowed_networks": ["10.0.0.0/99"]}},
        {"gateway": {"admin_address": "nonsense"}},
        {"gateway": {"admin_address": "a@example.com\r\nBcc: x@example.net"}},
        {"gateway": {"mail_domain": "a b"}},
        {"gateway": {"mail_domain": "example..com"}},
        {"escalation": {"owner": "a@example.com, b@example.com"}},
        {"broker": {"url": "amqp://127.0.0.1"}},
        {"imap": {"support": {"host": "imap.example.com", "user": "care", "processed_folder": "Inbox"}}},
    ],
)
def test_a_value_that_could_never_work_is_refused_and_named(sections: dict[str, Any]) -> None:
    """OB-02, CONTRACT 3: with such an address or domain every notice would be dead, and nobody told."""
    ((section, keys),) = sections.items()
    with pytest.raises(ConfigError, match=rf"{section}\.{next(iter(keys))}"):
        config.load(None, **sections)


def test_values_that_look_odd_but_work_are_taken() -> None:
    taken = config.load(
        None,
        gateway={"admin_address": "ops+gateway@müller.example", "mail_domain": "müller.example"},
        smtp={"trusted_relays": ["192.0.2.1/24", "::1"]},
        broker={"url": "rediss://user:secret@redis.example:6379/0"},
    )
    assert taken.mail_domain == "müller.example"


@pytest.mark.parametrize(
    ("follow_up", "words"),
    [
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"timezone": "../etc/passwd"}, "no time zone"),
        ({"days": [5, 2, 1]}, "rising numbers"),
        ({"days": [-5, -2, -1]}, "rising numbers"),
        ({"days": [0, 2, 5]}, "rising numbers"),
        ({"country": "ZZ"}, "no holidays"),
        ({"country": "DE", "subdivision": "nowhere"}, "no holidays"),
        ({"send_window": "08:00-25:00"}, "send window"),
    ],
)
def test_a_follow_up_ladder_that_would_close_at_once_or_fail_is_refused(follow_up: dict[str, Any], words: str) -> None:
    """PROCESS 4.2, 4.3: days that do not rise close a case without its reminders; a wrong zone breaks each question."""
    with pytest.raises(ConfigError, match=words):
        profiles.policy(config.load(None, follow_up=follow_up), frozenset())


@pytest.mark.parametrize("value", ["care@example.com", "[care@example.com]"])
def test_a_list_in_the_environment_that_is_no_json_is_explained(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """CONTRACT 2: a mistake of usage is one sentence that says what to do, never `something unexpected`."""
    monkeypatch.setenv("GATEWAY_SMTP__ACCEPT", value)
    with pytest.raises(ConfigError, match=r"not valid JSON .*GATEWAY_SMTP__ACCEPT"):
        config.load()


def test_a_fault_in_the_environment_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_RELAY", "hunter2")
    with pytest.raises(ConfigError) as refused:
        config.load()
    assert "hunter2" not in str(refused.value)
