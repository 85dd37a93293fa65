"""What other systems must say for each notice that they ask for: one declared, validated context a notice.

The law: a context holds exactly the values declared here, no more and no fewer, each of its kind and length; whatever
else a caller sends is refused by name.  What a caller writes is text: it is escaped by the templates and never becomes
one.  Pure.  Source: PROCESS 8.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic import ValidationError as _Faults

from gateway.cleaning import clamp_date, clean_header, clean_text
from gateway.errors import InvalidInput
from gateway.model import Notice
from gateway.reasons import Reason

LINE_LENGTH, TEXT_LENGTH, CONTEXT_LENGTH = 200, 20_000, 200_000
FAULTS_SHOWN = 8
# A file account lives so long (PROCESS 8).
FILE_ACCOUNT_LIFE = timedelta(hours=120)

_CREDENTIALS = re.compile(
    r"\b(?:pass(?:word|phrase|wd|code)?|pwd|secret|token|api[ _-]?key)\b\s*(?:is\b|[:=])"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY|://[^/\s@]{0,200}:[^/\s@]{0,200}@",
    re.IGNORECASE,
)


def _line(value: str) -> str:
    if not (line := clean_header(value)):
        raise ValueError("it is empty")
    return line


def _text(value: str) -> str:
    return clean_text(value).strip()


def _words(value: str) -> str:
    if not value:
        raise ValueError("it is empty")
    return value


def _written_moment(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise ValueError("write a time like 2026-11-25T10:00:00Z")
    return value


def _sane_moment(value: datetime) -> datetime:
    if (moment := clamp_date(value)) is None:
        raise ValueError("the time is before 1970 or after 2200")
    return moment


def _web_address(value: str) -> str:
    if (value and not re.fullmatch(r"https?://[^\s/@\\\"'<>]+(?:/[^\s\\\"'<>]*)?", value)) or not value.isascii():
        raise ValueError("write a web address like https://example.com/page, without a user name in it")
    return value


Line = Annotated[str, StringConstraints(strict=True, max_length=LINE_LENGTH), AfterValidator(_line)]
Text = Annotated[str, StringConstraints(strict=True, max_length=TEXT_LENGTH), AfterValidator(_text)]
Words = Annotated[Text, AfterValidator(_words)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment), AfterValidator(_sane_moment)]
Link = Annotated[str, StringConstraints(strict=True, max_length=2000), AfterValidator(_web_address)]
Phone = Annotated[str, StringConstraints(strict=True, pattern=r"^\+?[0-9][0-9 ()./-]{3,30}$")]
Case = Literal["required", "optional", "never"]


class Values(BaseModel):
    """A group of values; one that is not declared is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Context(Values):
    """What a notice needs.

    about_case: whether a case must, may or must not be named.  same_by: the values that, with case and recipient,
    make two requests the same notice: the second of them is nothing.  sample: values that will do.
    """

    notice: ClassVar[Notice]
    about_case: ClassVar[Case] = "optional"
    same_by: ClassVar[tuple[str, ...]]
    sample: ClassVar[dict[str, Any]]

    def values(self) -> dict[str, Any]:
        """Return what the templates get, JSON types only."""
        return self.model_dump(mode="json")

    def identity(self) -> tuple[str, ...]:
        """Return the values that make this notice the same as another."""
        values = self.values()
        return tuple(str(values[name]) for name in self.same_by)


class _Span(Context):
    """A context with a beginning and an end."""

    first: ClassVar[str]
    last: ClassVar[str]

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> "_Span":
        """Refuse an end before the beginning."""
        if getattr(self, self.last) < getattr(self, self.first):
            raise ValueError(f"{self.last} is before {self.first}")
        return self


class ChatLine(Values):
    """One message of a chat."""

    at: Moment
    author: Line
    text: Words


class ChatTranscript(_Span):
    """A chat ended; its words go to the customer."""

    notice = Notice.CHAT_TRANSCRIPT
    same_by = ("chat_id",)
    first, last = "started_at", "ended_at"
    sample = {
        "chat_id": "chat-4711",
        "started_at": "2026-11-25T10:00:00Z",
        "ended_at": "2026-11-25T10:12:00Z",
        "messages": [
            {"at": "2026-11-25T10:00:30Z", "author": "Maria Weber", "text": "The export stops again."},
            {"at": "2026-11-25T10:02:00Z", "author": "Tess (support)", "text": "I look into the log now."},
        ],
    }

    chat_id: Line
    started_at: Moment
    ended_at: Moment
    messages: Annotated[tuple[ChatLine, ...], Field(min_length=1, max_length=1000)]


class ChatContactLeft(Context):
    """Somebody left a number in the chat because nobody could help at once."""

    notice = Notice.CHAT_CONTACT_LEFT
    about_case = "required"
    same_by = ("chat_id",)
    sample = {
        "chat_id": "chat-4711",
        "left_at": "2026-11-25T10:12:00Z",
        "name": "Maria Weber",
        "phone": "+49 30 5550 4321",
        "note": "Call before noon, please.",
    }

    chat_id: Line
    left_at: Moment
    name: Line
    phone: Phone
    note: Text = ""


class _FileAccount(Context):
    """Access to the file transfer, for 120 hours; how to sign in is told by that system, never by mail."""

    same_by = ("server", "account", "created_at")
    sample = {
        "server": "https://files.example.com",
        "account": "case-3256109",
        "created_at": "2026-11-25T10:00:00Z",
        "purpose": "The log files of the night of 24 November.",
    }

    server: Line
    account: Line
    created_at: Moment
    purpose: Text = ""

    def values(self) -> dict[str, Any]:
        """Return what the templates get; when the account ends is counted here."""
        ends = {"expires_at": (self.created_at + FILE_ACCOUNT_LIFE).isoformat()}
        return {**super().values(), **ends, "hours": int(FILE_ACCOUNT_LIFE.total_seconds() // 3600)}

    @model_validator(mode="after")
    def holds_no_credentials(self) -> "_FileAccount":
        """Refuse what looks like a password, a key or a web address with one in it."""
        for name in ("server", "account", "purpose"):
            if _CREDENTIALS.search(getattr(self, name)):
                raise ValueError(f"{name} looks like credentials, which are never sent by mail")
        return self


class FileAccountCreated(_FileAccount):
    """An account of the file transfer was made."""

    notice = Notice.FILE_ACCOUNT_CREATED


class FileAccountExpiring(_FileAccount):
    """An account of the file transfer ends soon."""

    notice = Notice.FILE_ACCOUNT_EXPIRING


class Advisory(Values):
    """One advisory of a digest."""

    id: Line
    title: Line
    published_at: Moment
    severity: Line = "information"
    link: Link = ""


class AdvisoryDigest(_Span):
    """The advisories of a day or a week, once for each contact and period."""

    notice = Notice.ADVISORY_DIGEST
    about_case = "never"
    same_by = ("period", "since")
    first, last = "since", "until"
    sample = {
        "period": "weekly",
        "since": "2026-11-18T00:00:00Z",
        "until": "2026-11-25T00:00:00Z",
        "advisories": [
            {
                "id": "ADV-2026-118",
                "title": "Exports stop when the disk is full",
                "published_at": "2026-11-20T08:00:00Z",
                "severity": "high",
                "link": "https://example.com/advisories/118",
            }
        ],
    }

    period: Literal["daily", "weekly"]
    since: Moment
    until: Moment
    advisories: Annotated[tuple[Advisory, ...], Field(min_length=1, max_length=200)]


class AlarmRaised(Context):
    """A monitoring system raised an alarm."""

    notice = Notice.ALARM_RAISED
    same_by = ("alarm_id",)
    sample = {
        "alarm_id": "mon-98121",
        "severity": "major",
        "system": "export-2.example.com",
        "summary": "The disk is 95 percent full",
        "raised_at": "2026-11-25T09:58:00Z",
        "details": "It was 80 percent full yesterday.",
    }

    alarm_id: Line
    severity: Literal["critical", "major", "minor", "warning"]
    system: Line
    summary: Line
    raised_at: Moment
    details: Text = ""


class MaintenanceWindow(_Span):
    """A planned interruption; a window that moved is told again."""

    notice = Notice.MAINTENANCE_WINDOW
    same_by = ("window_id", "starts_at", "ends_at")
    first, last = "starts_at", "ends_at"
    sample = {
        "window_id": "mw-77",
        "starts_at": "2026-11-28T21:00:00Z",
        "ends_at": "2026-11-28T23:30:00Z",
        "timezone": "Europe/Berlin",
        "systems": ["export-1.example.com", "export-2.example.com"],
        "impact": "Exports wait; none is lost.",
    }

    window_id: Line
    starts_at: Moment
    ends_at: Moment
    systems: Annotated[tuple[Line, ...], Field(min_length=1, max_length=100)]
    impact: Words
    timezone: Line = "UTC"


class Activity(Values):
    """One thing that happened in a case."""

    at: Moment
    what: Line


class CaseActivitySummary(_Span):
    """What happened in a case over a time."""

    notice = Notice.CASE_ACTIVITY_SUMMARY
    about_case = "required"
    same_by = ("since", "until")
    first, last = "since", "until"
    sample = {
        "since": "2026-11-18T00:00:00Z",
        "until": "2026-11-25T00:00:00Z",
        "activities": [
            {"at": "2026-11-19T09:30:00Z", "what": "We asked for the log files."},
            {"at": "2026-11-20T14:00:00Z", "what": "You sent them; engineering looks at them."},
        ],
    }

    since: Moment
    until: Moment
    activities: Annotated[tuple[Activity, ...], Field(min_length=1, max_length=500)]


CONTEXTS: dict[Notice, type[Context]] = {
    kind.notice: kind
    for kind in (
        *(ChatTranscript, ChatContactLeft, FileAccountCreated, FileAccountExpiring),
        *(AdvisoryDigest, AlarmRaised, MaintenanceWindow, CaseActivitySummary),
    )
}


def read(notice: str, given: Any) -> Context:
    """Return the validated context of a notice.  given: whatever the caller sent.

    Raises InvalidInput in one sentence that names each value which is missing, unknown or wrong; it repeats none.
    """
    kind = CONTEXTS.get(Notice(notice)) if notice in set(Notice) else None
    if kind is None:
        there = ", ".join(CONTEXTS)
        raise InvalidInput(
            f"Other systems cannot ask for {clean_header(notice, limit=40) or 'this'}; there is: {there}."
        )
    if not isinstance(given, dict):
        raise InvalidInput(f"The context of {notice} must be an object with {', '.join(kind.model_fields)}.")
    if _length(given) > CONTEXT_LENGTH:
        raise InvalidInput(f"The context of {notice} is longer than {CONTEXT_LENGTH} characters.", Reason.TOO_LARGE)
    try:
        return kind.model_validate(given)
    except _Faults as faults:
        raise InvalidInput(f"The context of {notice} cannot be used: {_told(faults)}.") from None


def names(kind: type[Context]) -> tuple[str, ...]:
    """Return the values that a template of this notice may name."""
    return tuple(kind.model_validate(kind.sample).values())


def _length(value: Any) -> int:
    # Without recursion: a caller chooses the depth.
    total, waiting = 0, [value]
    while waiting and total <= CONTEXT_LENGTH:
        match waiting.pop():
            case dict() as group:
                waiting += [*group, *group.values()]
            case list() as items:
                waiting += items
            case str() as text:
                total += len(text)
            case _:
                total += 8
    return total


def _told(faults: _Faults) -> str:
    listed = faults.errors(include_url=False, include_context=False, include_input=False)
    # A list with a wrong item counts as too short as well; the item alone is what went wrong.
    groups = {fault["loc"][:depth] for fault in listed for depth in range(1, len(fault["loc"]))}
    listed = [fault for fault in listed if fault["type"] != "too_short" or fault["loc"] not in groups]
    missing = [_place(fault["loc"]) for fault in listed if fault["type"] == "missing"]
    unknown = [_place(fault["loc"]) for fault in listed if fault["type"] == "extra_forbidden"]
    wrong = [_wrong(fault) for fault in listed if fault["type"] not in ("missing", "extra_forbidden")]
    parts = [f"it lacks {_and(missing)}"] if missing else []
    parts += [f"it does not take {_and(unknown)}"] if unknown else []
    return "; ".join([*parts, *wrong[:FAULTS_SHOWN]])


def _wrong(fault: Any) -> str:
    said = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    said = said[:1].lower() + said[1:]
    return f"{_place(fault['loc'])}: {said}" if fault["loc"] else said


def _place(where: tuple[int | str, ...]) -> str:
    return ".".join(clean_header(str(step), limit=40) for step in where)


def _and(words: list[str]) -> str:
    shown = words[:FAULTS_SHOWN]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
