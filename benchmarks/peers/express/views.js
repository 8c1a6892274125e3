// What the list is asked for, and how its numbers and times read.
const TABS = {
  open: ["Needs decision", (kind) => isWaiting(kind) && !kind.is_snoozed],
  snoozed: ["Snoozed", (kind) => isWaiting(kind) && kind.is_snoozed],
  approved: ["Approved", (kind) => kind.cause === "out_of_band" && kind.status === "approved"],
  rejected: ["Rejected", (kind) => kind.cause === "out_of_band" && kind.status === "rejected"],
  resolved: ["Resolved", (kind) => kind.cause === "out_of_band" && kind.status === "resolved"],
  informational: ["Informational", (kind) => kind.cause === "informational" && kind.status !== "resolved"],
  all: ["All", () => true],
};
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const isWaiting = (kind) => kind.status === "detected" && kind.cause === "out_of_band";

export function wantedOf(query) {
  return {
    severity: query.severity ?? "",
    environment: query.environment ?? "",
    q: query.q ?? "",
    words: (query.q ?? "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [],
    after: query.after ? JSON.parse(Buffer.from(query.after, "base64url")) : null,
  };
}

export function urlOf(wanted, after, status = "open") {
  const pairs = new URLSearchParams({ status });
  for (const name of ["severity", "environment", "q"]) if (wanted[name]) pairs.set(name, wanted[name]);
  if (after) pairs.set("after", Buffer.from(JSON.stringify(after)).toString("base64url"));
  return `/drifts?${pairs}`;
}

export function tabsOf(counts, wanted) {
  const kinds = wanted.severity ? counts.filter((kind) => kind.severity === wanted.severity) : counts;
  return Object.entries(TABS).map(([key, [label, holds]]) => ({
    key, label,
    count: sum(kinds.filter(holds)),
    href: urlOf(wanted, null, key),
    isCurrent: key === "open",
  }));
}

export const waitingOf = (counts) => sum(counts.filter(TABS.open[1]));

const sum = (kinds) => kinds.reduce((total, kind) => total + Number(kind.amount), 0);
const numbers = new Intl.NumberFormat("en-US");
export const count = (number) => numbers.format(number);

export function age(text, now) {
  const spent = now - Date.parse(text);
  if (spent < MINUTE) return "just now";
  if (spent < HOUR) return `${Math.floor(spent / MINUTE)} min ago`;
  if (spent < DAY) return `${Math.floor(spent / HOUR)} h ago`;
  const days = Math.floor(spent / DAY);
  if (days < 60) return `${days} ${days === 1 ? "day" : "days"} ago`;
  const months = Math.floor(days / 30);
  return `${months} months ago`;
}

export const absolute = (text) => `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
