-- Reports of many tools: what is ignored, snoozed and learned, rules as data, and how fresh a stack must be.

ALTER TABLE stacks ADD COLUMN grace_seconds INTEGER NOT NULL DEFAULT 21600;
ALTER TABLE stacks ADD COLUMN interval_source TEXT NOT NULL DEFAULT 'default' CHECK (interval_source IN ('default', 'learned', 'set'));
ALTER TABLE stacks ADD COLUMN late_noted_for TEXT;
ALTER TABLE stacks ADD COLUMN announced_drifts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stacks ADD COLUMN announced_at TEXT;
ALTER TABLE stacks ADD COLUMN newest_whole_at TEXT;
UPDATE stacks SET newest_whole_at = newest_scan_at;
ALTER TABLE reports ADD COLUMN duration_ms INTEGER;
ALTER TABLE reports ADD COLUMN took_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE drifts ADD COLUMN hidden_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE drifts ADD COLUMN is_unknown INTEGER NOT NULL DEFAULT 0 CHECK (is_unknown IN (0, 1));
ALTER TABLE drifts ADD COLUMN ignored_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE drifts ADD COLUMN is_snoozed INTEGER NOT NULL DEFAULT 0 CHECK (is_snoozed IN (0, 1));
ALTER TABLE drifts ADD COLUMN snoozed_until TEXT;
ALTER TABLE drifts ADD COLUMN fingerprint_version INTEGER NOT NULL DEFAULT 2;
ALTER TABLE drifts ADD COLUMN source_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE drifts ADD COLUMN told_at TEXT NOT NULL DEFAULT '';
UPDATE drifts SET fingerprint_version = 1;

DROP INDEX drifts_by_urgency;
CREATE INDEX drifts_by_urgency ON drifts (status, cause, is_snoozed, severity_rank, detected_at, id);
DROP INDEX drifts_of_stack;
CREATE INDEX drifts_of_stack ON drifts (stack_id, status, cause, is_snoozed, severity_rank, detected_at, id);
CREATE INDEX drifts_snoozed ON drifts (snoozed_until) WHERE is_snoozed = 1;
CREATE INDEX events_by_report ON events (report_id, seq) WHERE report_id IS NOT NULL;

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

-- The counts tell what is snoozed from what is not.

-- only: sqlite

DROP TRIGGER drifts_count_insert;
DROP TRIGGER drifts_count_update;
DROP TRIGGER drifts_count_delete;
DROP TRIGGER drifts_search_insert;

-- only: postgresql

DROP TRIGGER drifts_count ON drifts;
DROP FUNCTION count_drift();

-- both

DROP TABLE drift_counts;
CREATE TABLE drift_counts (
    stack_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    cause       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    is_snoozed  INTEGER NOT NULL,
    amount      INTEGER NOT NULL,
    PRIMARY KEY (stack_id, status, cause, severity, is_snoozed)
);

INSERT INTO drift_counts
SELECT stack_id, status, cause, severity, is_snoozed, count(*) FROM drifts
GROUP BY stack_id, status, cause, severity, is_snoozed;

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
