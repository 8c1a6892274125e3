// The list of drifts with Express, EJS and better-sqlite3 or pg, as one would write it to be fast.
// node server.js PORT DATABASE_URL; SECRET_KEY signs the cookie, JWT_SECRET the access token.
import { createHash, createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import cookieParser from "cookie-parser";
import express from "express";
import { entryOf } from "./entry.js";
import { queriesOf } from "./queries.js";
import { open } from "./store.js";
import { age, absolute, count, tabsOf, waitingOf, wantedOf, urlOf } from "./views.js";

const PAGE = 50;
const ENOUGH = 10_000;
const [port, url] = process.argv.slice(2);
const queries = queriesOf(open(url));
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';" +
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

const app = express();
app.set("view engine", "ejs");
app.set("views", new URL("views", import.meta.url).pathname);
app.set("view cache", true);
app.disable("x-powered-by");
app.disable("etag"); // a hash over each answer; DriftSentry makes none for pages either
app.locals = Object.assign(app.locals, { age, absolute, count });
app.use(cookieParser(process.env.SECRET_KEY));
app.use((request, response, next) => {
  response.set(HEADERS);
  response.set("X-Request-Id", randomUUID());
  next();
});

async function signedIn(request, response, next) {
  const secret = request.signedCookies.session;
  const hash = secret && createHash("sha256").update(secret).digest("hex");
  const person = hash && (await queries.browser(hash));
  if (!person || new Date(person.expires_at) < Date.now()) return response.redirect(303, "/login");
  request.person = person;
  next();
}

async function bearer(request, response, next) {
  const claim = claimOf(request.get("Authorization") ?? "");
  const person = claim && (await queries.program(claim.sid));
  if (!person || person.id !== claim.sub) return response.status(401).json({ success: false });
  request.person = person;
  next();
}

function claimOf(header) {
  const [head, body, signature] = header.replace(/^Bearer /, "").split(".");
  if (!signature) return null;
  const right = createHmac("sha256", process.env.JWT_SECRET).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const claim = JSON.parse(Buffer.from(body, "base64url"));
  return claim.exp * 1000 > Date.now() ? claim : null;
}

app.get("/drifts", signedIn, async (request, response) => {
  const wanted = wantedOf(request.query), now = Date.now();
  // PostgreSQL works on them side by side.
  const [found, stacks, counts, all, unread, seq, matches] = await Promise.all([
    queries.page(wanted, PAGE + 1),
    queries.stacks(),
    queries.counts(wanted.environment),
    wanted.environment ? queries.counts("") : null,
    queries.unread(request.person.id),
    queries.latest(),
    wanted.words.length ? queries.matches(wanted, ENOUGH + 1) : null,
  ]);
  const rows = found.slice(0, PAGE).map((row) => ({ ...row, attributes: JSON.parse(row.attributes) }));
  const tabs = tabsOf(counts, wanted);
  const last = found.length > PAGE ? rows[PAGE - 1] : null;
  response.render("list", {
    rows, stacks, tabs, wanted, unread, now, seq,
    person: request.person,
    path: request.originalUrl,
    waiting: waitingOf(all ?? counts),
    total: matches ?? tabs[0].count,
    next: last && urlOf(wanted, [last.severity_rank, last.detected_at, last.id]),
  });
});

app.get("/api/v1/drifts", bearer, async (request, response) => {
  const size = Number(request.query.pageSize ?? 20);
  const [found, counts] = await Promise.all([queries.entries(size + 1), queries.counts("")]);
  const rows = found.slice(0, size);
  const total = counts.reduce((sum, kind) => sum + Number(kind.amount), 0);
  const last = rows.at(-1);
  const cursor = Buffer.from(JSON.stringify(["-updatedAt", last.updated_at, last.id])).toString("base64url");
  response.json({
    success: true,
    data: rows.map(entryOf),
    meta: { page: 1, pageSize: size, total, hasMore: found.length > size, nextCursor: cursor, isCapped: false },
  });
});

app.listen(Number(port), "127.0.0.1", 1024, () => console.log("ready"));
