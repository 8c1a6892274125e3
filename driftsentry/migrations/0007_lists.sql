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

-- Drifts that were decided and are open again: those that changed since their approval are among them.
CREATE INDEX drifts_open_again ON drifts (status, severity_rank, detected_at, id)
    WHERE status = 'detected' AND decision_id IS NOT NULL;
