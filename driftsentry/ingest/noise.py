"""Which lines of a diff are noise, and why: differences that nobody made."""

from __future__ import annotations

from driftsentry.ingest.companions import REPEATED
from driftsentry.ingest.diff import Line, Path
from driftsentry.ingest.model import Noise
from driftsentry.ingest.sealed import token

# Given by the provider, and worth nothing once the object is gone.
COMPUTED_NAMES = frozenset({"id", "arn", "unique_id", "owner_id", "self_link", "tags_all", "uid"})
# New on every scan, whoever changes what: a decision on such a value would never hold.
_VOLATILE = frozenset(
    (
        "latest_restorable_time latest_restorable_date_time earliest_restorable_time last_modified last_modified_date "
        "last_modified_time last_updated last_updated_at last_updated_time last_update_time last_update_timestamp "
        "last_accessed_date last_used_date update_time updated_at updated_time modified_at modified_time etag "
        "meta_generation metageneration resource_version self_link_unique public_ip public_dns status_message "
        "last_heartbeat last_seen_at last_activity_at"
    ).split()
)
# Counts up whenever something else changes; alone it is the only sign of a change that was put back.
_FOLLOWING = frozenset(
    (
        "version revision latest_version default_version version_id generation qualified_arn qualified_invoke_arn "
        "arn_with_revision arn_without_revision source_code_hash source_code_size last_modified_by fingerprint "
        "metadata_fingerprint tags_fingerprint label_fingerprint policy_version version_number lock_version"
    ).split()
)
# Where a name of the tables above is the fact itself: the only sign that the content was replaced, an address
# that people rely on.
_NOT_VOLATILE = frozenset(
    {
        ("aws_s3_object", "etag"),
        ("aws_s3_bucket_object", "etag"),
        ("google_storage_bucket_object", "etag"),
        ("aws_eip", "public_ip"),
        ("aws_lambda_function", "source_code_hash"),
    }
)
# Lists whose order the cloud's API does not keep. What is a set for the provider never shifts in a plan, since
# Terraform sorts it; other tools print both as lists. An order that means something (steps, rules, containers) is in
# none of these.
_SETS = frozenset(
    (
        "availability_zones aliases allowed_headers allowed_methods allowed_origins cached_methods zones "
        "cidr_blocks client_id_list cluster_security_group_ids enabled_cloudwatch_logs_exports "
        "enabled_cluster_log_types exposed_headers ip_cidr_ranges ipv6_cidr_blocks managed_policy_arns "
        "metrics_to_disable network_security_group_ids notification_arns oauth_scopes policy_arns "
        "prefix_list_ids private_subnets public_subnets replica_zones scopes security_group_ids security_groups "
        "source_ranges destination_ranges source_tags target_tags source_security_group_ids subnet_ids subnets "
        "subject_alternative_names subscriber_email_addresses supported_identity_providers target_group_arns "
        "thumbprint_list user_names vpc_security_group_ids vpc_zone_identifier"
    ).split()
)


def mark_noise(lines: list[Line], resource_type: str, mirrored: dict[str, str]) -> None:
    """Sets `noise` and `why` of the lines of one updated resource. `mirrored`: attributes that companions explain."""
    repeats = _Repeats(lines)
    for line in lines:
        if not line.noise:
            line.noise, line.why = _noise_of(line, resource_type, mirrored, repeats)
    significant = [line for line in lines if not line.noise]
    followers = [line for line in significant if _is_named(line, resource_type, _FOLLOWING)]
    if len(followers) < len(significant):
        for line in followers:
            line.noise, line.why = "volatile", "counts up with every change"


def mark_computed(lines: list[Line]) -> None:
    """For a plan that proposes nothing here: what is left was computed by the provider."""
    for line in lines:
        if not line.noise:
            line.noise, line.why = "computed", "the plan proposes no change here"


def mark_repeated(lines: list[Line]) -> None:
    """For the lines of a deleted resource: only repetitions are noise."""
    repeats = _Repeats(lines)
    for line in lines:
        if repeats.holds(line):
            line.noise, line.why = "mirror", f"mirrors {REPEATED[str(line.path[0])]}"


def _noise_of(line: Line, resource_type: str, mirrored: dict[str, str], repeats: _Repeats) -> tuple[Noise, str]:
    head = str(line.path[0])
    if head in mirrored:
        return "mirror", f"belongs to {mirrored[head]}, which has its own entry"
    if repeats.holds(line):
        return "mirror", f"mirrors {REPEATED[head]}"
    if line.kind == "reordered" and not line.in_json and _attribute(line.path) in _SETS:
        return "order", "only the order of a set changed"
    if _is_named(line, resource_type, _VOLATILE):
        return "volatile", "changes with every scan"
    return "", ""


def _attribute(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


class _Repeats:
    """Knows the lines that say again what another attribute says, key by key and value by value."""

    def __init__(self, lines: list[Line]) -> None:
        heads = {line.path[0] for line in lines}
        wanted = {source for repeat, source in REPEATED.items() if repeat in heads}
        self._known = {_signature(line, line.path) for line in lines if line.path[0] in wanted} if wanted else set()

    def holds(self, line: Line) -> bool:
        source = REPEATED.get(str(line.path[0])) if self._known else None
        return source is not None and _signature(line, (source, *line.path[1:])) in self._known


def _signature(line: Line, path: Path) -> tuple[object, ...]:
    return path, line.is_member, token(line.before), token(line.after)


def _is_named(line: Line, resource_type: str, names: frozenset[str]) -> bool:
    """An attribute of the resource or of one of its blocks; a tag called `version` is neither."""
    path = line.path
    name = path[-1]
    is_attribute = not line.in_json and (len(path) == 1 or isinstance(path[-2], int))
    return is_attribute and name in names and (resource_type, name) not in _NOT_VOLATILE
