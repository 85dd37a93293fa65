"""Tell other systems what happened: from the feed into deliveries, from deliveries to the receivers.

The law: an event is called out as often as it takes until a receiver says that it has it, for about three days; then
its delivery is dead and a person may send it again.  The call itself is made outside of any transaction, under a lease,
so whoever dies loses nothing: at least once, with the same message id each time.  Source: DESIGN 1.2-1.4, WH-02, WH-04.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from gateway import effects, maillog
from gateway.model import CallOutcome, GoneForGood, Missed, NextTry, Taken, WebhookCall
from gateway.outbound import destinations, retry, webhooks
from gateway.rules import notices
from gateway.services import Services
from gateway.store import lead
from gateway.store import webhooks as store
from gateway.store.db import patiently

# How often `gateway serve` looks for what the feed has new.
EVERY_SECONDS = 0.5
FORGET_EVERY_SECONDS = 3600.0
# Events of one transaction: on SQLite nobody else writes meanwhile.
BATCH = 500
NEVER = NextTry(run_at=None, rest_until=None)

Post = Callable[..., CallOutcome]


def turn(services: Services) -> None:
    """Give lost calls back, write the deliveries of what is new, ring for what is due.  Raises Unavailable."""
    now = services.clock.now()
    with services.database.read() as conn:
        lost = store.any_lost(conn)
    if lost:
        with services.database.write() as conn:
            store.release_lost(conn, now=now)
    fan_out(services)
    with services.database.read() as conn:
        due = store.any_due(conn, now=now)
    if due:
        services.ring_webhooks()


def fan_out(services: Services) -> int:
    """Write the deliveries of all that the feed has new; return how many events were looked at, for all webhooks.

    Any number of processes may do so; one at a time leads, the others pass.  Raises Unavailable.
    """
    looked_at = 0
    with services.database.read() as conn:
        behind = store.behind(conn)
    for webhook_id in behind:
        while done := _write(services, webhook_id):
            looked_at += done
    return looked_at


def deliver(services: Services, *, post: Post = webhooks.post, jitter: Callable[[], float] = random.random) -> int:
    """Call until nothing is due that may be called; return how many calls were taken.

    Several may run at once, in threads and on machines.  Raises Unavailable when nothing can be claimed.
    """
    taken, alone = 0, True
    while True:
        with services.owners.at_work() as owner:
            calls = store.claim(services.database, owner=owner, limit=1, now=services.clock.now())
            if not calls:
                return taken
            if alone:
                # There may be more, and this one may take long.
                services.ring_webhooks()
                alone = False
            taken += sum(_deliver(services, call, post, jitter) for call in calls)


def forget(services: Services) -> int:
    """Delete the log of calls that are over and older than `[retention] events_days`.  Raises Unavailable."""
    before = services.clock.now() - timedelta(days=services.config.retention.events_days)
    forgotten = 0
    while True:
        with services.database.write() as conn:
            done = store.forget(conn, before=before, limit=BATCH)
        forgotten += done
        if done < BATCH:
            return forgotten


def _write(services: Services, webhook_id: int) -> int:
    with services.database.write() as conn:
        if not lead.take(conn, lead.FAN_OUT):
            return 0
        instance = services.scribe.instance
        return store.write_deliveries(conn, webhook_id, instance=instance, limit=BATCH, now=services.clock.now())


def _deliver(services: Services, call: WebhookCall, post: Post, jitter: Callable[[], float]) -> bool:
    try:
        if not call.event:
            with services.database.write() as conn:
                store.drop(conn, call)
            return False
        allowed = destinations.networks(services.config.webhooks.allowed_networks)
        outcome = post(call, allowed, now=services.clock.now())
        return _settle(services, call, outcome, jitter())
    except Exception as error:  # The row keeps its lease and comes back when that ends; the next one goes on.
        maillog.webhook_failed(call, error)
        return False


def _settle(services: Services, call: WebhookCall, outcome: CallOutcome, jitter: float) -> bool:
    """Record the outcome; return True when the receiver took the event and the record stands."""
    after = NEVER
    if isinstance(outcome, Missed):
        after = retry.next_call(
            call.attempts,
            call.failures + 1,
            now=services.clock.now(),
            retry_after=outcome.retry_after,
            jitter=jitter,
        )
    maillog.webhook_answered(call, outcome)
    if after.run_at is None and not isinstance(outcome, Taken):
        maillog.webhook_gave_up(call, outcome)
    # What the receiver took and we forgot would be sent twice, so a database that is away for a moment is waited for.
    held, outbox_ids = patiently("call", partial(_record, services, call, outcome, after))
    if not held:
        maillog.webhook_lease_lost(call)
    services.ring_outbox(outbox_ids)
    return held and isinstance(outcome, Taken)


def _record(services: Services, call: WebhookCall, outcome: CallOutcome, after: NextTry) -> tuple[bool, list[int]]:
    now = services.clock.now()
    with services.database.write() as conn:
        held = store.settle(conn, call, outcome, after=after, now=now)
        gone = held and isinstance(outcome, GoneForGood)
        if not gone or not store.disable(conn, call.webhook_id, why=outcome.words):
            return held, []
        maillog.webhook_disabled(call)
        host = destinations.read(call.url).host
        decision = notices.webhook_disabled(call, host, outcome.words, services.policy)
        return True, effects.apply(conn, decision, scribe=services.scribe, now=now).outbox_ids
