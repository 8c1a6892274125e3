-- The whole current schema, for SQLite and PostgreSQL. A fresh database is made from this file; an older one
-- walks driftsentry/migrations/. A test proves that both ways end in the same schema.
--
-- Times are RFC 3339 text in UTC with microseconds: they sort as text. Ids are sortable text (ids.py), but for
-- drifts, whose number people say aloud. Yes and no are 1 and 0. JSON is text: only the program looks into it.
-- Statements below `-- only: ENGINE` are for that engine, those below `-- both` for both.

CREATE TABLE schema_version (
    version     INTEGER PRIMARY KEY,
    applied_at  TEXT NOT NULL
);

-- People ------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    email          TEXT NOT NULL UNIQUE,           -- lower case
    name           TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('viewer', 'engineer', 'admin')),
    password_hash  TEXT NOT NULL,                  -- bcrypt; '' for somebody who was invited and has none yet
    theme          TEXT NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    is_active       INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at      TEXT NOT NULL,
    alerts_read_to  INTEGER NOT NULL DEFAULT 0,     -- alerts up to this one are read; later ones have a row each
    signed_in_at    TEXT,                           -- last time
    preferences     TEXT NOT NULL DEFAULT '{}'      -- JSON: how he likes his pages
);

-- One row a sign-in, of a browser or of a program. The browser holds a random secret in a signed cookie, this
-- table its hash; of a program's session it holds what no cookie can hash to.
CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    secret_hash   TEXT NOT NULL UNIQUE,
    user_agent    TEXT NOT NULL,
    address       TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    last_seen_at  TEXT NOT NULL,
    expires_at    TEXT NOT NULL,                   -- the absolute limit; the idle limit counts from last_seen_at
    revoked_at    TEXT,
    revoked_why   TEXT,
    kind          TEXT NOT NULL DEFAULT 'browser' CHECK (kind IN ('browser', 'api'))
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

-- What a program renews its access token with: each is used once and has one successor.
CREATE TABLE refresh_tokens (
    token_hash  TEXT PRIMARY KEY,                  -- keyed
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    expires_at  TEXT NOT NULL,
    spent_at    TEXT
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Links that let somebody set a password once: an invitation, or a reset by an admin.
CREATE TABLE one_time_links (
    id           TEXT PRIMARY KEY,
    secret_hash  TEXT NOT NULL UNIQUE,
    user_id      TEXT NOT NULL REFERENCES users (id),
    purpose      TEXT NOT NULL CHECK (purpose IN ('invite', 'reset')),
    created_by   TEXT NOT NULL,                    -- who made it, as the log names him
    created_at   TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    used_at      TEXT                              -- or when another link took its place
);
CREATE INDEX one_time_links_by_user ON one_time_links (user_id);

-- Hashes of the codes that open /setup while there is no user: one for each start of a process.
CREATE TABLE setup_codes (
    code_hash   TEXT PRIMARY KEY,
    created_at  TEXT NOT NULL
);

-- Answers to POSTs that named an Idempotency-Key: the same request again gets the same answer.
CREATE TABLE idempotency_keys (
    key_hash      TEXT PRIMARY KEY,                -- over the caller, the address and the key
    request_hash  TEXT NOT NULL,
    status        INTEGER,                         -- NULL until the answer is kept
    answer        TEXT,
    created_at    TEXT NOT NULL
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Wrong passwords, for the throttle. Kept here so that a restart clears nothing.
CREATE TABLE login_failures (
    id           TEXT PRIMARY KEY,
    account_key  TEXT NOT NULL,                    -- keyed hash of what was typed as e-mail: known accounts or not
    address      TEXT NOT NULL,
    failed_at    TEXT NOT NULL
);
CREATE INDEX login_failures_by_account ON login_failures (account_key, failed_at);
CREATE INDEX login_failures_by_address ON login_failures (address, failed_at);

-- What CI jobs post reports with.
CREATE TABLE tokens (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    secret_hash        TEXT NOT NULL UNIQUE,
    stacks             TEXT NOT NULL,              -- JSON list of globs
    created_at         TEXT NOT NULL,
    expires_at         TEXT NOT NULL,
    last_used_at       TEXT,
    last_used_address  TEXT,
    revoked_at         TEXT,
    scope              TEXT NOT NULL DEFAULT 'report:write' CHECK (scope IN ('report:write', 'metrics:read')),
    created_by         TEXT NOT NULL DEFAULT ''    -- who made it, as the log names him
);

-- Stacks and what is reported of them -------------------------------------------------------------------------

CREATE TABLE stacks (
    id                 TEXT PRIMARY KEY,
    slug               TEXT NOT NULL UNIQUE,
    environment        TEXT NOT NULL,
    interval_seconds   INTEGER NOT NULL,           -- a report is expected this often
    created_at         TEXT NOT NULL,
    newest_scan_at     TEXT,                       -- the newest report by the tool's own time: older ones change nothing
    last_report_id     TEXT,
    last_report_at     TEXT,
    last_complete_at   TEXT,
    incomplete_reason  TEXT NOT NULL DEFAULT '',   -- of the last report; '' when it was complete
    is_errored         INTEGER NOT NULL DEFAULT 0 CHECK (is_errored IN (0, 1)),
    stale_noted_for    TEXT,                       -- the last report, when it was noted that no other followed
    grace_seconds      INTEGER NOT NULL DEFAULT 21600,                  -- it may be that much later
    interval_source    TEXT NOT NULL DEFAULT 'default' CHECK (interval_source IN ('default', 'learned', 'set')),
    late_noted_for     TEXT,                       -- as stale_noted_for, when it is only late
    announced_drifts   INTEGER NOT NULL DEFAULT 0, -- what HCP counted since the last report, and nobody has seen
    announced_at       TEXT,
    newest_whole_at    TEXT                        -- of the newest complete report, by the tool's own time
);

CREATE TABLE reports (
    id                 TEXT PRIMARY KEY,
    stack_id           TEXT NOT NULL REFERENCES stacks (id),
    token_id           TEXT REFERENCES tokens (id),
    received_at        TEXT NOT NULL,
    scanned_at         TEXT NOT NULL,              -- the tool's own time, or received_at where it gives none
    body_hash          TEXT NOT NULL,              -- keyed; the body itself is never stored
    format             TEXT NOT NULL,
    tool               TEXT NOT NULL,
    tool_version       TEXT NOT NULL,
    mode               TEXT NOT NULL,
    run_id             TEXT NOT NULL DEFAULT '',
    run_url            TEXT NOT NULL DEFAULT '',
    commit_hash        TEXT NOT NULL DEFAULT '',
    is_late            INTEGER NOT NULL CHECK (is_late IN (0, 1)),      -- older than the newest: changed nothing
    is_complete        INTEGER NOT NULL CHECK (is_complete IN (0, 1)),
    incomplete_reason  TEXT NOT NULL,
    detected           INTEGER NOT NULL,
    changed            INTEGER NOT NULL,
    unchanged          INTEGER NOT NULL,
    reopened           INTEGER NOT NULL,
    resolved           INTEGER NOT NULL,
    informational      INTEGER NOT NULL,
    held               INTEGER NOT NULL DEFAULT 0,                      -- drifts whose end waits for an engineer
    held_until         TEXT,                                            -- when somebody confirmed or dismissed that
    duration_ms        INTEGER,                                         -- of the scan, where tool or caller says it
    took_ms            INTEGER NOT NULL DEFAULT 0,                      -- to take it in
    announced          INTEGER NOT NULL DEFAULT 0,                      -- a notification: drifts counted, not named
    repeat_hash        TEXT NOT NULL DEFAULT ''                         -- keyed, over the body without its time
);
CREATE INDEX reports_by_stack ON reports (stack_id, received_at);
CREATE INDEX reports_by_body ON reports (stack_id, body_hash);
CREATE INDEX reports_by_token ON reports (token_id, received_at);
CREATE INDEX reports_held ON reports (stack_id, held) WHERE held > 0 AND held_until IS NULL;

-- Drifts ------------------------------------------------------------------------------------------------------

-- One row for life: (stack, address, deposed key). It is opened again, never duplicated.
CREATE TABLE drifts (
    id               INTEGER PRIMARY KEY,
    stack_id         TEXT NOT NULL REFERENCES stacks (id),
    address          TEXT NOT NULL,
    deposed          TEXT NOT NULL DEFAULT '',
    module_address   TEXT NOT NULL,
    resource_type    TEXT NOT NULL,
    resource_name    TEXT NOT NULL,
    provider         TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('detected', 'approved', 'rejected', 'resolved')),
    cause            TEXT NOT NULL CHECK (cause IN ('out_of_band', 'informational')),
    cause_reason     TEXT NOT NULL,
    action           TEXT NOT NULL,
    severity         TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    severity_rank    INTEGER NOT NULL,             -- 1 low to 4 critical: the order of the list
    severity_rule    TEXT NOT NULL,
    severity_reason  TEXT NOT NULL,
    fingerprint      TEXT NOT NULL,                -- keyed hash over the significant differences, secrets included
    changes          TEXT NOT NULL,                -- JSON: the attribute diff, masked
    attributes       TEXT NOT NULL,                -- JSON list: names of the attributes that differ
    hidden_changes   INTEGER NOT NULL,             -- lines left out of `changes` by a limit
    search_text      TEXT NOT NULL,                -- words, separated by blanks
    version          INTEGER NOT NULL,             -- grows with everything that can be seen of the row
    first_seen_at    TEXT NOT NULL,
    detected_at      TEXT NOT NULL,                -- when it last became `detected`
    seen_at          TEXT NOT NULL,                -- when it last differed from what was known
    updated_at       TEXT NOT NULL,
    reopened         INTEGER NOT NULL DEFAULT 0,   -- how often
    decision_id      TEXT,                         -- the last decision, also when its fingerprint is history
    resolved_at      TEXT,
    hidden_digest    TEXT NOT NULL DEFAULT '',     -- keyed hash over the significant ones among hidden_changes
    is_unknown       INTEGER NOT NULL DEFAULT 0 CHECK (is_unknown IN (0, 1)),   -- known from a log: no attributes
    ignored_changes  INTEGER NOT NULL DEFAULT 0,   -- lines of `changes` that an ignore rule covers
    is_snoozed       INTEGER NOT NULL DEFAULT 0 CHECK (is_snoozed IN (0, 1)),
    snoozed_until    TEXT,                         -- NULL of one that is snoozed: until it changes
    fingerprint_version  INTEGER NOT NULL DEFAULT 2,                            -- 1: as schemas before 3 made it
    source_digest    TEXT NOT NULL DEFAULT '',     -- keyed hash over what the facts were read from
    told_at          TEXT NOT NULL DEFAULT '',     -- the time of the scan that the facts are of, where that matters
    UNIQUE (stack_id, address, deposed)
);
CREATE INDEX drifts_by_urgency ON drifts (status, cause, is_snoozed, severity_rank, detected_at, id);
CREATE INDEX drifts_by_change ON drifts (status, cause, updated_at, id);
CREATE INDEX drifts_by_update ON drifts (updated_at, id);
CREATE INDEX drifts_informational ON drifts (updated_at, id) WHERE cause = 'informational' AND status <> 'resolved';
CREATE INDEX drifts_of_stack ON drifts (stack_id, status, cause, is_snoozed, severity_rank, detected_at, id);
CREATE INDEX drifts_open_again ON drifts (status, severity_rank, detected_at, id)
    WHERE status = 'detected' AND decision_id IS NOT NULL;
CREATE INDEX drifts_snoozed ON drifts (snoozed_until) WHERE is_snoozed = 1;

CREATE TABLE decisions (
    id             TEXT PRIMARY KEY,
    drift_id       INTEGER NOT NULL REFERENCES drifts (id),
    user_id        TEXT NOT NULL REFERENCES users (id),
    verdict        TEXT NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    reason         TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,                  -- the facts that were seen and decided on
    changes        TEXT NOT NULL,                  -- the same, to show what is different since
    until          TEXT,                           -- an approval may lapse
    decided_at     TEXT NOT NULL,
    detected_at    TEXT                            -- since when it had waited; unknown for old ones
);
CREATE INDEX decisions_by_drift ON decisions (drift_id, decided_at);
CREATE INDEX decisions_by_until ON decisions (until) WHERE until IS NOT NULL;
CREATE INDEX drifts_by_end ON drifts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX drifts_by_address ON drifts (address, id);

-- Drifts that a held report no longer has. They stay as they are until an engineer confirms that they are gone.
CREATE TABLE held_drifts (
    report_id    TEXT NOT NULL REFERENCES reports (id),
    drift_id     INTEGER NOT NULL REFERENCES drifts (id),
    fingerprint  TEXT NOT NULL,                    -- of the facts at that time: others mean that it is back
    PRIMARY KEY (report_id, drift_id)
);

-- What is ignored: differences that nobody wants to decide on, until a day. Never a deletion or a replacement.
CREATE TABLE ignore_rules (
    id             TEXT PRIMARY KEY,
    stack_glob     TEXT NOT NULL,
    resource_type  TEXT NOT NULL,                  -- a glob; '*' is every type
    address_glob   TEXT NOT NULL,
    path           TEXT NOT NULL,                  -- JSON list: the attribute path; null stands for any part
    value_glob     TEXT NOT NULL,                  -- over the real value as text; '*' is every value, secrets too
    reason         TEXT NOT NULL,
    owner_id       TEXT NOT NULL REFERENCES users (id),
    created_at     TEXT NOT NULL,
    ends_at        TEXT NOT NULL,
    ended_at       TEXT,                           -- when what it hid came back
    ended_by       TEXT                            -- who ended it before its day, as the log names him
);
CREATE INDEX ignore_rules_by_end ON ignore_rules (ends_at) WHERE ended_at IS NULL;

CREATE TABLE ignored_drifts (
    rule_id   TEXT NOT NULL REFERENCES ignore_rules (id),
    drift_id  INTEGER NOT NULL REFERENCES drifts (id),
    lines     INTEGER NOT NULL,                    -- differences that this rule covers
    PRIMARY KEY (rule_id, drift_id)
);
CREATE INDEX ignored_drifts_by_drift ON ignored_drifts (drift_id);

-- Severity rules of the admins' own; and of those that ship, what admins changed: their id is the shipped name.
CREATE TABLE severity_rules (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    conditions  TEXT NOT NULL,                     -- JSON; '' for one that ships
    reason      TEXT NOT NULL,
    is_active   INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    position    INTEGER,                           -- among those of its severity; NULL: where it ships
    created_by  TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
);

-- Attributes that have another value on each scan of a stack while nothing else changes.
CREATE TABLE learned_attributes (
    stack_id       TEXT NOT NULL REFERENCES stacks (id),
    resource_type  TEXT NOT NULL,
    path           TEXT NOT NULL,                  -- JSON list; null stands for any index
    learned_at     TEXT NOT NULL,
    PRIMARY KEY (stack_id, resource_type, path)
);

-- How many reports in a row changed one value of a drift and nothing else.
CREATE TABLE value_streaks (
    drift_id     INTEGER NOT NULL REFERENCES drifts (id),
    path         TEXT NOT NULL,
    changes      INTEGER NOT NULL,
    fingerprint  TEXT NOT NULL,                    -- of the facts by then
    seen         TEXT NOT NULL,                    -- the digests of its values, separated by blanks
    PRIMARY KEY (drift_id, path)
);

-- How many drifts there are, kept by triggers: counting a million rows for each page is too slow.
CREATE TABLE drift_counts (
    stack_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    cause       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    is_snoozed  INTEGER NOT NULL,
    amount      INTEGER NOT NULL,
    PRIMARY KEY (stack_id, status, cause, severity, is_snoozed)
);

-- What each day did and how it ended, kept with every change: to count it for a chart would take a million rows.
CREATE TABLE drift_days (
    day       TEXT PRIMARY KEY,                    -- in UTC; one without any change has no row
    detected  INTEGER NOT NULL,                    -- came, or came back
    resolved  INTEGER NOT NULL,
    critical  INTEGER,                             -- waited for a decision after its last change; NULL: nobody knows
    high      INTEGER,
    medium    INTEGER,
    low       INTEGER
);

-- How long the decisions of a week had been waited for.
CREATE TABLE decision_weeks (
    week    TEXT NOT NULL,                         -- its Monday, in UTC
    waited  INTEGER NOT NULL,                      -- seconds, cut to minutes, hours (from 1 on) or days (from 2 on)
    amount  INTEGER NOT NULL,
    PRIMARY KEY (week, waited)
);

-- only: sqlite

CREATE TRIGGER drifts_count_insert AFTER INSERT ON drifts BEGIN
    INSERT INTO drift_counts VALUES (new.stack_id, new.status, new.cause, new.severity, new.is_snoozed, 1)
    ON CONFLICT (stack_id, status, cause, severity, is_snoozed) DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER drifts_count_update AFTER UPDATE OF stack_id, status, cause, severity, is_snoozed ON drifts BEGIN
    UPDATE drift_counts SET amount = amount - 1 WHERE stack_id = old.stack_id AND status = old.status
    AND cause = old.cause AND severity = old.severity AND is_snoozed = old.is_snoozed;
    INSERT INTO drift_counts VALUES (new.stack_id, new.status, new.cause, new.severity, new.is_snoozed, 1)
    ON CONFLICT (stack_id, status, cause, severity, is_snoozed) DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER drifts_count_delete AFTER DELETE ON drifts BEGIN
    UPDATE drift_counts SET amount = amount - 1 WHERE stack_id = old.stack_id AND status = old.status
    AND cause = old.cause AND severity = old.severity AND is_snoozed = old.is_snoozed;
END;

CREATE VIRTUAL TABLE drift_search USING fts5 (search_text, content = 'drifts', content_rowid = 'id');

-- New drifts are indexed all at once (`Tx.index_added`): for each row alone a trigger would write the index to disk.
CREATE TRIGGER drifts_search_update AFTER UPDATE OF search_text ON drifts WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO drift_search (drift_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO drift_search (rowid, search_text) VALUES (new.id, new.search_text);
END;

CREATE TRIGGER drifts_search_delete AFTER DELETE ON drifts BEGIN
    INSERT INTO drift_search (drift_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;

-- only: postgresql

CREATE FUNCTION count_drift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE drift_counts SET amount = amount - 1 WHERE stack_id = old.stack_id AND status = old.status
        AND cause = old.cause AND severity = old.severity AND is_snoozed = old.is_snoozed;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO drift_counts AS kept
        VALUES (new.stack_id, new.status, new.cause, new.severity, new.is_snoozed, 1)
        ON CONFLICT (stack_id, status, cause, severity, is_snoozed) DO UPDATE SET amount = kept.amount + 1;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER drifts_count AFTER INSERT OR DELETE OR UPDATE OF stack_id, status, cause, severity, is_snoozed ON drifts
    FOR EACH ROW EXECUTE FUNCTION count_drift();

CREATE INDEX drifts_search ON drifts USING gin (to_tsvector('simple', search_text));

-- both

-- Lists of drifts that somebody gave a name: a query string of `/drifts`, for himself or for everybody.
CREATE TABLE saved_views (
    id          TEXT PRIMARY KEY,
    owner_id    TEXT NOT NULL REFERENCES users (id),
    name        TEXT NOT NULL,
    query       TEXT NOT NULL,
    is_shared   INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
    created_at  TEXT NOT NULL,
    UNIQUE (owner_id, name)
);
CREATE INDEX saved_views_shared ON saved_views (name) WHERE is_shared = 1;

-- What `/drifts` alone shows to somebody.
CREATE TABLE default_views (
    user_id  TEXT PRIMARY KEY REFERENCES users (id),
    view_id  TEXT NOT NULL REFERENCES saved_views (id) ON DELETE CASCADE
);
CREATE INDEX default_views_by_view ON default_views (view_id);

-- Alerts ------------------------------------------------------------------------------------------------------

-- One for what a report, a lapse or a silent stack brings at once.
CREATE TABLE alerts (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('drifts', 'lapsed', 'stale', 'failing', 'held')),
    once_key    TEXT NOT NULL UNIQUE,              -- what it is about: never twice
    stack_id    TEXT NOT NULL REFERENCES stacks (id),
    drift_id    INTEGER,                           -- when it is about one
    report_id   TEXT,
    severity    TEXT CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    drifts      INTEGER NOT NULL DEFAULT 0,        -- how many it is about
    critical    INTEGER NOT NULL DEFAULT 0,        -- and how many of them are critical
    created_at  TEXT NOT NULL
);
CREATE INDEX alerts_by_stack ON alerts (stack_id, id);

-- What was alerted: a drift, with these facts, since it was opened for the nth time. Never twice.
CREATE TABLE alerted_drifts (
    drift_id     INTEGER NOT NULL REFERENCES drifts (id),
    fingerprint  TEXT NOT NULL,
    reason       TEXT NOT NULL CHECK (reason IN ('detected', 'reopened', 'changed', 'lapsed')),
    occurrence   INTEGER NOT NULL,                 -- how often it was opened again by then
    alert_id     INTEGER NOT NULL REFERENCES alerts (id),
    PRIMARY KEY (drift_id, fingerprint, reason, occurrence)
);
CREATE INDEX alerted_drifts_by_alert ON alerted_drifts (alert_id);

CREATE TABLE alert_reads (
    alert_id  INTEGER NOT NULL REFERENCES alerts (id),
    user_id   TEXT NOT NULL REFERENCES users (id),
    read_at   TEXT NOT NULL,
    PRIMARY KEY (alert_id, user_id)
);
CREATE INDEX alert_reads_by_user ON alert_reads (user_id, alert_id);

-- Live ---------------------------------------------------------------------------------------------------------

-- Who is connected to which process just now: no history, and nothing that the log would tell. Each process writes its
-- own rows; they go with it, or are swept when it gives no sign any more.
CREATE TABLE live_processes (
    id          TEXT PRIMARY KEY,
    host        TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    started_at  TEXT NOT NULL,
    seen_at     TEXT NOT NULL,                     -- its last sign
    sockets     INTEGER NOT NULL,                  -- by then
    changes     BIGINT NOT NULL                    -- from its first milliseconds on; others read its rooms when it has grown
);

CREATE TABLE live_rooms (
    process_id  TEXT NOT NULL REFERENCES live_processes (id) ON DELETE CASCADE,
    room        TEXT NOT NULL,
    people      TEXT NOT NULL,                     -- JSON: {id: name}; ids alone where everybody is
    PRIMARY KEY (process_id, room)
);

-- The log ------------------------------------------------------------------------------------------------------

-- Append-only: audit entry, live feed and catch-up source at once. Each row's hash is an HMAC over the row and
-- the hash before it; the key is not in the database.
CREATE TABLE events (
    seq            BIGINT PRIMARY KEY,             -- from 1, without gaps, in the order of the commits
    at             TEXT NOT NULL,
    kind           TEXT NOT NULL,                  -- 'drift.approved', 'report.received', ...
    actor_kind     TEXT NOT NULL CHECK (actor_kind IN ('user', 'token', 'system')),
    actor_id       TEXT NOT NULL,
    actor_name     TEXT NOT NULL,
    address        TEXT NOT NULL,                  -- where from, '' for the system
    request_id     TEXT NOT NULL,
    stack_id       TEXT,
    drift_id       INTEGER,
    report_id      TEXT,
    data           TEXT NOT NULL,                  -- JSON
    previous_hash  TEXT NOT NULL,
    hash           TEXT NOT NULL
);
CREATE INDEX events_by_drift ON events (drift_id, seq);
CREATE INDEX events_by_stack ON events (stack_id, seq);
CREATE INDEX events_by_report ON events (report_id, seq) WHERE report_id IS NOT NULL;
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_actor ON events (actor_id, seq);
CREATE INDEX events_by_address ON events (address, seq);
CREATE INDEX events_by_time ON events (at, seq);

-- The end of the chain, signed, so that a cut tail shows.
CREATE TABLE event_head (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    seq   BIGINT NOT NULL,
    hash  TEXT NOT NULL,
    seal  TEXT NOT NULL
);
INSERT INTO event_head (id, seq, hash, seal) VALUES (1, 0, '', '');

-- only: sqlite

CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events BEGIN
    SELECT RAISE (ABORT, 'events are append-only');
END;

CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events BEGIN
    SELECT RAISE (ABORT, 'events are append-only');
END;

-- only: postgresql

CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only';
END $$;

CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();

CREATE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();
