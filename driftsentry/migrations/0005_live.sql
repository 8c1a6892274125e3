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
