"""Documents whose lists have no order: IAM policies of AWS, bindings of Google Cloud."""

from __future__ import annotations

import msgspec

_SET_FIELDS = frozenset({"Action", "NotAction", "Resource", "NotResource"})
_PRINCIPALS = frozenset({"Principal", "NotPrincipal"})
_plain = msgspec.json.Encoder(decimal_format="number", order="deterministic", enc_hook=repr)


class Unordered(list[object]):
    """A list that means a set. It keeps the order of the document, for showing."""


def loosen(tree: object) -> object:
    """The same document with its sets marked `Unordered`, and single values in their place made sets."""
    if isinstance(tree, dict):
        if "Statement" in tree:
            return tree | {"Statement": Unordered(_loosen_statement(item) for item in _listed(tree["Statement"]))}
        if isinstance(tree.get("bindings"), list):
            return tree | {"bindings": Unordered(_loosen_binding(item) for item in tree["bindings"])}
    return tree


def settle(tree: object) -> object:
    """Sorts what is `Unordered`, at every depth, so that equal meanings have equal bytes."""
    if isinstance(tree, dict):
        return {key: settle(item) if isinstance(item, dict | list) else item for key, item in tree.items()}
    if not isinstance(tree, list):
        return tree
    items = [settle(item) if isinstance(item, dict | list) else item for item in tree]
    if not isinstance(tree, Unordered) or len(items) < 2:
        return items
    if all(type(item) is str for item in items):
        return sorted(set(items))  # type: ignore[type-var]
    members = {_plain.encode(item): item for item in items}
    return [members[key] for key in sorted(members)]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _loosen_statement(statement: object) -> object:
    if not isinstance(statement, dict):
        return statement
    return {key: _loosen_field(key, value) for key, value in statement.items()}


def _loosen_field(key: str, value: object) -> object:
    if key in _SET_FIELDS:
        return Unordered(_listed(value))
    if key in _PRINCIPALS and isinstance(value, dict):
        return {kind: Unordered(_listed(names)) for kind, names in value.items()}
    if key == "Condition" and isinstance(value, dict):
        return {operator: _loosen_operator(tests) for operator, tests in value.items()}
    return value


def _loosen_operator(tests: object) -> object:
    if not isinstance(tests, dict):
        return tests
    return {key: Unordered(_listed(value)) for key, value in tests.items()}


def _loosen_binding(binding: object) -> object:
    if isinstance(binding, dict) and isinstance(binding.get("members"), list):
        return binding | {"members": Unordered(binding["members"])}
    return binding
