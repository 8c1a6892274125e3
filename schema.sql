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
    password_hash  TEXT NOT NULL,                  -- bcrypt
    theme          TEXT NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    is_active      INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at     TEXT NOT NULL
);

-- One row a sign-in. The browser holds a random secret in a signed cookie, this table its hash.
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
    revoked_why   TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

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
    revoked_at         TEXT
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
    is_errored         INTEGER NOT NULL DEFAULT 0 CHECK (is_errored IN (0, 1))
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
    informational      INTEGER NOT NULL
);
CREATE INDEX reports_by_stack ON reports (stack_id, received_at);
CREATE INDEX reports_by_body ON reports (stack_id, body_hash);

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
    UNIQUE (stack_id, address, deposed)
);
CREATE INDEX drifts_by_urgency ON drifts (status, cause, severity_rank, detected_at, id);
CREATE INDEX drifts_by_change ON drifts (status, cause, updated_at, id);
CREATE INDEX drifts_by_update ON drifts (updated_at, id);
CREATE INDEX drifts_informational ON drifts (updated_at, id) WHERE cause = 'informational' AND status <> 'resolved';
CREATE INDEX drifts_of_stack ON drifts (stack_id, status, cause, severity_rank, detected_at, id);

CREATE TABLE decisions (
    id             TEXT PRIMARY KEY,
    drift_id       INTEGER NOT NULL REFERENCES drifts (id),
    user_id        TEXT NOT NULL REFERENCES users (id),
    verdict        TEXT NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    reason         TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,                  -- the facts that were seen and decided on
    changes        TEXT NOT NULL,                  -- the same, to show what is different since
    until          TEXT,                           -- an approval may lapse
    decided_at     TEXT NOT NULL
);
CREATE INDEX decisions_by_drift ON decisions (drift_id, decided_at);
CREATE INDEX decisions_by_until ON decisions (until) WHERE until IS NOT NULL;

-- How many drifts there are, kept by triggers: counting a million rows for each page is too slow.
CREATE TABLE drift_counts (
    stack_id  TEXT NOT NULL,
    status    TEXT NOT NULL,
    cause     TEXT NOT NULL,
    severity  TEXT NOT NULL,
    amount    INTEGER NOT NULL,
    PRIMARY KEY (stack_id, status, cause, severity)
);

-- only: sqlite

CREATE TRIGGER drifts_count_insert AFTER INSERT ON drifts BEGIN
    INSERT INTO drift_counts VALUES (new.stack_id, new.status, new.cause, new.severity, 1)
    ON CONFLICT (stack_id, status, cause, severity) DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER drifts_count_update AFTER UPDATE OF stack_id, status, cause, severity ON drifts BEGIN
    UPDATE drift_counts SET amount = amount - 1
    WHERE stack_id = old.stack_id AND status = old.status AND cause = old.cause AND severity = old.severity;
    INSERT INTO drift_counts VALUES (new.stack_id, new.status, new.cause, new.severity, 1)
    ON CONFLICT (stack_id, status, cause, severity) DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER drifts_count_delete AFTER DELETE ON drifts BEGIN
    UPDATE drift_counts SET amount = amount - 1
    WHERE stack_id = old.stack_id AND status = old.status AND cause = old.cause AND severity = old.severity;
END;

CREATE VIRTUAL TABLE drift_search USING fts5 (search_text, content = 'drifts', content_rowid = 'id');

CREATE TRIGGER drifts_search_insert AFTER INSERT ON drifts BEGIN
    INSERT INTO drift_search (rowid, search_text) VALUES (new.id, new.search_text);
END;

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
        UPDATE drift_counts SET amount = amount - 1
        WHERE stack_id = old.stack_id AND status = old.status AND cause = old.cause AND severity = old.severity;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO drift_counts AS kept VALUES (new.stack_id, new.status, new.cause, new.severity, 1)
        ON CONFLICT (stack_id, status, cause, severity) DO UPDATE SET amount = kept.amount + 1;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER drifts_count AFTER INSERT OR DELETE OR UPDATE OF stack_id, status, cause, severity ON drifts
    FOR EACH ROW EXECUTE FUNCTION count_drift();

CREATE INDEX drifts_search ON drifts USING gin (to_tsvector('simple', search_text));

-- both

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
