"""kill -9 of a gateway that fetches a mailbox, at every step: nothing is lost, nothing is taken twice.

The checkpoint moves in the transaction that commits the mails, so after each death the ledger has exactly one row for
each mail; what was not marked or moved before the death is after the next start.  Source: IM-01, FA-01.
"""

from typing import Any

import pytest

from tests.crash.driver import MAILBOX_POINTS
from tests.crash.house import House
from tests.mailboxes import PASSWORD, Account
from tests.support import wait_until

MOVED = "Done"


def mailbox_of(account: Account, **changes: Any) -> dict[str, Any]:
    settings = {"host": "127.0.0.1", "port": account.port, "user": account.user, "password": PASSWORD}
    return {"support": settings | {"tls": "none", "poll_seconds": 1} | changes}


@pytest.mark.parametrize("point", MAILBOX_POINTS)
def test_kill_9_while_a_mailbox_is_fetched_loses_nothing_and_doubles_nothing(
    house: House, account: Account, point: str
) -> None:
    """IM-01."""
    moving = point == "after MOVE"
    account.make(MOVED)
    house.settings["imap"] = mailbox_of(account, **({"processed_folder": MOVED} if moving else {}))
    account.put(house.reply(1), house.reply(2))
    with house.running(kill=point, roles=["imap"]) as gateway:
        gateway.wait_for_death()
    house.let_leases_end()
    with house.running(roles=["imap", "worker", "scheduler"]) as gateway:
        if moving:
            wait_until(lambda: account.count(MOVED) == 2, what=f"the moved mails\n{house.log()[-3000:]}")
        else:
            wait_until(lambda: account.count("INBOX", "SEEN") == 2, what=f"the marked mails\n{house.log()[-3000:]}")
        wait_until(lambda: len(house.dispositions()) == 2 and house.is_quiet(), what="both answers")
        assert gateway.stop() == 0
    house.check_inbound(answers=2, copies=2)
    house.check_outbound()
    assert account.count("INBOX") == (0 if moving else 2)
