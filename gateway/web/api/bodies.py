"""What callers send: one model a call, each with an example.  Unknown fields are refused.

Only the form stands here (types, lengths, words of closed lists); whether something is allowed is decided in `rules`.
"""

import zoneinfo
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from gateway.model import Access, CaseType, Channel, EscalationReason, Priority, Status, Substatus, Visibility
from gateway.rules import notice_contexts

# A text of this length fits into a body (`edge.MAX_BODY_BYTES`) however its characters are escaped.
TEXT_LENGTH, LINE_LENGTH, ADDRESS_LENGTH = 300_000, 998, 320
# The rule refuses a longer one with a reason of its own; the document says so all the same.
SUBJECT: dict[str, Any] = {"maxLength": 100}
# What can be seen: at least one such character in a text, and no control character in a line.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
WHOLE = r"^[^\x00]*$"
VISIBLE = rf"^[^\x00]*[^\s{_CONTROL}][^\x00]*$"
LINE = rf"^[^{_CONTROL}]*$"
VISIBLE_LINE = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
ZONES: dict[str, Any] = {"enum": ["", *sorted(zoneinfo.available_timezones())]}
ADDRESS: dict[str, Any] = {"format": "email", "examples": ["dana@example.com"]}

Text = Annotated[str, Field(max_length=TEXT_LENGTH, pattern=VISIBLE)]
Subject = Annotated[str, Field(max_length=LINE_LENGTH, pattern=VISIBLE_LINE, json_schema_extra=SUBJECT)]
Line = Annotated[str, Field(max_length=LINE_LENGTH, pattern=LINE)]
VisibleLine = Annotated[str, Field(max_length=LINE_LENGTH, pattern=VISIBLE_LINE)]
Email = Annotated[str, Field(max_length=ADDRESS_LENGTH, json_schema_extra=ADDRESS)]
# Left out, somebody is chosen; an empty one is a mistake.
Owner = Annotated[Email, Field(min_length=1)]
EmailPath = Annotated[str, Path(max_length=ADDRESS_LENGTH, json_schema_extra=ADDRESS)]
# The path says which form names something; what has another form names nothing.
NumberPath = Annotated[str, Path(json_schema_extra={"pattern": r"^[0-9]{1,10}$"})]
IdPath = Annotated[str, Path(json_schema_extra={"pattern": r"^[0-9]{1,18}$"})]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]
# What a caller told is compared, whatever it is; what is kept has the form of a PIN.
ToldPin = Annotated[str, Field(max_length=20, pattern=LINE)]
Pin = Annotated[str, Field(pattern=r"^([0-9]{4,12})?$")]
# Who said or did something, as an address; whether it is a contact of the case decides what it may.
Who = Annotated[str, Field(min_length=1, max_length=ADDRESS_LENGTH, pattern=LINE, examples=["dana@example.com"])]
TimeZone = Annotated[str, Field(max_length=64, json_schema_extra=ZONES)]
YesNo = Annotated[bool, Field(strict=True)]


CONTEXT_PLACE = "#/components/schemas/{model}"


def example(**values: Any) -> ConfigDict:
    """Return the settings of a body with its example."""
    return ConfigDict(extra="forbid", json_schema_extra={"example": values})


class Nothing(BaseModel):
    """A call that needs no words."""

    model_config = example()


class Person(BaseModel):
    """Somebody of the customer."""

    model_config = example(email="dana@example.com", name="Dana Reed")

    email: Email
    name: Line = ""


class OpenCase(BaseModel):
    """A new case.  An unknown address becomes a Designated Contact with an account of its own.

    product_line: one of the settings, which chooses the profile when none is named.
    """

    model_config = example(
        subject="Nightly export stops",
        description="Since Monday the export stops at 3 percent. The log says: timeout.",
        contact={"email": "dana@example.com", "name": "Dana Reed"},
        priority="medium",
    )

    subject: Subject
    description: Annotated[str, Field(max_length=TEXT_LENGTH, pattern=WHOLE)]
    contact: Person
    priority: Priority = Priority.MEDIUM
    type: CaseType = CaseType.SUPPORT
    profile: Line | None = None
    owner: Owner | None = None
    external_ref: Line | None = None
    deployment: Line | None = None
    product_line: Line | None = None
    component: Line | None = None
    implementation_stage: Line | None = None
    business_impact: Line | None = None
    previous: Number | None = None


class PostUpdate(BaseModel):
    """Something for a case's feed."""

    model_config = example(text="It is version 4.2.", channel="portal", author="dana@example.com")

    text: Text
    channel: Channel
    author: Who
    visibility: Visibility = Visibility.INTERNAL
    pin: ToldPin | None = None


class RequestInfo(BaseModel):
    """A question to the contact."""

    model_config = example(text="Which version do you run?", author="tess@example.org")

    text: Text
    author: Who


class ProposeSolution(BaseModel):
    """A solution for the contact to confirm."""

    model_config = example(text="Please install 4.2.1, which mends it.", author="tess@example.org")

    text: Text
    author: Who
    substatus: Substatus | None = None


class SetStatus(BaseModel):
    """Where a case goes by hand."""

    model_config = example(status="open", substatus="investigation")

    status: Status
    substatus: Substatus | None = None


class SetPriority(BaseModel):
    """Another priority."""

    model_config = example(priority="high")

    priority: Priority


class SetContact(BaseModel):
    """Whom the case belongs to from now on.  revoke: end the Reference IDs that the old contact was sent."""

    model_config = example(email="sam@example.com", name="Sam Okafor", revoke=False)

    email: Email
    name: Line = ""
    revoke: YesNo = False


class Close(BaseModel):
    """How a case ends.  author: who of the customer closes it; our side when left out."""

    model_config = example(substatus="resolved", text="The update mended it.")

    substatus: Substatus | None = None
    text: Annotated[str, Field(max_length=TEXT_LENGTH, pattern=WHOLE)] = ""
    author: Who | None = None


class CustomerAsks(BaseModel):
    """What a Designated Contact asks for in words."""

    model_config = example(author="dana@example.com", text="It came back after the restart.")

    author: Who
    text: Text


class Reopen(BaseModel):
    """Why a closed case is opened again, and by which way that was said."""

    model_config = example(channel="phone", text="It dropped again.", author="dana@example.com")

    channel: Channel
    text: Text
    author: Who | None = None
    pin: ToldPin | None = None


class Escalate(BaseModel):
    """Why a case needs attention."""

    model_config = example(reason="no-progress", details="Nothing has moved for a week.", requester="dana@example.com")

    reason: EscalationReason
    details: Text
    requester: Who


class Accept(BaseModel):
    """An escalation is accepted.  text: the next steps and what may be expected."""

    model_config = example(
        owner="olivia@example.org", importance="high", urgency="today", text="We call you at four o'clock."
    )

    owner: Owner | None = None
    importance: Line = ""
    urgency: Line = ""
    text: Text


class Say(BaseModel):
    """Words for whoever escalated."""

    model_config = example(text="The fix is being tested.")

    text: Text


class CloseEscalation(BaseModel):
    """The end of an escalation."""

    model_config = example(text="Solved together.")

    text: Annotated[str, Field(max_length=TEXT_LENGTH, pattern=WHOLE)] = ""


class PutContact(BaseModel):
    """What is kept of a contact; what is left out stays as it was.  pin: never shown again, "" takes it away."""

    model_config = example(
        name="Dana Reed", account="Reed Foods", access="read-write", language="en", timezone="Europe/Berlin"
    )

    name: Line | None = None
    account: VisibleLine | None = None
    access: Access | None = None
    alternates: Annotated[list[Email], Field(max_length=100)] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")] | None = None
    timezone: TimeZone | None = None
    pin: Pin | None = None


class LinkMail(BaseModel):
    """The case that a mail belongs to.  preview: say what would happen and change nothing."""

    model_config = example(case="0003256109", preview=True)

    case: Number
    preview: YesNo = False


class OpenFromMail(BaseModel):
    """A case made from a mail.  contact: whose it is; the mail's sender when left out."""

    model_config = example(subject="Nightly export stops", priority="medium")

    subject: Annotated[str, Field(max_length=LINE_LENGTH)] = ""
    priority: Priority = Priority.MEDIUM
    contact: Person | None = None


def _each_notice(schema: dict[str, Any]) -> None:
    """Describe each notice by itself: which values it has, and whether it is about a case."""
    schema.clear()
    schema["title"] = "Notification"
    schema["oneOf"] = [_one_notice(kind) for kind in notice_contexts.CONTEXTS.values()]
    first = next(iter(notice_contexts.CONTEXTS.values()))
    named = {"case": "0003256109"} if first.about_case == "required" else {}
    person = {"email": "dana@example.com", "name": "Dana Reed"}
    schema["example"] = {"notice": first.notice.value, "to": person, "context": dict(first.sample), **named}


def _one_notice(kind: type[notice_contexts.Context]) -> dict[str, Any]:
    person = {"email": {"type": "string", **ADDRESS}, "name": {"type": "string", "maxLength": LINE_LENGTH}}
    fields: dict[str, Any] = {
        "notice": {"const": kind.notice.value},
        "to": {"type": "object", "properties": person, "required": ["email"], "additionalProperties": False},
        "context": {"$ref": CONTEXT_PLACE.format(model=kind.__name__)},
    }
    number, nothing = {"type": "string", "pattern": r"^[0-9]{1,10}$"}, {"type": "null"}
    fields["case"] = {"required": number, "optional": {"anyOf": [number, nothing]}, "never": nothing}[kind.about_case]
    needed = ["notice", "to", "context", *(["case"] if kind.about_case == "required" else [])]
    return {"type": "object", "properties": fields, "required": needed, "additionalProperties": False}


def context_schemas() -> dict[str, Any]:
    """Return the schemas of the contexts of all notices, and of what is inside them, by their names."""
    found: dict[str, Any] = {}
    for kind in notice_contexts.CONTEXTS.values():
        schema = kind.model_json_schema(ref_template=CONTEXT_PLACE)
        inner = schema.pop("$defs", {})
        found |= {kind.__name__: {**schema, "example": dict(kind.sample)}, **inner}
    return found


class Notification(BaseModel):
    """A notice of another system."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_each_notice)

    notice: Annotated[str, Field(max_length=64)]
    to: Person | None = None
    case: Number | None = None
    context: dict[str, Any]


class Discard(BaseModel):
    """Why a mail needs nobody."""

    model_config = example(why="advertising")

    why: VisibleLine
