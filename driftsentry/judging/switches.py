"""Protections that were switched off, and doors that were switched on."""

from __future__ import annotations

from decimal import Decimal

from driftsentry.ingest.model import Change, Finding
from driftsentry.judging.model import attribute_of, significant

_PUBLIC_ON = frozenset(
    "publicly_accessible public_network_access_enabled endpoint_public_access allow_blob_public_access "
    "allow_nested_items_to_be_public public_access_enabled internet_facing".split()
)
_PUBLIC_OFF = frozenset(
    "block_public_acls block_public_policy ignore_public_acls restrict_public_buckets "
    "uniform_bucket_level_access enable_private_nodes".split()
)
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read", "website", "blob", "container"})
_PROTECTION = frozenset(
    "deletion_protection deletion_protection_enabled deletion_policy_protection disable_api_termination "
    "disable_api_stop enable_deletion_protection prevent_destroy purge_protection_enabled protect_from_scale_in".split()
)
_ENCRYPTION = frozenset(
    "storage_encrypted encrypted encrypt_at_rest at_rest_encryption_enabled transit_encryption_enabled "
    "enable_key_rotation kms_encrypted enable_https_traffic_only https_traffic_only_enabled sse_enabled "
    "sqs_managed_sse_enabled require_ssl ssl_enforcement_enabled encryption_enabled".split()
)
_ENCRYPTION_BLOCKS = frozenset(
    "server_side_encryption_configuration server_side_encryption encryption_configuration encryption_config "
    "encryption kms_key_id kms_master_key_id kms_key_arn kms_key_name".split()
)
_LOGGING = frozenset(
    "enable_logging is_multi_region_trail include_global_service_events enable_log_file_validation "
    "performance_insights_enabled enable_flow_logs logging_enabled".split()
)
_LOGGING_BLOCKS = frozenset(
    "logging access_logs logging_config logging_configuration log_config enabled_cloudwatch_logs_exports "
    "enabled_cluster_log_types enabled_log_types log_publishing_options access_log_settings".split()
)
_RETENTION = frozenset({"retention_in_days", "retention_days", "log_retention_days", "retention_period"})


_ON = (True, "true", "Enabled")
_OFF = (False, None, "false", "Disabled", "Suspended")


def is_public_now(finding: Finding) -> bool | str:
    for change in significant(finding):
        name = attribute_of(change)
        if name in _PUBLIC_ON and change.after is True:
            return f"{name} is on now"
        if name in _PUBLIC_OFF and change.before is True and not change.after:
            return f"{name} is off now"
        if name in ("acl", "container_access_type") and change.after in _PUBLIC_ACLS:
            return f"{name} is {change.after} now"
    if finding.action == "delete" and finding.resource_type.endswith("_public_access_block"):
        return "what blocked public access is gone"
    return False


def lost_protection(finding: Finding) -> bool | str:
    for change in significant(finding):
        name = attribute_of(change)
        if name in _PROTECTION and _is_off(change):
            return f"{name} is off now"
        if name == "backup_retention_period" and change.after == 0:
            return "backups are off now"
    return False


def lost_encryption(finding: Finding) -> bool | str:
    return _lost(finding, _ENCRYPTION, _ENCRYPTION_BLOCKS)


def lost_logging(finding: Finding) -> bool | str:
    return _lost(finding, _LOGGING, _LOGGING_BLOCKS)


def lost_versioning(finding: Finding) -> bool | str:
    for change in significant(finding):
        if not str(change.path[0]).startswith("versioning"):
            continue
        if attribute_of(change) in ("enabled", "versioning") and _is_off(change):
            return "versioning is off now"
        if change.before == "Enabled" or (change.kind == "removed" and change.is_member):
            return "versioning is suspended now"
    return False


def shortened_retention(finding: Finding) -> bool | str:
    for change in significant(finding):
        before, after = change.before, change.after
        if attribute_of(change) not in _RETENTION or not (_is_number(before) and _is_number(after)):
            continue
        # 0 means for ever.
        if after != 0 and (before == 0 or after < before):  # type: ignore[operator]
            return f"{attribute_of(change)} went from {before or 'for ever'} to {after}"
    return False


def _lost(finding: Finding, switches: frozenset[str], blocks: frozenset[str]) -> bool | str:
    for change in significant(finding):
        name, block = attribute_of(change), str(change.path[0])
        if name in switches and _is_off(change):
            return f"{name} is off now"
        if block in blocks and (_is_gone(change) or (name == "enabled" and _is_off(change))):
            return f"{block} is off now"
    return False


def _is_off(change: Change) -> bool:
    return change.before in (True, "true", "Enabled") and change.after in (
        False,
        None,
        "false",
        "Disabled",
        "Suspended",
    )


def _is_gone(change: Change) -> bool:
    is_whole = len(change.path) == 1
    return is_whole and bool(change.before) and change.after in (None, "", False) and change.kind != "reordered"


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
