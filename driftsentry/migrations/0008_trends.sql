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

-- The log tells what past days did, the counts of now how the last of them ended; nobody knows it of those before.
INSERT INTO drift_days (day, detected, resolved)
SELECT substr(at, 1, 10), sum(CASE WHEN kind = 'drift.resolved' THEN 0 ELSE 1 END),
    sum(CASE WHEN kind = 'drift.resolved' THEN 1 ELSE 0 END)
FROM events WHERE kind IN ('drift.detected', 'drift.reopened', 'drift.resolved')
    AND data NOT LIKE '%"cause":"informational"%'
GROUP BY substr(at, 1, 10);

INSERT INTO drift_days (day, detected, resolved, critical, high, medium, low)
SELECT day, 0, 0, critical, high, medium, low
FROM (SELECT substr(max(at), 1, 10) AS day FROM events) AS newest, (
    SELECT coalesce(sum(CASE WHEN severity = 'critical' THEN amount END), 0) AS critical,
        coalesce(sum(CASE WHEN severity = 'high' THEN amount END), 0) AS high,
        coalesce(sum(CASE WHEN severity = 'medium' THEN amount END), 0) AS medium,
        coalesce(sum(CASE WHEN severity = 'low' THEN amount END), 0) AS low
    FROM drift_counts WHERE status = 'detected' AND cause = 'out_of_band' AND is_snoozed = 0
) AS waiting
WHERE day IS NOT NULL
ON CONFLICT (day) DO UPDATE SET critical = excluded.critical, high = excluded.high, medium = excluded.medium,
    low = excluded.low;

-- only: sqlite

INSERT INTO decision_weeks (week, waited, amount)
SELECT week, CASE WHEN s < 3600 THEN s - s % 60 WHEN s < 172800 THEN s - s % 3600 ELSE s - s % 86400 END, count(*)
FROM (
    SELECT date(decided_at, 'weekday 0', '-6 days') AS week,
        max(0, CAST(strftime('%s', decided_at) AS INTEGER) - CAST(strftime('%s', detected_at) AS INTEGER)) AS s
    FROM decisions WHERE detected_at IS NOT NULL
) GROUP BY 1, 2;

-- only: postgresql

INSERT INTO decision_weeks (week, waited, amount)
SELECT week, CASE WHEN s < 3600 THEN s - s % 60 WHEN s < 172800 THEN s - s % 3600 ELSE s - s % 86400 END, count(*)
FROM (
    SELECT to_char(date_trunc('week', decided_at::timestamptz AT TIME ZONE 'UTC'), 'YYYY-MM-DD') AS week,
        greatest(0, floor(extract(epoch FROM decided_at::timestamptz - detected_at::timestamptz)))::integer AS s
    FROM decisions WHERE detected_at IS NOT NULL
) AS waits GROUP BY 1, 2;
