"""The JSON API: Bearer tokens only, never cookies."""

from quart import Blueprint

from driftsentry.api.v1 import (
    alerts,
    audit_logs,
    auth,
    drift_decisions,
    drifts,
    metrics,
    notifications,
    reports,
    sessions,
    specification,
    stacks,
    tokens,
    users,
)

BLUEPRINTS: tuple[Blueprint, ...] = tuple(
    module.blueprint
    for module in (
        alerts,
        audit_logs,
        auth,
        drift_decisions,
        drifts,
        metrics,
        notifications,
        reports,
        sessions,
        specification,
        stacks,
        tokens,
        users,
    )
)
