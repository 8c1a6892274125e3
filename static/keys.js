// Single keys, as `_keys.html` lists them. Where somebody switched them off in Account, this file is not even loaded.
const one = (selector) => document.querySelector(selector), press = (selector) => () => one(selector)?.click();
const ROW = "main :is(.row, .alert, .stack, .entry, .ledger tbody tr)", row = () => document.activeElement.closest(ROW);
const link = (row) => row?.querySelector("a, summary"), box = (row) => row?.querySelector("[type=checkbox]");
const PLACES = { o: "/", d: "/drifts", s: "/stacks", a: "/alerts", u: "/audit" };
let going = 0, verdict = "";

function move(step) {
  const rows = [...document.querySelectorAll(ROW)].filter((each) => link(each)?.checkVisibility());
  const next = rows[rows.indexOf(row()) + step];
  link(next)?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

// To the reason; once there is one, to the button. No single key sends anything.
function decide(wish) {
  if (!one(`${ROW} :checked`)) box(row())?.click();
  const button = one(`button[name=verdict][value=${wish}]`), reason = button?.form.elements.reason;
  (reason?.value ? button : reason)?.focus();
  verdict = wish;
}

// Where a form has several answers, the one that a key has chosen; without that, they are looked at first.
function send({ form }) {
  const [first, ...others] = [...form.elements].filter((each) => each.type === "submit" && !each.disabled);
  const chosen = others.length ? [first, ...others].find((each) => each.value === verdict) : first;
  chosen ? form.requestSubmit(chosen) : first?.focus();
}

const KEYS = {
  "/": () => one("input[type=search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => box(row())?.click(),
  a: () => decide("approved"),
  r: () => decide("rejected"),
  s: () => (one(".later") ? (one(".later").open = true) && one(".later select").focus() : decide("snoozed")),
  v: press(".diff-switch"),
  ".": press(".news:not([hidden]), #much-changed:not([hidden]) a"),
  "[": press("[rel=prev]"),
  "]": press("[rel=next]"),
  g: () => (going = Date.now()),
  "?": () => one("#keys").togglePopover(),
};

document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event, place = Date.now() - going < 1500 && PLACES[key];
  const action = place ? () => location.assign(place) : KEYS[key];
  if (event.isComposing || event.defaultPrevented) return;
  if (key === "Enter" && (ctrlKey || metaKey) && target.form) return send(target);
  if (!action || target.closest("input:not([type=checkbox]), textarea, select")) return;
  if ((ctrlKey || metaKey || altKey) && !event.getModifierState("AltGraph")) return;
  event.preventDefault();
  action();
});
