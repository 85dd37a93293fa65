"""The words of the event feed are an interface: other systems match on them."""

from gateway.model import EventType

# CONTRACT 4, word for word.
WORDS = (
    "case.opened case.updated case.status_changed case.closed case.reopened mail.linked mail.queued mail.resolved "
    "notice.sent notice.failed notice.bounced escalation.requested escalation.accepted escalation.declined "
    "escalation.closed queue.alarm mailbox.stale"
)


def test_event_types_are_those_of_the_contract() -> None:
    assert [str(word) for word in EventType] == WORDS.split()
