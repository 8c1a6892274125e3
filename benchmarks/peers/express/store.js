// One of two databases behind `all(sql, values)`, with `?` for each value.
import Database from "better-sqlite3";
import pg from "pg";

export function open(url) {
  return url.startsWith("sqlite:") ? sqlite(url.replace("sqlite:///", "")) : postgresql(url);
}

function sqlite(path) {
  const database = new Database(path);
  database.pragma("cache_size = -16384");
  const statements = new Map();
  return {
    search: "d.id IN (SELECT rowid FROM drift_search WHERE drift_search MATCH ?)",
    terms: (words) => words.map((word) => `"${word}"*`).join(" "),
    all(sql, values = []) {
      let statement = statements.get(sql);
      if (!statement) statements.set(sql, (statement = database.prepare(sql)));
      return statement.all(...values);
    },
  };
}

function postgresql(url) {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const names = new Map();
  return {
    search: "to_tsvector('simple', d.search_text) @@ to_tsquery('simple', ?)",
    terms: (words) => words.map((word) => `${word}:*`).join(" & "),
    async all(sql, values = []) {
      let statement = names.get(sql);
      if (!statement) {
        let number = 0;
        statement = { name: `q${names.size}`, text: sql.replace(/\?/g, () => `$${++number}`) };
        names.set(sql, statement);
      }
      return (await pool.query({ ...statement, values })).rows;
    },
  };
}
