"""PROCESS 8: a notice of another system holds exactly the declared values, or is refused by a sentence with names."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import InvalidInput
from gateway.model import Notice
from gateway.outbound import compose
from gateway.reasons import Reason
from gateway.rules import notice_contexts, notifications
from gateway.rules.notice_contexts import CONTEXTS, Context
from tests.outgoing import ENV, LETTERHEAD, NOW, entry, parsed, part

SECRET = "hunter2-and-more"


@pytest.mark.parametrize("kind", CONTEXTS.values(), ids=lambda kind: kind.notice)
def test_each_missing_value_and_an_unknown_one_are_named_together(kind: type[Context]) -> None:
    required = [name for name, value in kind.model_fields.items() if value.is_required()]
    with pytest.raises(InvalidInput) as refused:
        notice_contexts.read(kind.notice, {"password": SECRET})
    said = str(refused.value)
    assert said.count(".") - said.count("...") == 1, "one sentence"
    assert all(name in said for name in [*required, "password", kind.notice])
    assert SECRET not in said


@pytest.mark.parametrize("kind", CONTEXTS.values(), ids=lambda kind: kind.notice)
def test_each_missing_value_alone_is_refused(kind: type[Context]) -> None:
    assert notice_contexts.read(kind.notice, kind.sample).notice is kind.notice
    for name, value in kind.model_fields.items():
        less = {key: given for key, given in kind.sample.items() if key != name}
        if value.is_required():
            with pytest.raises(InvalidInput, match=f"lacks {name}"):
                notice_contexts.read(kind.notice, less)
        else:
            notice_contexts.read(kind.notice, less)


WRONG: list[tuple[Notice, dict[str, Any], str]] = [
    (Notice.ALARM_RAISED, {"severity": "apocalyptic"}, "severity: input should be 'critical'"),
    (Notice.ALARM_RAISED, {"raised_at": 1764064800}, "raised_at: write a time like"),
    (Notice.ALARM_RAISED, {"raised_at": "2026-11-25T10:00:00"}, "raised_at"),
    (Notice.ALARM_RAISED, {"raised_at": "9999-12-31T23:59:59-12:00"}, "raised_at"),
    (Notice.ALARM_RAISED, {"summary": "x" * 201}, "summary"),
    (Notice.ALARM_RAISED, {"summary": "\r\n\0"}, "summary: it is empty"),
    (Notice.ALARM_RAISED, {"summary": 17}, "summary"),
    (Notice.ALARM_RAISED, {"summary": {"a": "b"}}, "summary"),
    (Notice.MAINTENANCE_WINDOW, {"ends_at": "2026-11-28T20:59:00Z"}, "ends_at is before starts_at"),
    (Notice.MAINTENANCE_WINDOW, {"systems": []}, "systems"),
    (Notice.MAINTENANCE_WINDOW, {"impact": " \n "}, "impact"),
    (Notice.CHAT_CONTACT_LEFT, {"phone": "call me"}, "phone"),
    (Notice.CHAT_TRANSCRIPT, {"messages": [{"at": "2026-11-25T10:00:30Z", "text": "Hi"}]}, "lacks messages.0.author"),
    (Notice.ADVISORY_DIGEST, {"period": "hourly"}, "period"),
    (
        Notice.ADVISORY_DIGEST,
        {"advisories": [{"id": "1", "title": "t", "published_at": "x", "link": "javascript:a"}]},
        "link",
    ),
]


@pytest.mark.parametrize(("notice", "change", "said"), WRONG)
def test_a_wrong_value_is_refused_by_its_name(notice: Notice, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        notice_contexts.read(notice, {**CONTEXTS[notice].sample, **change})
    assert said in str(refused.value)
    assert "at least 1 item" not in str(refused.value) or change.get("systems") == []


@pytest.mark.parametrize("given", [None, [], "text", 5, [{}]])
def test_a_context_that_is_no_object_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput, match="must be an object with alarm_id"):
        notice_contexts.read(Notice.ALARM_RAISED, given)


def test_a_boundless_or_bottomless_context_is_refused_and_not_read() -> None:
    deep: Any = "x"
    for _level in range(50_000):
        deep = [deep]
    long = [{"at": "2026-11-25T10:00:30Z", "author": "a", "text": "x" * 10_000}] * 21
    for messages in (deep, long):
        with pytest.raises(InvalidInput) as refused:
            notice_contexts.read(
                Notice.CHAT_TRANSCRIPT, {**CONTEXTS[Notice.CHAT_TRANSCRIPT].sample, "messages": messages}
            )
        assert refused.value.reason in (Reason.TOO_LARGE, Reason.INVALID_INPUT)


@pytest.mark.parametrize("notice", ["case-opened", "follow-up-1", "", "../../etc", "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"])
def test_notices_of_the_process_itself_cannot_be_asked_for(notice: str) -> None:
    with pytest.raises(InvalidInput, match="there is: chat-transcript"):
        notice_contexts.read(notice, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("purpose", f"{word} {SECRET}")
            for word in ("Password:", "password is", "PWD=", "api-key:", "the passcode :")
        ),
        ("server", f"https://dana:{SECRET}@files.example.com"),
        ("account", f"dana; secret={SECRET}"),
        ("purpose", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ],
)
def test_a_file_account_never_carries_credentials(name: str, value: str) -> None:
    """PROCESS 8: 120 hours; never credentials."""
    for notice in (Notice.FILE_ACCOUNT_CREATED, Notice.FILE_ACCOUNT_EXPIRING):
        with pytest.raises(InvalidInput, match=f"{name} looks like credentials") as refused:
            notice_contexts.read(notice, {**CONTEXTS[notice].sample, name: value})
        assert SECRET not in str(refused.value)


def test_a_file_account_ends_120_hours_after_it_was_made() -> None:
    values = notice_contexts.read(Notice.FILE_ACCOUNT_CREATED, CONTEXTS[Notice.FILE_ACCOUNT_CREATED].sample).values()
    assert (values["expires_at"], values["hours"]) == ("2026-11-30T10:00:00+00:00", 120)


@pytest.mark.parametrize(
    "text", ["{{ 9**9999999 }}", "{% for x in range(10**9) %}a{% endfor %}", "<script>alert(1)</script>"]
)
def test_what_a_caller_writes_is_text_and_never_a_template(text: str) -> None:
    """OB-06: only files are templates, and HTML is escaped."""
    context = {**CONTEXTS[Notice.ALARM_RAISED].sample, "summary": text, "details": text}
    values = notice_contexts.read(Notice.ALARM_RAISED, context).values()
    raw = compose.compose(entry(Notice.ALARM_RAISED, context=values), LETTERHEAD, ENV, now=NOW)
    assert text in part(raw, "plain")
    assert "<script>" not in part(raw, "html")


def test_a_value_that_holds_a_reference_id_is_redacted() -> None:
    context = {**CONTEXTS[Notice.ALARM_RAISED].sample, "details": "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"}
    values = notice_contexts.read(Notice.ALARM_RAISED, context).values()
    raw = compose.compose(entry(Notice.ALARM_RAISED, context=values, reference_id=""), LETTERHEAD, ENV, now=NOW)
    assert "REF-****" in part(raw, "plain")
    assert b"REF-7K3" not in raw


@pytest.mark.parametrize("notice", list(CONTEXTS))
def test_all_of_them_are_automatic_mails(notice: Notice) -> None:
    raw = compose.compose(replace(entry(notice)), LETTERHEAD, ENV, now=NOW)
    assert parsed(raw)["Auto-Submitted"] == "auto-generated"


def test_keys_tell_periods_recipients_and_moved_windows_apart_and_nothing_else() -> None:
    digest = notice_contexts.read("advisory-digest", CONTEXTS[Notice.ADVISORY_DIGEST].sample)
    daily = notice_contexts.read("advisory-digest", {**CONTEXTS[Notice.ADVISORY_DIGEST].sample, "period": "daily"})
    later = notice_contexts.read(
        "advisory-digest", {**CONTEXTS[Notice.ADVISORY_DIGEST].sample, "until": "2026-11-26T00:00:00Z"}
    )
    keys = {notifications.key(context, "", "dana@example.com") for context in (digest, daily)}
    assert len(keys | {notifications.key(digest, "", "erin@example.com")}) == 3
    assert notifications.key(later, "", "Dana@Example.com") == notifications.key(digest, "", "dana@example.com")
    assert all(len(key) < 255 and "dana" not in key for key in keys)
