// What the browser adds: the reader's time zone, keys, and what changed since the page was made.
// Every page works without it; it only follows links and sends forms that are there.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const PULSE_MS = 10000;
  document.documentElement.classList.add("js");

  // --- times in the reader's zone; the exact UTC stays in the title
  const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" }).resolvedOptions().timeZone;
  const pad = (n) => String(n).padStart(2, "0");
  const local = (root) => $$("time[datetime]:not([data-local])", root).forEach((el) => {
    const at = new Date(el.getAttribute("datetime"));
    if (Number.isNaN(at.getTime())) return;
    el.textContent = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
    el.title = `${el.title} (shown in ${zone})`;
    el.dataset.local = "";
  });

  // --- the queue: rows, keys, place
  const rows = () => $$(".row");
  const current = () => $('.row[aria-current="true"]');
  const choose = (row) => {
    if (!row) return;
    rows().forEach((one) => one.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = rows();
    const at = all.indexOf(current());
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (next && next !== all[at]) { choose(next); $("a", next).click(); }
  };
  const unfold = (id, field) => {
    const box = document.getElementById(id);
    if (!box) return;
    box.open = true;
    $(field, box)?.focus();
  };
  const send = (button) => button && button.form.requestSubmit(button);
  const KEYS = {
    j: () => step(1), k: () => step(-1),
    ArrowDown: () => step(1), ArrowUp: () => step(-1),
    Enter: () => { const go = $("[data-confirm]"); if (go) send(go); else $(".reader")?.focus(); },
    Escape: () => $("[data-cancel]")?.click(),
    l: () => { $("#case-number")?.focus(); $("#case-number")?.select(); },
    n: () => unfold("new-case", "input"),
    d: () => unfold("discard", "select"),
    c: () => send($('.acts [data-key="c"]')),
    u: () => send($('.undo [data-key="u"]')),
    x: () => { const box = $("input[type=checkbox]", current()); if (box) { box.checked = !box.checked; count(); } },
    v: () => { const tabs = $$(".reader .tabs a"); const at = tabs.findIndex((t) => t.hasAttribute("aria-current")); tabs[(at + 1) % tabs.length]?.click(); },
    "?": () => $("#help")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (!$("#desk.desk") || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const field = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (field) { if (event.key === "Escape") field.blur(); return; }
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const hint = /^[1-9]$/.test(event.key) ? $(`[data-hint="${event.key}"] .hint-go`) : null;
    const act = hint ? () => hint.click() : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const count = () => { const n = $$('input[name="ids"]:checked').length; const label = $("[data-chosen]"); if (label) label.textContent = `${n} chosen`; };

  document.addEventListener("change", (event) => {
    if (event.target.closest("form[data-auto]")) event.target.form.requestSubmit();
    if (event.target.name === "ids") count();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-help]")) $("#help")?.showModal();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy);
  });

  // --- swaps by htmx: the list keeps its place, the open row is marked
  let place = 0;
  document.addEventListener("htmx:beforeSwap", (event) => {
    place = $(".pane.list")?.scrollTop ?? 0;
    const { xhr, target } = event.detail;
    // A refusal that is a page of its own does not fit into a pane.
    if (xhr.status >= 400 && target.id === "item" && !xhr.responseText.includes('id="item"')) {
      event.detail.shouldSwap = false;
      location.assign(xhr.responseURL);
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    local(document);
    const list = $(".pane.list");
    if (list && event.detail.target?.id !== "item") list.scrollTop = place;
    const open = $("#item")?.dataset.id;
    choose(rows().find((row) => row.dataset.id === open));
    $("#desk.desk")?.classList.toggle("reading", /\/queue\/\d/.test(location.pathname));
    $("[data-confirm]")?.focus();
    count();
  });

  // --- what changed since: never moves anything, only says so
  const pulse = async () => {
    const desk = $("#desk[data-pulse]");
    if (!desk || document.hidden) return;
    const url = new URL(desk.dataset.pulse, location.href);
    url.searchParams.set("newest", desk.dataset.newest);
    url.searchParams.set("ids", rows().map((row) => row.dataset.id).join(","));
    const answer = await fetch(url, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const seen = await answer.json();
    const news = $(".news", desk);
    if (news) {
      news.hidden = !seen.newer;
      $("a", news).textContent = seen.newer === 1 ? "A new mail has come: show it" : `${seen.newer} new mails have come: show them`;
    }
    for (const item of seen.items) {
      const row = rows().find((one) => one.dataset.id === item.id);
      if (!row) continue;
      row.classList.toggle("done", item.state !== "open");
      const claim = $("[data-claim]", row);
      if (claim) { claim.hidden = !item.by; claim.textContent = item.by.split("@")[0]; }
    }
  };
  setInterval(pulse, PULSE_MS);
  document.addEventListener("visibilitychange", pulse);
  document.addEventListener("gateway:pulse", pulse);

  local(document);
  count();
  current()?.scrollIntoView({ block: "nearest" });
  $("[data-confirm]")?.focus();
})();
