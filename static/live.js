// What a page does by itself while it stays open. Without this file every page works, and stays as it was loaded.
const page = document, on = (event, listen) => page.addEventListener(event, listen);
const one = (selector) => page.querySelector(selector), all = (selector) => [...page.querySelectorAll(selector)];
page.documentElement.dataset.script = "on";

// -- The connection: hx-ws opens it, and again when it was lost; here it is watched, and replaced where it is blocked
const POLL = page.body.dataset.ping * 1e3, SILENCE = 2 * POLL + 2e3, OPENING = 10e3, LONG = 8e3, HIDDEN = 60e3;
let state = "Connecting", connection = null;
let lost = Date.now(), again = lost, heard = lost, asked = 0; // when: `again` is to come, the others have been

function enter(next) {
  state = next;
  const shown = page.hidden && state !== "Signed out" ? "Paused" : state, chip = one("#live-state");
  const left = Math.ceil((again - Date.now()) / 1e3), [word] = shown.toLowerCase().split(" ");
  const text = shown === "Reconnecting" && left > 0 ? `${shown} in ${left} s` : shown;
  if (chip && chip.textContent !== text)
    Object.assign(chip, { textContent: text, title: chip.dataset[word] }).dataset.state = word;
  if (state === "Signed out") one("#signed-out").hidden = false;
}

// As if it had closed: where nobody answers any more, a browser takes its time to say so.
const lose = (code) => connection.socket.dispatchEvent(new CloseEvent("close", { code }));

// What is no HTML: a heartbeat, to be sent back; or that it was too much to be sent.
function obey(text) {
  const { type, seq } = JSON.parse(text);
  if (type === "hb") return connection.socket.send(text);
  one("#much-changed").hidden = false;
  if (seq) one("#live-cursor").dataset.seq = seq;
}

function taken() {
  const cursor = one("#live-cursor").dataset;
  release();
  count();
  if (cursor.say) announce(cursor.say), (cursor.say = "");
  // Where hx-ws goes on when it connects again: nothing that was seen comes twice, or gets lost.
  if (cursor.seq) connection.url = connection.url.replace(/after=\d+/, `after=${cursor.seq}`);
}

// The same changes without a socket. An answer that comes when there is one again is thrown away: it brought them.
async function poll() {
  const ask = { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(OPENING) };
  const answer = await fetch("/live/changes" + new URL(connection.url).search, ask).catch(() => null);
  const text = answer?.ok && (await answer.text().catch(() => "")), live = one("#live");
  if (state === "Live") return;
  if (answer?.status === 401) return lose(4401);
  if (!page.hidden) enter(answer?.ok ? "Polling" : "Reconnecting");
  if (!text) return;
  hold();
  text[0] === "{" ? obey(text) : await htmx.swap({ sourceElement: live, target: live, swap: "none", text });
  taken();
}

on("htmx:ws:before:connection", ({ detail }) => ((connection = detail.connection), enter(state)));
on("htmx:ws:after:connection", () => ((heard = Date.now()), enter("Live")));
on("htmx:ws:close", ({ detail: { code } }) => {
  if (state === "Live") lost = Date.now();
  if (code === 4401) return enter("Signed out");
  // A quarter of the time it has been away. Random, so that not all come at once; ours, so that it can be counted down.
  const delay = Math.min(Math.max(2e3, (Date.now() - lost) / 4), 21e3) * (0.6 + 0.8 * Math.random());
  Object.assign(connection.config, { reconnectDelay: delay, reconnectMaxDelay: delay });
  heard = again = Date.now() + delay;
  enter(state === "Polling" ? state : "Reconnecting");
});
on("htmx:ws:before:message:incoming", ({ detail: { message } }) => {
  heard = Date.now();
  hold();
  if (message.data[0] === "{") obey(message.data);
});
on("htmx:ws:after:message:incoming", taken);
// hx-ws closes what is hidden, and opens it when it is seen again. Meanwhile the page asks, so that its title counts.
on("visibilitychange", () => {
  asked = page.hidden ? Date.now() : 0;
  if (state !== "Live") lost = again = heard = Date.now();
  enter(state === "Reconnecting" ? "Connecting" : state);
  count();
});
setInterval(() => {
  if (!connection || state === "Signed out") return;
  const now = Date.now(), isOpen = state === "Live", isBlocked = state === "Polling" || now - lost > LONG;
  if (!page.hidden && now - heard > (isOpen ? SILENCE : OPENING)) lose(1006);
  if (!isOpen && (page.hidden || isBlocked) && now - asked > (page.hidden ? HIDDEN : POLL)) (asked = now), poll();
  enter(state);
}, 1e3);
addEventListener("pageshow", (event) => event.persisted && location.reload()); // else with a dead socket and old facts

// -- What the reader points at stays where it is, whatever grows above it
let release = () => {};
function hold() {
  const held = one("main li:hover") ?? page.activeElement?.closest("main li"), top = held?.getBoundingClientRect().top;
  release = () => held?.isConnected && scrollBy({ top: held.getBoundingClientRect().top - top, behavior: "instant" });
}

// -- News waits until somebody asks for it; what is said aloud is short, and said at most every ten seconds
let spoken = 0, waiting = null, seen = Infinity, calm = one("link[rel=icon]").href;
function announce(text) {
  clearTimeout(waiting);
  const say = () => ((spoken = Date.now()), (one("#announcer").textContent = text));
  waiting = setTimeout(say, Math.max(200, spoken + 10e3 - Date.now()));
}

// Which news belong into a list, it says itself: `data-fits` is a selector; `data-says`, where only a search can tell.
// The title counts what is critical, and the icon calls when that became more while nobody looked.
function count() {
  all("#selection-count").forEach((place) => (place.textContent = all(".row :checked").length));
  const { fits, says } = one("[data-fits]")?.dataset ?? {};
  const items = fits ? all(`[data-fits] > :is(${fits})`).map((item) => item.dataset.of) : [];
  const { size } = new Set(items.filter((id) => !page.getElementById(id)));
  if (fits) Object.assign(one(".news"), { hidden: !size, textContent: `${says ?? `${size} new`} - Show` });
  const critical = Number(one("#nav-waiting")?.dataset.critical), icon = one("link[rel=icon]");
  seen = page.hidden ? Math.min(seen, critical) : critical;
  page.title = (critical ? `(${critical}) ` : "") + page.title.replace(/^\(\d+\) /, "");
  icon.href = critical > seen ? icon.dataset.calling : calm;
}

// -- Times, in the words of templating.age, by the server's clock: the reader's may be wrong
const DAY = 86400, MONTH = 30 * DAY, YEAR = 365 * DAY, ahead = Date.parse(page.body.dataset.now) - Date.now() || 0;
const SHORT = [[3600, 60, "min"], [DAY, 3600, "h"]], LONGER = [[60 * DAY, DAY, "day"], [2 * YEAR, MONTH, "month"]];
const TIMES = [...SHORT, ...LONGER, [Infinity, YEAR, "year"]]; // below so many seconds, in units of so many
setInterval(() => {
  for (const time of all("time[datetime]:not([data-absolute])")) {
    const seconds = (Date.now() + ahead - Date.parse(time.dateTime)) / 1e3;
    const [, unit, noun] = TIMES.find(([limit]) => seconds < limit), number = Math.floor(seconds / unit);
    time.textContent = seconds < 60 ? "just now" : `${number} ${noun}${unit < DAY || number === 1 ? "" : "s"} ago`;
  }
}, 60e3);

// -- Commands are copied, and a form marked so is empty again once its text was taken
on("click", ({ target }) => {
  const button = target.closest?.("[data-copy]"), source = button && one(button.dataset.copy);
  if (!source) return;
  const say = (text) => (button.textContent = text);
  getSelection().selectAllChildren(source); // where nothing may be written to the clipboard, Ctrl+C does it
  navigator.clipboard?.writeText(source.innerText).then(() => (say("Copied"), setTimeout(say, 2e3, "Copy")), () => {});
});
on("htmx:after:request", ({ target, detail: { ctx } }) => {
  if (target.matches?.("form[data-clear]") && ctx.response.status < 400) target.reset();
});
// Who reads one alert after the other goes on with the next: the button that was pressed is gone.
const behind = (row) => all(".alert button").find((button) => row.compareDocumentPosition(button) & 4);
on("htmx:after:swap", ({ detail: { ctx } }) => ctx?.target?.matches?.(".alert") && behind(ctx.target)?.focus());
for (const event of ["change", "htmx:after:swap"]) on(event, count);
count();
