"""When the admin team hears that its queue is not worked.  Pure.  Source: PROCESS 8 (`queue-alarm`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway import addresses
from gateway.model import Decision, Effect, EventType, Notice, Notify, Policy, Publish
from gateway.reasons import Reason


def alarmed_at(created_at: datetime, alarm_hours: int) -> datetime:
    """Return when an item that nobody resolves becomes an alarm.  alarm_hours: `[queue] alarm_hours`."""
    return created_at + timedelta(hours=alarm_hours)


def on_waiting(items: Sequence[int], *, oldest_at: datetime, alarm_hours: int, policy: Policy) -> Decision:
    """Publish and tell that items wait for too long; nobody was told of any of them before.

    items: their ids, the oldest first, at least one.  Without an admin address only the event goes out.
    """
    facts = {"items": len(items), "oldest_item": str(items[0])}
    effects: list[Effect] = [Publish(type=EventType.QUEUE_ALARM, data=facts)]
    to = told(policy)
    if to:
        context = {**facts, "oldest_at": oldest_at.isoformat(), "alarm_hours": alarm_hours}
        key = f"{Notice.QUEUE_ALARM}/{items[0]}"
        effects.append(Notify(notice=Notice.QUEUE_ALARM, key=key, to=to, context=context))
    return Decision(reason=Reason.DONE, effects=tuple(effects))


def told(policy: Policy) -> str:
    """Return who hears of it, "" when nobody does; a mail to ourselves would come back as mail."""
    to = policy.admin_address
    return to if to and addresses.key(to) not in policy.own_addresses else ""
