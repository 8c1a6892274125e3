-- How somebody likes his pages.
ALTER TABLE users ADD COLUMN preferences TEXT NOT NULL DEFAULT '{}';
