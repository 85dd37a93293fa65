"""What callers send: one model a call, each with an example.  Unknown fields are refused.

Only the form stands here (types, lengths, words of closed lists); whether something is allowed is decided in `rules`.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.model import Access, CaseType, Channel, EscalationReason, Priority, Status, Substatus, Visibility

TEXT_LENGTH, LINE_LENGTH, ADDRESS_LENGTH = 1_000_000, 998, 320
# The rule refuses a longer one with a reason of its own; the document says so all the same.
SUBJECT = {"maxLength": 100, "minLength": 1, "pattern": r"[A-Za-z0-9]"}
WORDS = {"minLength": 1, "pattern": r"[A-Za-z0-9]"}
ADDRESS = {"format": "email", "examples": ["dana@example.com"]}

Text = Annotated[str, Field(max_length=TEXT_LENGTH, json_schema_extra=WORDS)]
Subject = Annotated[str, Field(max_length=LINE_LENGTH, json_schema_extra=SUBJECT)]
Line = Annotated[str, Field(max_length=LINE_LENGTH)]
Email = Annotated[str, Field(max_length=ADDRESS_LENGTH, json_schema_extra=ADDRESS)]
Number = Annotated[str, Field(max_length=40, json_schema_extra={"pattern": r"^[0-9]{1,10}$"})]
Pin = Annotated[str, Field(max_length=20, json_schema_extra={"pattern": r"^[0-9]{4,12}$"})]


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
    """A new case.  An unknown address becomes a Designated Contact with an account of its own."""

    model_config = example(
        subject="Nightly export stops",
        description="Since Monday the export stops at 3 percent. The log says: timeout.",
        contact={"email": "dana@example.com", "name": "Dana Reed"},
        priority="medium",
    )

    subject: Subject
    description: Annotated[str, Field(max_length=TEXT_LENGTH)]
    contact: Person
    priority: Priority = Priority.MEDIUM
    type: CaseType = CaseType.SUPPORT
    profile: Line | None = None
    owner: Email | None = None
    external_ref: Line | None = None
    previous: Number | None = None


class PostUpdate(BaseModel):
    """Something for a case's feed."""

    model_config = example(text="It is version 4.2.", channel="portal", author="dana@example.com")

    text: Text
    channel: Channel
    author: Email
    visibility: Visibility = Visibility.INTERNAL
    pin: Pin | None = None


class RequestInfo(BaseModel):
    """A question to the contact."""

    model_config = example(text="Which version do you run?", author="tess@example.org")

    text: Text
    author: Email


class ProposeSolution(BaseModel):
    """A solution for the contact to confirm."""

    model_config = example(text="Please install 4.2.1, which mends it.", author="tess@example.org")

    text: Text
    author: Email
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
    revoke: bool = False


class Close(BaseModel):
    """How a case ends.  author: who of the customer closes it; our side when left out."""

    model_config = example(substatus="resolved", text="The update mended it.")

    substatus: Substatus | None = None
    text: Annotated[str, Field(max_length=TEXT_LENGTH)] = ""
    author: Email | None = None


class CustomerAsks(BaseModel):
    """What a Designated Contact asks for in words."""

    model_config = example(author="dana@example.com", text="It came back after the restart.")

    author: Email
    text: Text


class Reopen(BaseModel):
    """Why a closed case is opened again, and by which way that was said."""

    model_config = example(channel="phone", text="It dropped again.", author="dana@example.com")

    channel: Channel
    text: Text
    author: Email | None = None
    pin: Pin | None = None


class Escalate(BaseModel):
    """Why a case needs attention."""

    model_config = example(reason="no-progress", details="Nothing has moved for a week.", requester="dana@example.com")

    reason: EscalationReason
    details: Text
    requester: Email


class Accept(BaseModel):
    """An escalation is accepted.  text: the next steps and what may be expected."""

    model_config = example(
        owner="olivia@example.org", importance="high", urgency="today", text="We call you at four o'clock."
    )

    owner: Email | None = None
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

    text: Annotated[str, Field(max_length=TEXT_LENGTH)] = ""


class PutContact(BaseModel):
    """What is kept of a contact; what is left out stays as it was.  pin: never shown again, "" takes it away."""

    model_config = example(
        name="Dana Reed", account="Reed Foods", access="read-write", language="en", timezone="Europe/Berlin"
    )

    name: Line | None = None
    account: Annotated[str, Field(max_length=LINE_LENGTH, json_schema_extra=WORDS)] | None = None
    access: Access | None = None
    alternates: Annotated[list[Email], Field(max_length=100)] | None = None
    language: Annotated[str, Field(max_length=16, json_schema_extra={"pattern": "^[a-z]{2}$"})] | None = None
    timezone: Annotated[str, Field(max_length=64, json_schema_extra={"enum": ["", "UTC", "Europe/Berlin"]})] | None = (
        None
    )
    pin: Pin | None = None


class LinkMail(BaseModel):
    """The case that a mail belongs to.  preview: say what would happen and change nothing."""

    model_config = example(case="0003256109", preview=True)

    case: Number
    preview: bool = False


class OpenFromMail(BaseModel):
    """A case made from a mail.  contact: whose it is; the mail's sender when left out."""

    model_config = example(subject="Nightly export stops", priority="medium")

    subject: Annotated[str, Field(max_length=LINE_LENGTH)] = ""
    priority: Priority = Priority.MEDIUM
    contact: Person | None = None


class Discard(BaseModel):
    """Why a mail needs nobody."""

    model_config = example(why="advertising")

    why: Annotated[str, Field(max_length=LINE_LENGTH, json_schema_extra=WORDS)]
