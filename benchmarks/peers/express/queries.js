// The statements: those of DriftSentry, on its own tables and indexes.
const FROM =
  " FROM drifts d JOIN stacks s ON s.id = d.stack_id" +
  " LEFT JOIN decisions x ON x.id = d.decision_id LEFT JOIN users u ON u.id = x.user_id";
const ROW =
  "SELECT d.id, s.slug AS stack, s.environment, d.address, d.deposed, d.status, d.cause, d.action, d.severity," +
  " d.attributes, d.detected_at, d.fingerprint, d.is_snoozed, d.severity_rank, u.name AS decided_by, x.decided_at," +
  " x.fingerprint AS decided" + FROM;
const ENTRY =
  "SELECT d.id, s.slug AS stack, s.environment, d.address, d.deposed, d.resource_type AS type," +
  " d.resource_name AS name, d.module_address AS module, d.provider, d.status, d.cause, d.cause_reason, d.action," +
  " d.severity, d.severity_rule, d.severity_reason, d.fingerprint, d.attributes, d.hidden_changes, d.first_seen_at," +
  " d.detected_at, d.seen_at, d.updated_at, d.resolved_at, d.reopened, d.version, d.is_snoozed, d.snoozed_until," +
  " s.last_complete_at, x.verdict, x.user_id, u.name AS user_name, x.reason, x.fingerprint AS decided, x.decided_at," +
  " x.until" + FROM;
const COUNTS =
  "SELECT c.status, c.cause, c.severity, c.is_snoozed, sum(c.amount) AS amount FROM drift_counts c" +
  " JOIN stacks s ON s.id = c.stack_id";
const KINDS = " GROUP BY c.status, c.cause, c.severity, c.is_snoozed";
const PERSON =
  "SELECT u.id, u.name, u.email, u.role, u.theme, s.last_seen_at, s.expires_at FROM sessions s" +
  " JOIN users u ON u.id = s.user_id WHERE s.revoked_at IS NULL AND u.is_active = 1";
const UNREAD =
  "SELECT count(*) AS unread FROM alerts a JOIN users u ON u.id = ? WHERE a.id > u.alerts_read_to" +
  " AND NOT EXISTS (SELECT 1 FROM alert_reads r WHERE r.alert_id = a.id AND r.user_id = u.id)";
const OPEN = "d.status = 'detected' AND d.cause = 'out_of_band' AND d.is_snoozed = 0";
const RANKS = { low: 1, medium: 2, high: 3, critical: 4 };
const BEHIND = "(d.severity_rank, d.detected_at, d.id) < (?, ?, ?)";

export function queriesOf(store) {
  const narrowed = (wanted) => {
    const conditions = [OPEN], values = [];
    if (wanted.severity) conditions.push("d.severity_rank = ?"), values.push(RANKS[wanted.severity]);
    if (wanted.environment) conditions.push("s.environment = ?"), values.push(wanted.environment);
    if (wanted.words.length) conditions.push(store.search), values.push(store.terms(wanted.words));
    return [conditions, values];
  };
  return {
    async browser(hash) {
      return (await store.all(`${PERSON} AND s.kind = 'browser' AND s.secret_hash = ?`, [hash]))[0];
    },
    async program(id) {
      return (await store.all(`${PERSON} AND s.kind = 'api' AND s.id = ?`, [id]))[0];
    },
    page(wanted, limit) {
      const [conditions, values] = narrowed(wanted);
      if (wanted.after) conditions.push(BEHIND), values.push(...wanted.after);
      const order = " ORDER BY d.severity_rank DESC, d.detected_at DESC, d.id DESC LIMIT ?";
      return store.all(`${ROW} WHERE ${conditions.join(" AND ")}${order}`, [...values, limit]);
    },
    async matches(wanted, limit) {
      const [conditions, values] = narrowed(wanted);
      const inner = `SELECT 1${FROM} WHERE ${conditions.join(" AND ")} LIMIT ?`;
      return Number((await store.all(`SELECT count(*) AS found FROM (${inner}) AS f`, [...values, limit]))[0].found);
    },
    counts(environment) {
      if (environment) return store.all(`${COUNTS} WHERE s.environment = ?${KINDS}`, [environment]);
      return store.all(COUNTS + KINDS);
    },
    stacks: () => store.all("SELECT * FROM stacks ORDER BY slug"),
    async unread(id) {
      return Number((await store.all(UNREAD, [id]))[0].unread);
    },
    async latest() {
      return (await store.all("SELECT seq FROM event_head"))[0].seq;
    },
    entries: (limit) => store.all(`${ENTRY} ORDER BY d.updated_at DESC, d.id DESC LIMIT ?`, [limit]),
  };
}
