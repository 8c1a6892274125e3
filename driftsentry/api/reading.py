"""The specification as people read it: operations in groups, with their inputs in rows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "patch", "delete")
_KINDS = {"string": "text", "null": "nothing", "integer": "number", "boolean": "true or false"}
_ANY_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter, or a field of the body."""

    name: str
    place: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
    who: str
    inputs: list[Input]
    statuses: list[tuple[str, str]]
    example: str


def operations_of(document: dict[str, Any]) -> dict[str, list[Operation]]:
    """By their tag; of each, the shortest paths first."""
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                found = methods[method]
                groups[found["tags"][0]].append(_operation(document, path, method, found))
    return {name: sorted(found, key=lambda each: each.path.count("/")) for name, found in groups.items()}


def _operation(document: dict[str, Any], path: str, method: str, found: dict[str, Any]) -> Operation:
    success = next(each for status, each in found["responses"].items() if status.startswith("2"))
    *paragraphs, who = found["description"].split("\n\n")
    return Operation(
        found["operationId"],
        method.upper(),
        f"/api/v1{path.removeprefix('/api/v1')}",
        found["summary"],
        [" ".join(paragraph.split()) for paragraph in paragraphs],
        who,
        [*_parameters(document, found), *_fields(document, found)],
        [(status, each["description"]) for status, each in found["responses"].items()],
        _example(document, success),
    )


def _parameters(document: dict[str, Any], found: dict[str, Any]) -> Iterator[Input]:
    for each in found["parameters"]:
        kind = _kind(document, each["schema"])
        about = each.get("description") or _about(each["schema"])
        yield Input(each["name"], each["in"], kind, each.get("required", False), about)


def _fields(document: dict[str, Any], found: dict[str, Any]) -> Iterator[Input]:
    schema = found.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = _resolved(document, schema)
    for name, each in body.get("properties", {}).items():
        is_required = name in body.get("required", [])
        yield Input(name, "body", _kind(document, each), is_required, _about(each))


def _about(schema: dict[str, Any]) -> str:
    """Of something that may be null, what it is otherwise says what it is for."""
    return str(next((each["description"] for each in (schema, *schema.get("anyOf", ())) if "description" in each), ""))


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """In a few words: `number, 1 to 200`, `one of low, high`, `list of text`."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return " or ".join(filter(None, (_kind(document, each) for each in schema["anyOf"])))
    if "enum" in schema:
        named = [str(each) for each in schema["enum"] if each != ""]
        return named[0] if len(named) == 1 else "one of " * bool(named) + ", ".join(named)
    if schema.get("type") == "array":
        return "list of " + _kind(document, schema["items"])
    if schema.get("format") == "date-time":
        return "time"
    kind = str(schema.get("type", "anything"))
    return _KINDS.get(kind, kind) + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    unit = " characters" if schema.get("type") == "string" else ""
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    if high is None or high == _ANY_NUMBER:
        return f", from {low}{unit}" if low is not None else ""
    return f", up to {high}{unit}" if low in (None, 0) else f", {low} to {high}{unit}"


def _example(document: dict[str, Any], response: dict[str, Any]) -> str:
    """What an answer looks like, with the kinds of its values in their places."""
    schema = response["content"]["application/json"]["schema"]["properties"]["data"]
    return json.dumps({"success": True, "data": _shape(document, schema, 0), "meta": {}}, indent=2)


def _shape(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    schema = _resolved(document, schema)
    if depth > 6:
        return "..."
    if "properties" in schema:
        return {name: _shape(document, each, depth + 1) for name, each in schema["properties"].items()}
    if schema.get("type") == "array":
        return [_shape(document, schema.get("items", {}), depth + 1)]
    if "anyOf" in schema:
        return _shape(document, schema["anyOf"][0], depth + 1)
    return _kind(document, schema)
