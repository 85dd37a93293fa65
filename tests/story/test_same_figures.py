"""The overview of the console and `/metrics` are two readings of the same tables, so they must not differ."""

from datetime import timedelta

from sqlalchemy import update

from gateway.desk import figures, health
from gateway.model import Disposition, EntryState
from gateway.store.tables import outbox
from tests.story.stage import Stage


def test_the_ledger_and_the_metrics_say_the_same(stage: Stage) -> None:
    number = stage.open_case()
    stage.receive(stage.write("Who can help?"))
    stage.receive(stage.write("And who else?"))
    with stage.app.database.write() as conn:
        overdue = stage.clock.moment - timedelta(minutes=5)
        late = update(outbox).where(outbox.c.case_number == number)
        conn.execute(late.values(state=EntryState.READY, run_at=overdue))

    ledger = figures.figures(stage.services).ledger
    gauges = health.gauges(stage.services)

    by_name = {(gauge.name, gauge.labels): gauge.value for gauge in gauges}
    for word in Disposition:
        assert by_name["mails", (("disposition", word),)] == getattr(ledger, word), word
    assert by_name["mails_in_progress", ()] == ledger.in_progress
    assert sum(gauge.value for gauge in gauges if gauge.name == "queue_items") == 2
    assert by_name["outbox_overdue_seconds", ()] == 300
