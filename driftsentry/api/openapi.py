"""The specification of the API (OpenAPI 3.1), made from the routes, their access rules and their types."""

from collections.abc import Iterable
from typing import Any

import msgspec
from quart_schema import QuartSchema
from quart_schema.openapi import Info, OpenAPIProvider
from quart_schema.validation import QUART_SCHEMA_QUERYSTRING_ATTRIBUTE, QUART_SCHEMA_REQUEST_ATTRIBUTE
from werkzeug.routing import BaseConverter, IntegerConverter, PathConverter, Rule

from driftsentry.ids import PATTERN as ID_PATTERN
from driftsentry.web import Access, DriftSentry

BASE = "/api/v1"
_HIDDEN = (f"{BASE}/openapi.json", f"{BASE}/docs")
_SLUG = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$"  # what is none all the same is not found
_REF = "#/components/schemas/{name}"
_INFO = Info(
    title="DriftSentry",
    version="1",
    description="The self-hosted inbox for infrastructure drift. Bearer tokens only, never cookies; camelCase; "
    "times in RFC 3339, UTC; ids are strings. A WebSocket, /api/v1/live, tells what happens: see docs/api.md.",
)
_SCHEMES = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "accessToken of POST /auth/login; 15 minutes.",
    },
    "ciToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "dsk_...",
        "description": "Made by an admin; posts reports for its stacks.",
    },
}
_GROUPS = {  # by what stands behind BASE, in the order in which people read them
    "auth": "Sign in",
    "drifts": "Drifts",
    "alerts": "Alerts",
    "metrics": "Metrics",
    "stacks": "Stacks and reports",
    "notifications": "Notifications",
    "sessions": "Sessions",
    "users": "Users",
    "tokens": "Tokens",
    "audit-logs": "Audit log",
}
_WHO = {
    Access.ANYONE: "Anybody.",
    Access.PUBLIC: "Signed in. With PUBLIC_READ also anybody, who then sees no values.",
    Access.VIEWER: "Everybody who is signed in.",
    Access.ENGINEER: "Engineers and admins.",
    Access.ADMIN: "Admins.",
    Access.REPORTER: "CI tokens that cover the stack.",
    Access.SIGNED: "Whoever signs with the secret of a CI token that covers the stack.",
}
_WORDS = {
    304: "Not changed since the ETag.",
    400: "The request cannot be read.",
    401: "Not signed in, or the token is not valid any more.",
    403: "The role, or the token, does not allow it.",
    404: "There is no such thing.",
    409: "The facts are others by now.",
    413: "The body is too large.",
    415: "The content is of another kind.",
    422: "The content cannot be accepted; `details` names every field.",
    429: "Too many requests; `Retry-After` says how long to wait.",
    500: "An error on our side.",
    503: "Not available just now; `Retry-After` says how long to wait.",
}


class ErrorDetail(msgspec.Struct, forbid_unknown_fields=True):
    field: str
    message: str


class ErrorContent(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    code: str
    message: str
    status_code: int
    timestamp: str
    request_id: str
    details: list[ErrorDetail]


class Error(msgspec.Struct, forbid_unknown_fields=True):
    """Every failure, on every path."""

    success: bool
    error: ErrorContent


class Meta(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """What is said about an answer. Of lists: the page, how many match, and where it goes on."""

    page: int | msgspec.UnsetType = msgspec.UNSET
    page_size: int | msgspec.UnsetType = msgspec.UNSET
    total: int | msgspec.UnsetType = msgspec.UNSET
    total_is_capped: bool | msgspec.UnsetType = msgspec.UNSET
    has_more: bool | msgspec.UnsetType = msgspec.UNSET
    next_cursor: str | msgspec.UnsetType = msgspec.UNSET
    looked_through: int | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET


def specification(app: DriftSentry) -> dict[str, Any]:
    """The document, ready for JSON."""
    document = _Provider(app, QuartSchema(openapi_path=None, info=_INFO)).schema()
    document["components"]["securitySchemes"] = _SCHEMES
    document["tags"] = [{"name": name} for name in _GROUPS.values()]
    document["servers"] = [{"url": app.settings.base_url}]
    document["components"]["schemas"] |= _components(Error)[1] | _components(Meta)[1]
    return document


def _components(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a type, and the named ones that it refers to."""
    (schema,), named = msgspec.json.schema_components([model], ref_template=_REF)
    return schema, named


class _Provider(OpenAPIProvider):
    def __init__(self, app: DriftSentry, extension: QuartSchema) -> None:
        super().__init__(app, extension)
        self._site = app
        self._named: dict[str, Any] = {}

    def generate_rules(self) -> Iterable[Rule]:
        rules = [rule for rule in self._site.url_map.iter_rules() if rule.rule.startswith(BASE) and not rule.websocket]
        return sorted((rule for rule in rules if rule.rule not in _HIDDEN), key=lambda rule: rule.rule)

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, named = super().build_paths(rule)
        for name, schema in named.items():
            if self._named.setdefault(name, schema) != schema:
                raise TypeError(f"Two types of the API are called {name}.")
        access = self._site.access_of(rule.endpoint)
        handler = self._site.view_functions[rule.endpoint]
        for operation in (operation for path in paths.values() for operation in path.values()):
            operation["tags"] = [_GROUPS[rule.rule.removeprefix(BASE).split("/")[1]]]
            operation["description"] = f"{operation.get('description', '').strip()}\n\n{_WHO[access]}".strip()
            operation["security"] = _security(access)
            if extra := getattr(handler, "takes_raw", None):
                operation["requestBody"] = extra
            operation["parameters"] += getattr(handler, "headers", [])
            operation["responses"] = {str(status): each for status, each in operation["responses"].items()} | {
                str(status): _failure(status) for status in sorted(_failures(rule, handler, access))
            }
        return paths, named

    def operation_id(self, method: str, path: str, func: Any) -> str:
        return str(func.__name__)

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "pattern": ID_PATTERN}
        if isinstance(converter, IntegerConverter):
            schema = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
        elif isinstance(converter, PathConverter):
            schema = {"type": "string", "pattern": _SLUG}
        return {"name": name, "in": "path", "required": True, "schema": schema}

    def build_querystring_parameters(self, model: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        _schema, named = _components(model)
        own = named.pop(model.__name__)
        parameters = [_query_parameter(name, kind, name in own["required"]) for name, kind in own["properties"].items()]
        return parameters, named

    def build_request_body(self, model: Any, source: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, named = _components(model)
        return {"required": True, "content": {"application/json": {"schema": schema}}}, named

    def build_response_object(self, model: Any, headers_model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, named = _components(model)
        envelope = {
            "type": "object",
            "properties": {"success": {"const": True}, "data": schema, "meta": {"$ref": _REF.format(name="Meta")}},
            "required": ["success", "data", "meta"],
            "additionalProperties": False,
        }
        return {"description": "Done.", "content": {"application/json": {"schema": envelope}}}, named


def _query_parameter(name: str, kind: dict[str, Any], is_required: bool) -> dict[str, Any]:
    about = {"description": text} if (text := kind.pop("description", "")) else {}
    return {"name": name, "in": "query", "schema": kind, "required": is_required} | about


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access in (Access.ANYONE, Access.SIGNED):
        return []
    if access.is_for_ci:
        return [{"ciToken": []}]
    return [{"accessToken": []}, {}] if access is Access.PUBLIC else [{"accessToken": []}]


def _failures(rule: Rule, handler: Any, access: Access) -> set[int]:
    """The statuses of failures that a route can answer with."""
    found = {429, 500, 503, *getattr(handler, "fails", ())}
    if access is not Access.ANYONE:
        found |= {401} if access in (Access.PUBLIC, Access.SIGNED) else {401, 403}
    if hasattr(handler, QUART_SCHEMA_QUERYSTRING_ATTRIBUTE):
        found |= {400}
    if hasattr(handler, "headers"):
        found |= {400, 422}
    if hasattr(handler, QUART_SCHEMA_REQUEST_ATTRIBUTE) or hasattr(handler, "takes_raw"):
        found |= {400, 413, 415, 422}
    return found | {404} if rule.arguments else found


def _failure(status: int) -> dict[str, Any]:
    if status < 400:
        return {"description": _WORDS[status]}
    return {
        "description": _WORDS[status],
        "content": {"application/json": {"schema": {"$ref": _REF.format(name="Error")}}},
    }
