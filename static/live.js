// What a page does by itself while it stays open. Without this file every page works, and stays as it was loaded.
(() => {
  "use strict";
  const SILENCE = 60e3, QUIET = 10e3;
  const doc = document, one = (selector) => doc.querySelector(selector), all = (selector) => [...doc.querySelectorAll(selector)];
  doc.documentElement.dataset.script = "on";

  // -- The connection ------------------------------------------------------------------------------------------
  const LABELS = { live: "Live", reconnecting: "Reconnecting", paused: "Paused", offline: "Offline", off: "Not live" };
  let connection = null, heard = Date.now();

  function show(state) {
    const chip = one("#live-state");
    if (!chip || chip.dataset.state === state) return;
    chip.dataset.state = state;
    chip.textContent = LABELS[state];
    chip.title = state === "offline" ? "This page no longer updates. Reload it." : "";
  }

  // hx-ws connects again to `connection.url`; what this page has seen by then must not come twice, nor get lost.
  function remember() {
    const seq = Number(one("#live-cursor")?.dataset.seq);
    if (!connection || !seq) return;
    const url = new URL(connection.url);
    if (seq > Number(url.searchParams.get("after"))) url.searchParams.set("after", seq);
    connection.url = url.href;
  }

  doc.addEventListener("htmx:ws:before:connection", (event) => {
    connection = event.detail.connection;
    show("reconnecting");
  });
  doc.addEventListener("htmx:ws:after:connection", (event) => {
    connection = event.detail.connection;
    heard = Date.now();
    show("live");
  });
  doc.addEventListener("htmx:ws:close", ({ detail: { code } }) => {
    if (code === 4401) return void location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
    const again = [1001, 1005, 1006, 1011, 1012, 1013, 1014].includes(code);
    show(doc.hidden ? "paused" : again ? "reconnecting" : "offline");
  });
  doc.addEventListener("htmx:ws:before:message:incoming", ({ detail }) => {
    heard = Date.now();
    const text = detail.message.data;
    if (typeof text !== "string" || text[0] !== "{") return;
    const { type } = JSON.parse(text);
    if (type === "hb") detail.connection.socket.send(text);
    if (type === "reload") tell("Much has changed. ", "Show it");
  });
  doc.addEventListener("htmx:ws:after:message:incoming", () => {
    remember();
    count();
    const { seq, say } = one("#live-cursor")?.dataset ?? {};
    if (say && seq !== told) announce(say);
    told = seq;
  });
  doc.addEventListener("visibilitychange", () => doc.hidden && connection && show("paused"));
  // A browser does not notice a half-open socket. Closed without a code, hx-ws connects again.
  setInterval(() => {
    const silent = Date.now() - heard > SILENCE;
    if (silent && connection?.socket?.readyState === WebSocket.OPEN) (heard = Date.now()), connection.socket.close();
  }, 5e3);
  // From the back-forward cache a page comes with a dead socket and old facts.
  addEventListener("pageshow", (event) => event.persisted && location.reload());

  // -- News ----------------------------------------------------------------------------------------------------
  let spoken = 0, waiting = null, known = 0, told = "";

  function announce(text) {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      spoken = Date.now();
      const region = one("#announcer");
      if (region) region.textContent = text;
    }, Math.max(200, spoken + QUIET - Date.now()));
  }

  // Never reloads by itself: somebody may be typing.
  function tell(text, label) {
    const flash = one("#flash");
    if (!flash || one("#much-changed")) return;
    const note = doc.createElement("p"), link = doc.createElement("a");
    note.id = "much-changed";
    note.className = "note note-warn";
    link.href = location.href;
    link.textContent = label;
    note.append(text, link);
    flash.append(note);
  }

  function belongs(item, list) {
    const { tab, severity, stack, environment, chosen } = list.dataset, of = item.dataset;
    const noise = of.cause === "informational", putOff = "snoozed" in of;
    if (chosen || doc.getElementById("drift-" + of.drift)) return false;
    if ((severity && severity !== of.severity) || (stack && stack !== of.stack)) return false;
    if (environment && environment !== of.environment) return false;
    if (tab === "all") return true;
    if (tab === "informational") return noise && of.status !== "resolved";
    if (tab === "open" || tab === "snoozed") return !noise && of.status === "detected" && putOff === (tab === "snoozed");
    return !noise && of.status === tab;
  }

  const isNewAlert = ({ dataset: { alert, stack } }, { dataset: { stack: only } }) =>
    !doc.getElementById("alert-" + alert) && (!only || only === stack);

  function countOf(noun, list, fits) {
    const news = one(`#${noun}s-news`);
    if (!news || !list) return;
    const items = all(`#${noun}s-news-items > [data-${noun}]`).filter((item) => fits(item, list));
    const number = new Set(items.map((item) => item.dataset[noun])).size;
    news.hidden = number === 0;
    news.textContent = `${number} new - Show`;
    if (number > known) announce(`${number} new ${number === 1 ? noun : noun + "s"}`);
    known = number;
  }

  function count() {
    countOf("drift", one("#drifts-rows"), belongs);
    countOf("alert", one("#alerts-list"), isNewAlert);
  }

  // -- Times: the words of templating.age ------------------------------------------------------------------------
  const some = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"} ago`;

  function age(seconds) {
    const days = Math.floor(seconds / 86400);
    if (seconds < 60) return "just now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    if (days < 60) return some(days, "day");
    return days < 730 ? some(Math.floor(days / 30), "month") : some(Math.floor(days / 365), "year");
  }

  // By the server's clock: the reader's may be wrong.
  const ahead = Date.parse(doc.body.dataset.now) - Date.now() || 0;

  function refresh() {
    for (const time of all("time[datetime]:not([data-absolute])")) {
      const text = age((Date.now() + ahead - Date.parse(time.dateTime)) / 1e3);
      if (time.textContent !== text) time.textContent = text;
    }
  }
  setInterval(refresh, 60e3);
  doc.addEventListener("visibilitychange", () => doc.hidden || refresh());

  // -- Selection, copying, forms -----------------------------------------------------------------------------------
  function tally() {
    const counter = one("#selection-count");
    if (counter) counter.textContent = all(".row input:checked").length;
  }
  doc.addEventListener("change", (event) => event.target.name === "drift" && tally());
  doc.addEventListener("htmx:after:swap", () => (tally(), count()));

  doc.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]"), source = button && one(button.dataset.copy);
    if (!source) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
      announce("Copied");
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = label), 2e3);
  });
  // A form marked so is empty again once its text was taken.
  doc.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
    if (target.matches?.("form[data-clear]") && ctx.response.status < 400) target.reset();
  });

  // -- Keys ----------------------------------------------------------------------------------------------------
  const PLACES = { o: "/", d: "/drifts", s: "/stacks", a: "/alerts", u: "/audit" };
  let prefix = 0;

  function move(step) {
    const links = all(".row-link");
    const here = links.indexOf(doc.activeElement?.closest(".row")?.querySelector(".row-link"));
    const next = links[here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step];
    next?.focus();
    next?.closest(".row").scrollIntoView({ block: "nearest" });
  }

  const KEYS = {
    "?": () => one("#keys")?.togglePopover(),
    "/": () => one("input[type=search]")?.focus(),
    ".": () => one("#drifts-news:not([hidden]), #alerts-news:not([hidden]), #much-changed a")?.click(),
    j: () => move(1),
    k: () => move(-1),
    x: () => doc.activeElement?.closest(".row")?.querySelector("input")?.click(),
    s: () => {
      const later = one(".later");
      if (later) (later.open = true), later.querySelector("select").focus();
    },
    a: () => (one("#decision-reason")?.value ? one(".verdict.approve") : one("#decision-reason"))?.focus(),
    r: () => (one("#decision-reason")?.value ? one(".verdict.reject") : one("#decision-reason"))?.focus(),
    g: () => (prefix = Date.now()),
  };

  doc.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const place = Date.now() - prefix < 1500 && PLACES[event.key];
    if (place) return void location.assign(place);
    const action = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  tally();
})();
