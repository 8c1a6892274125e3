// A drift as programs get it.
export function entryOf(row) {
  const by = row.verdict && { id: row.user_id, name: row.user_name };
  const isApproved = row.status === "approved", isRejected = row.status === "rejected";
  const isOpen = row.status === "detected";
  return {
    id: String(row.id),
    stack: row.stack,
    environment: row.environment,
    address: row.address,
    deposed: row.deposed || null,
    type: row.type,
    name: row.name,
    module: row.module || null,
    provider: row.provider,
    status: row.status,
    cause: row.cause,
    causeReason: row.cause_reason,
    action: row.action,
    severity: row.severity,
    severityRule: row.severity_rule,
    severityReason: row.severity_reason,
    fingerprint: row.fingerprint,
    attributes: JSON.parse(row.attributes),
    hiddenChanges: row.hidden_changes,
    firstSeenAt: row.first_seen_at,
    detectedAt: row.detected_at,
    lastSeenAt: lastSeen(row),
    updatedAt: row.updated_at,
    resolvedAt: row.resolved_at,
    reopened: row.reopened,
    decision: by && { verdict: row.verdict, by, reason: row.reason, at: row.decided_at, until: row.until,
      fingerprint: row.decided },
    isChangedSinceDecision: isOpen && row.decided !== null && row.decided !== row.fingerprint,
    snoozed: row.is_snoozed === 1,
    snoozedUntil: row.snoozed_until,
    approvedAt: isApproved ? row.decided_at : null,
    approvedBy: isApproved ? by : null,
    rejectedAt: isRejected ? row.decided_at : null,
    rejectedBy: isRejected ? by : null,
    version: row.version,
  };
}

function lastSeen(row) {
  if (row.status === "resolved" || row.last_complete_at === null) return row.seen_at;
  return row.seen_at > row.last_complete_at ? row.seen_at : row.last_complete_at;
}
