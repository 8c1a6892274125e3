-- Sessions of programs, invitations, the first run, alerts, held reports, and what filters of the log need.

ALTER TABLE users ADD COLUMN alerts_read_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN signed_in_at TEXT;
ALTER TABLE sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'browser' CHECK (kind IN ('browser', 'api'));
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'report:write' CHECK (scope IN ('report:write', 'metrics:read'));
ALTER TABLE tokens ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE stacks ADD COLUMN stale_noted_for TEXT;
ALTER TABLE reports ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN held_until TEXT;
ALTER TABLE decisions ADD COLUMN detected_at TEXT;

CREATE INDEX reports_by_token ON reports (token_id, received_at);
CREATE INDEX reports_held ON reports (stack_id, held) WHERE held > 0 AND held_until IS NULL;
CREATE INDEX drifts_by_end ON drifts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX drifts_by_address ON drifts (address, id);
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_actor ON events (actor_id, seq);
CREATE INDEX events_by_address ON events (address, seq);
CREATE INDEX events_by_time ON events (at, seq);

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

-- Drifts that a held report no longer has. They stay as they are until an engineer confirms that they are gone.
CREATE TABLE held_drifts (
    report_id    TEXT NOT NULL REFERENCES reports (id),
    drift_id     INTEGER NOT NULL REFERENCES drifts (id),
    fingerprint  TEXT NOT NULL,                    -- of the facts at that time: others mean that it is back
    PRIMARY KEY (report_id, drift_id)
);

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
