"""Every page of the console by its address, for checks that visit them all.  A test compares it with the routes."""

from collections.abc import Sequence

from gateway.desk import cases, escalations, mails, outbox, queue, webhooks
from gateway.services import Services
from gateway.store.case_views import CaseQuery

# Routes that are no pages of their own: they answer a page, a frame or a download, or begin a session.
NO_PAGES = frozenset(
    (
        *("/", "/admin", "/queue/pulse", "/mails/{mail}/raw", "/mails/{mail}/html", "/mails/{mail}/files/{place}"),
        *("/admin/notices/{name}/html", "/admin/exports/{name}"),
    )
)


def addresses(services: Services) -> dict[str, str]:
    """Return an address for each route that is a page, with what is there; some have more than one."""
    item = queue.find(services, limit=1000)[-1]
    mail = mails.find(services, limit=1)[0].id
    escalated = escalations.find(services, state="active", limit=1)
    number = escalated[0].case if escalated else cases.find(services, CaseQuery(limit=1))[0].number
    waits = cases.find(services, CaseQuery(turn="customer", limit=1))
    entry = outbox.find(services, state="all", limit=1)[0].id
    hint = item.hints[0].case if item.hints else number
    return {
        "/signin": "/signin",
        "/welcome/{link}": "/welcome/used-up",
        "/account": "/account",
        "/queue": "/queue",
        "/queue/{item}": f"/queue/{item.id}?case={hint}",
        "/queue/{item} html": f"/queue/{item.id}?view=html",
        "/queue/{item} trace": f"/queue/{item.id}?view=trace",
        "/queue/{item} source": f"/queue/{item.id}?view=source",
        "/cases": "/cases",
        "/cases/new": "/cases/new",
        "/cases/{case}": f"/cases/{number}?feed=escalation",
        "/cases/{case} waits": f"/cases/{waits[0].number if waits else number}",
        "/mails": "/mails",
        "/mails/{mail}": f"/mails/{mail}",
        "/outbox": "/outbox?state=open",
        "/outbox/ahead": "/outbox/ahead",
        "/outbox/{entry}": f"/outbox/{entry}",
        "/whatif": f"/whatif?mail={mail}",
        "/overview": "/overview",
        "/admin/people": "/admin/people",
        "/admin/keys": "/admin/keys",
        "/admin/notices": "/admin/notices?notice=follow-up-1",
        "/admin/webhooks": "/admin/webhooks",
        "/admin/webhooks/{hook}": f"/admin/webhooks/{_webhook(services)}",
        "/admin/audit": "/admin/audit",
        "/admin/profiles": "/admin/profiles",
        "/admin/exports": "/admin/exports",
        "error": "/cases/9999999999",
    }


def _webhook(services: Services) -> str:
    found = webhooks.find(services, limit=1)
    return found[0].id if found else webhooks.add(services, url="https://crm.example.com/hook").id


def routes_without_page(routes: Sequence[tuple[str, str]], there: dict[str, str]) -> list[str]:
    """Return the GET routes, as (method, path), that no address stands for."""
    known = {name.partition(" ")[0] for name in there}
    return [path for method, path in routes if method == "GET" and path not in known and path not in NO_PAGES]
