"""Permissions that grew: more actions, more resources, new principals."""

from __future__ import annotations

import json
from collections.abc import Iterator

from driftsentry.ingest.model import Change, Finding
from driftsentry.judging.model import attribute_of, significant
from driftsentry.judging.naming import snake, type_name

_POLICIES = frozenset(
    "policy assume_role_policy inline_policy access_policy access_policies policy_data policy_document "
    "resource_policy key_policy repository_policy container_policy assume_role_policy_document policies".split()
)
_ATTACHMENTS = frozenset({"managed_policy_arns", "policy_arn", "permissions_boundary"})
_BINDING = ("members", "member", "role")
_EVERYBODY = frozenset({"*", "allUsers", "allAuthenticatedUsers"})
_STRONG_POLICIES = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
_STRONG_ROLES = ("roles/owner", "roles/editor")


def allows_everything(finding: Finding) -> bool | str:
    """A wildcard, everybody, or an administrator's policy that was not there before."""
    for change in _grown(finding):
        for field, value in _grants(change):
            if sentence := _wildcard(field, value):
                return f"{change.path[0]} now allows {sentence}"
    return False


def was_widened(finding: Finding) -> bool | str:
    """Any other thing that a policy allows now; a Deny that is gone is one too."""
    for change in significant(finding):
        if _block_of(change) in _POLICIES and (sentence := _loosened(change)):
            return f"{change.path[0]} {sentence}"
    for change in _grown(finding):
        for field, value in _grants(change):
            return f"{change.path[0]} now allows {field.lower()} {value}"
    return False


def _loosened(change: Change) -> str:
    """What lets more through although nothing was added."""
    if change.kind == "removed" and _effect(change.before) == "Deny":
        return "lost a statement that denied something"
    if attribute_of(change) == "Effect" and (change.before, change.after) == ("Deny", "Allow"):
        return "allows now what it denied"
    return "lost a condition" if change.kind == "removed" and "Condition" in change.path else ""


def _grown(finding: Finding) -> Iterator[Change]:
    for change in significant(finding):
        in_policy = _block_of(change) in _POLICIES or _block_of(change) in _ATTACHMENTS
        in_binding = "_iam_" in type_name(finding.resource_type) and attribute_of(change) in _BINDING
        if (in_policy or in_binding) and change.after is not None:
            yield change


def _grants(change: Change) -> Iterator[tuple[str, str]]:
    """(field, value) of everything that the new side allows."""
    value = change.after
    if _block_of(change) in _ATTACHMENTS:
        yield from (("policy", text) for text in _strings(value))
    elif isinstance(value, str) and value[:1] in ("{", "["):
        yield from _of_text(value)
    elif isinstance(value, dict):
        yield from _of_document(value)
    else:
        field = _field_of(change.path)
        yield from ((field, text) for text in _strings(value) if field)


def _field_of(path: tuple[str | int, ...]) -> str:
    if "Principal" in path:
        return "Principal"
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    return {"members": "Principal", "member": "Principal", "role": "role"}.get(
        name, name if name in ("Action", "Resource") else ""
    )


def _of_text(text: str) -> Iterator[tuple[str, str]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # cut for showing: what it allows cannot be told
        yield "policy", "something that is too long to read here"
        return
    for item in document if isinstance(document, list) else [document]:
        if isinstance(item, dict):
            yield from _of_document(item)


def _of_document(document: dict[str, object]) -> Iterator[tuple[str, str]]:
    inner = (document[name] for name in ("Statement", "policy", "PolicyDocument") if name in document)
    statements = next(inner, document)
    if isinstance(statements, str):
        yield from _of_text(statements)
        return
    if isinstance(statements, dict) and "Statement" in statements:
        statements = statements["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict) and statement.get("Effect", "Allow") == "Allow":
            for field in ("Action", "Resource", "Principal"):
                yield from ((field, text) for text in _strings(statement.get(field)))
            yield from (("Principal", text) for text in _strings(statement.get("members")))


def _wildcard(field: str, value: str) -> str:
    is_everything = {
        "Action": value == "*" or value.endswith(":*"),
        "Resource": value == "*",
        "Principal": value in _EVERYBODY,
        "policy": value.endswith(_STRONG_POLICIES),
        "role": value in _STRONG_ROLES,
    }
    if not is_everything.get(field, False):
        return ""
    return f"everybody ({value})" if field == "Principal" else f"{field.lower()} {value}"


def _block_of(change: Change) -> str:
    return snake(str(change.path[0])) if change.path else ""


def _effect(value: object) -> object:
    return value.get("Effect") if isinstance(value, dict) else None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
