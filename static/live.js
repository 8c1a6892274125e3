// What a page does by itself while it stays open. Without this file every page works, and stays as it was loaded.
(() => {
  "use strict";
  const QUIET = 10e3;
  const doc = document, one = (selector) => doc.querySelector(selector), all = (selector) => [...doc.querySelectorAll(selector)];
  doc.documentElement.dataset.script = "on";

  // -- The connection: hx-ws opens it, and again when it was lost; here it is watched, and replaced where it is blocked
  const STATES = {
    connecting: ["Connecting", "This page updates by itself once it is connected."],
    live: ["Live", "This page updates by itself."],
    paused: ["Paused", "This page updates again when you look at it."],
    reconnecting: ["Reconnecting", "The connection was lost. What happens meanwhile is shown when it is back."],
    polling: ["Polling", "Live connections are blocked on the way here, so this page asks for changes from time to time."],
    "signed-out": ["Signed out", "Your session has ended: this page no longer updates. What you typed stays."],
  };
  const ping = Number(doc.body.dataset.ping) * 1e3, SILENCE = 2 * ping + 2e3, POLL = Math.min(ping, 30e3);
  const OPENING = 10e3, LONG = 15e3, FEW = 3;
  let connection = null, isOpen = false, isPolling = false, isSignedOut = false;
  // `failures`: connections in a row on which nothing was heard. The others are times.
  let failures = 0, heard = Date.now(), lost = heard, tried = heard, polled = 0;

  function state() {
    if (isSignedOut) return "signed-out";
    if (doc.hidden) return "paused";
    if (isOpen) return "live";
    return isPolling ? "polling" : failures ? "reconnecting" : "connecting";
  }

  function show() {
    const chip = one("#live-state"), name = state(), [label, title] = STATES[name];
    if (!chip) return;
    const left = Math.ceil((tried - Date.now()) / 1e3);
    const text = name === "reconnecting" && left > 0 ? `${label} in ${left} s` : label;
    if (chip.textContent !== text) chip.textContent = text;
    if (chip.dataset.state !== name) (chip.dataset.state = name), (chip.title = title);
  }

  // hx-ws connects again to `connection.url`; what this page has seen by then must not come twice, nor get lost.
  function remember() {
    const seq = Number(one("#live-cursor")?.dataset.seq);
    if (!connection || !seq) return;
    const url = new URL(connection.url);
    if (seq > Number(url.searchParams.get("after"))) url.searchParams.set("after", seq);
    connection.url = url.href;
  }

  // Random, so that after a restart not everybody comes in the same second; ours, so that the chip can count it down.
  function wait() {
    const { reconnectDelay, reconnectMaxDelay, reconnectJitter } = htmx.config.ws;
    const middle = isPolling ? POLL : Math.min(reconnectDelay * 2 ** (failures - 1), reconnectMaxDelay);
    return middle * (1 + reconnectJitter * (2 * Math.random() - 1));
  }

  // As if it had closed: where nobody answers any more, a browser takes its time to say so.
  const lose = (code) => connection.socket?.dispatchEvent(new CloseEvent("close", { code }));

  function signOut() {
    isSignedOut = true;
    const next = encodeURIComponent(location.pathname + location.search);
    tell("signed-out", "You are signed out. What you typed is still here. ", "Sign in", "/login?next=" + next);
    show();
  }

  function obey(text) {
    const { type, seq } = JSON.parse(text);
    if (type === "hb") connection.socket.send(text);
    if (type === "reload") tell("much-changed", "Much has changed. ", "Show it", location.href);
    if (type === "reload" && seq) Object.assign(one("#live-cursor")?.dataset ?? {}, { seq, say: "" }), remember();
  }

  function taken() {
    release();
    remember();
    count();
    const { seq, say } = one("#live-cursor")?.dataset ?? {};
    if (say && seq !== told) announce(say);
    told = seq;
  }

  // The same changes without a socket. An answer that comes when there is one again is thrown away: it brought them.
  async function poll() {
    polled = Date.now();
    const path = "/live/changes" + new URL(connection.url).search;
    const ask = { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(OPENING) };
    const answer = await fetch(path, ask).catch(() => null), text = await answer?.text().catch(() => "");
    if (isOpen) return;
    isPolling = Boolean(answer?.ok);
    show();
    if (answer?.status === 401) lose(4401), signOut();
    if (!isPolling || !text) return;
    if (text[0] === "{") return obey(text);
    hold();
    await htmx.swap({ sourceElement: one("#live"), target: one("#live"), swap: "none", text });
    taken();
  }

  doc.addEventListener("htmx:ws:before:connection", ({ detail }) => ((connection = detail.connection), show()));
  doc.addEventListener("htmx:ws:after:connection", () => {
    isOpen = true;
    isPolling = false;
    heard = Date.now();
    show();
  });
  doc.addEventListener("htmx:ws:close", ({ detail: { code } }) => {
    if (isOpen) lost = Date.now();
    isOpen = false;
    failures += 1;
    if (code === 4401) return signOut();
    const delay = wait();
    Object.assign(connection.config, { reconnectDelay: delay, reconnectMaxDelay: delay, reconnectJitter: 0 });
    heard = tried = Date.now() + delay;
    show();
  });
  doc.addEventListener("htmx:ws:before:message:incoming", ({ detail: { message } }) => {
    heard = Date.now();
    failures = 0;
    hold();
    if (message.data[0] === "{") obey(message.data);
  });
  doc.addEventListener("htmx:ws:after:message:incoming", taken);
  // hx-ws closes what is hidden, and opens it at once when it is seen again.
  doc.addEventListener("visibilitychange", () => {
    if (!doc.hidden && !isOpen) (failures = polled = 0), (heard = lost = tried = Date.now());
    show();
  });
  setInterval(() => {
    const now = Date.now();
    if (!connection || doc.hidden || isSignedOut) return;
    if (now - heard > (isOpen ? SILENCE : OPENING)) lose(1006);
    const isBlocked = isPolling || failures >= FEW || now - lost > LONG;
    if (!isOpen && isBlocked && now - polled > POLL) poll();
    show();
  }, 1e3);
  // From the back-forward cache a page comes with a dead socket and old facts.
  addEventListener("pageshow", (event) => event.persisted && location.reload());

  // -- What the reader points at stays where it is, whatever grows above it
  let held = null, top = 0;

  function hold() {
    held = one(".row:hover") ?? doc.activeElement?.closest(".row");
    top = held?.getBoundingClientRect().top;
  }

  function release() {
    if (held?.isConnected) scrollBy({ top: held.getBoundingClientRect().top - top, behavior: "instant" });
    held = null;
  }

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
  function tell(id, text, label, href) {
    const flash = one("#flash");
    if (!flash || doc.getElementById(id)) return;
    const note = doc.createElement("p"), link = doc.createElement("a");
    note.id = id;
    note.className = "note note-warn";
    link.href = href;
    link.textContent = label;
    note.append(text, link);
    hold();
    flash.append(note);
    release();
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
