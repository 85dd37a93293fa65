"""HT-01 to HT-09 in a real browser: payloads of our own in every sink; nothing runs, nothing is fetched."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page
from sqlalchemy import update

from gateway.desk import access, cases, contacts, queue, users
from gateway.model import CaseDetails
from gateway.store import tables, webhooks
from gateway.store.webhook_tables import webhook_delivery
from tests.browser import scene
from tests.browser.conftest import House

Visit = Callable[..., Page]
RUN = "(window.top||window).__xss=1"
EVIL = "https://evil.example.net"

# Each would run RUN or call EVIL wherever it were not escaped or cleaned.
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f'<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>{RUN}</script></svg>#x">',
    f"<math><mglyph><style><img src=x onerror={RUN}>",
    f"<math><mi><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={RUN}&gt;'>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"<details open ontoggle={RUN}><summary>x</summary></details>",
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f'<iframe src="javascript:{RUN}"></iframe>',
    f'<a href="javascript:{RUN}">a</a>',
    f'<a href="java&#9;script:{RUN}">b</a>',
    f'<a href="&#x6a;avascript:{RUN}">c</a>',
    f'<a href=" javascript:{RUN}">d</a>',
    f'<a href="data:text/html,<script>{RUN}</script>">e</a>',
    f"<!--[if mso]><script>{RUN}</script><![endif]-->",
    f"<template><script>{RUN}</script></template>",
    f"<body onload={RUN}><video><source onerror={RUN}></video>",
    f"<input autofocus onfocus={RUN}><select autofocus onfocus={RUN}>",
    f'<form action="{EVIL}"><button formaction="{EVIL}">go</button></form>',
    f'<meta http-equiv=refresh content="0;url={EVIL}"><base href="{EVIL}/">',
    f'<link rel=stylesheet href="{EVIL}/a.css"><link rel=prefetch href="{EVIL}/b">',
    f'<object data="{EVIL}/a.swf"></object><embed src="{EVIL}/b.swf">',
    f'<img src="{EVIL}/a.gif" srcset="{EVIL}/b.gif 2x"><video poster="{EVIL}/c.gif"></video>',
    f"<style>@import url({EVIL}/d.css); body{{background:url({EVIL}/e.gif)}}</style>",
    f'<div style="position:fixed;inset:0;z-index:99;background:url({EVIL}/f.gif)" class="btn" id=desk>over it</div>',
    f'<table background="{EVIL}/g.gif"><tr><td>x</td></tr></table>',
    f'"><img src=x onerror={RUN}>',
    f"'-{RUN}-'",
    f"`-{RUN}-`",
    f"{{{{constructor.constructor('{RUN}')()}}}}{{% raw %}}",
    f"</title></textarea></style></script><script>{RUN}</script>",
    f"\u202egpj.<img src=x onerror={RUN}>\u200b",
)
TEXT = "\n".join(PAYLOADS)
# Header fields are short: a few that fit on one line.
LINES = tuple(" ".join(PAYLOADS[start : start + 6])[:700] for start in range(0, len(PAYLOADS), 6))


def hostile_mail(line: str, number: int) -> bytes:
    """Return a mail with payloads in its body, subject, sender, Message-ID, charset, and the name of a file."""
    mail = EmailMessage()
    mail["To"] = scene.CARE
    mail.set_content(TEXT)
    mail.add_alternative(f"<html><body>{TEXT}</body></html>", subtype="html")
    mail.add_attachment(b"x", maintype="text", subtype="html", filename=f"{line[:120]}.html")
    quoted = line.replace("\\", "").replace('"', "'").encode("ascii", "replace").decode()
    head = (
        f'From: "{quoted}" <mallory@example.net>\r\nSubject: {quoted}\r\nMessage-ID: <{number}{quoted[:80]}@x>\r\n'
        f"X-Charset: {quoted}\r\n"
    )
    body = mail.as_bytes().replace(b'charset="utf-8"', b'charset="<img src=x onerror=' + RUN.encode() + b'>"', 1)
    return head.encode() + body


@pytest.fixture
def watched(house: House, visit: Visit) -> Callable[..., Page]:
    """Return a page that remembers dialogs and breaches, as `check` wants them."""
    page = visit("/account")
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)

    def look(path: str) -> Page:
        before = len(house.strangers)
        answer = page.goto(f"{house.url}{path}", wait_until="load")
        assert answer is not None
        assert answer.status in (200, 404), path
        assert page.evaluate("window.__xss") is None, path
        assert page.evaluate("window.__violations") == [], path
        assert house.strangers[before:] == [], path
        assert said == [], path
        assert page.url.startswith(house.url)
        return page

    return look


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_hostile_mail_is_only_text_on_every_page(house: House, watched: Callable[..., Page], number: int) -> None:
    """HT-01 to HT-06: body, HTML, subject, From, file name, Message-ID, charset; in the queue, the mail, what-if."""
    item = house.raw(hostile_mail(LINES[number], number))
    views = ("text", "html", "trace", "source") if number == 0 else ("html", "source")
    for view in views:
        page = watched(f"/queue/{item.id}?view={view}")
        if view == "html":
            frame = page.frame_locator("iframe.letter-frame")
            assert frame.locator("body").count() == 1
            assert frame.locator("script, form, iframe, style:not(head style), [onerror], [style], [id]").count() == 0
            assert page.evaluate("document.querySelectorAll('#desk').length") == 1
    watched(f"/mails/{item.mail_id}")
    watched("/mails")
    watched(f"/whatif?mail={item.mail_id}")


def test_hostile_words_of_a_case_are_only_text(house: House, watched: Callable[..., Page]) -> None:
    """HT-01: subject, description, contact's name, feed, escalation, search."""
    line = LINES[0][:100]
    contacts.put(house.services, "evil@example.net", name=LINES[1][:200])
    case = cases.open_case(
        house.services,
        subject=line,
        description=TEXT,
        contact_email="evil@example.net",
        external_ref=LINES[2],
        details=CaseDetails(business_impact=LINES[0], component=LINES[1]),
    )
    item = house.raw(hostile_mail(LINES[3], 99))
    queue.link(house.services, item.id, case.number, by="<b>@example.com")
    cases.post(house.services, case.number, text=TEXT, author=scene.AGENT)
    for path in (f"/cases/{case.number}", "/cases", f"/queue?state=done&done={item.id}", f"/queue/{item.id}"):
        watched(path)
    watched(f"/cases?q={'%22%3E%3Cscript%3Ealert(1)%3C/script%3E'}&contact=%3Cimg%20src=x%3E")
    watched("/signin?next=javascript:alert(1)")
    watched("/queue?reason=%22%3E%3Cscript%3E&to=%3Cimg%20src=x%20onerror=alert(1)%3E")


def test_hostile_answers_and_names_are_only_text(house: House, watched: Callable[..., Page]) -> None:
    """HT-01: what a relay and a webhook said, an error of reading, names of people and keys, DSN diagnostics."""
    item = house.raw(hostile_mail(LINES[4], 98))
    with house.app.database.write() as conn:
        said = {"last_reply": TEXT, "state": "dead", "message_id": LINES[0]}
        first = conn.execute(tables.outbox.select().order_by(tables.outbox.c.id).limit(1)).one().id
        conn.execute(update(tables.outbox).where(tables.outbox.c.id == first).values(said))
        broken = {"last_error": TEXT[:400], "kind_reason": LINES[1][:60], "defects": [LINES[2]]}
        broken["trace"] = [{"step": LINES[3], "result": TEXT, "reason": LINES[1][:60]}]
        conn.execute(update(tables.mail).where(tables.mail.c.id == int(item.mail_id)).values(broken))
    users.add(house.services, email="odd@example.net", role="viewer", name=LINES[0][:200])
    access.create_key(house.services, role="viewer", name=LINES[1][:200])
    now = house.services.clock.now()
    with house.app.database.write() as conn:
        # Past the check of addresses, as if it had let them through.
        hook = webhooks.insert(
            conn, url=f"https://x.example.net/?{LINES[3]}", types=[], secret="s", key_id=None, now=now
        )
        called = {"webhook_id": hook, "event_id": 1, "cursor": 1, "type": "case.opened", "message_id": LINES[0][:64]}
        left = {"created_at": now, "run_at": now, "last_reply": TEXT, "state": "dead"}
        conn.execute(webhook_delivery.insert().values(**called, **left))
    watched("/admin/webhooks")
    watched(f"/admin/webhooks/{hook}")
    for path in ("/outbox?state=dead", f"/outbox/{first}", f"/queue/{item.id}?view=trace", "/admin/people"):
        watched(path)
    watched("/admin/keys")
    bounce = (
        f"From: MAILER-DAEMON@example.net\r\nTo: {scene.CARE}\r\nSubject: x\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        f"Final-Recipient: rfc822; {scene.AGENT}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; {LINES[0]}\r\n\r\n--b--\r\n"
    )
    page = watched("/whatif")
    page.locator("summary").first.click()
    page.fill("[name=text]", bounce)
    page.get_by_role("button", name="Explain").click()
    page.locator("article").wait_for()
    assert page.evaluate("window.__xss") is None


def test_files_and_raw_bytes_never_open_in_the_browser(house: House, visit: Visit) -> None:
    """AT-02, AT-03, HT-09: downloads with a clean name, plain text in a sandbox."""
    item = house.raw(hostile_mail(LINES[0], 97))
    page = visit("/account")
    file = page.request.get(f"{house.url}/mails/{item.mail_id}/files/1")
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith('attachment; filename="')
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in file.headers["content-security-policy"]
    raw = page.request.get(f"{house.url}/mails/{item.mail_id}/raw")
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in raw.headers["content-security-policy"]
    frame = page.request.get(f"{house.url}/mails/{item.mail_id}/html")
    assert "sandbox allow-popups" in frame.headers["content-security-policy"]
    assert "allow-scripts" not in frame.headers["content-security-policy"]
    assert "allow-same-origin" not in frame.headers["content-security-policy"]


def test_remote_pictures_are_fetched_only_when_a_person_asks_for_them(house: House, visit: Visit) -> None:
    """HT-02: never by opening; the frame may fetch nothing but pictures even then."""
    picture = '<img src="https://pics.example.net/a.gif"><link rel=stylesheet href="https://pics.example.net/a.css">'
    written = scene.written("Uma <uma@example.net>", "Pictures", "see the HTML", html=picture)
    item = house.raw(written.as_bytes())
    page = visit(f"/queue/{item.id}?view=html")
    page.frame_locator("iframe.letter-frame").locator("body").wait_for()
    assert house.strangers == []
    page.context.route("**/pics.example.net/**", lambda route: route.abort())
    page.click("text=Load remote pictures")
    page.frame_locator('iframe[src*="images=1"]').locator("img").wait_for(state="attached")
    asked, house.strangers[:] = list(house.strangers), []
    assert set(asked) <= {"https://pics.example.net/a.gif"}


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1"])
def test_an_export_holds_no_formula(house: House, visit: Visit, name: str) -> None:
    """HT-08."""
    contacts.put(house.services, "sheet@example.net", name=name)
    cases.open_case(house.services, subject=name.strip(), description="x", contact_email="sheet@example.net")
    page = visit("/account")
    written = page.request.get(f"{house.url}/admin/exports/cases").text()
    cells = [cell.strip('"') for line in written.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert any(cell.startswith("'") for cell in cells)
