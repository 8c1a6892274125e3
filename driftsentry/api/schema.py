"""What a route takes and gives: one type checks the input, makes the answer and writes the specification.

quart-schema documents the types; the check is ours, since msgspec stops at the first thing that is wrong.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cache, wraps
from typing import Any, NamedTuple, NoReturn, TypeVar, get_args, get_origin

import msgspec
from quart import Response, request
from quart_schema import document_querystring, document_request, document_response
from werkzeug.datastructures import MultiDict

from driftsentry import answers, errors
from driftsentry.api import bodies
from driftsentry.errors import Problem

Model = TypeVar("Model", bound=msgspec.Struct)
Handler = Callable[..., Awaitable[Response]]
JSON = "application/json"


class Input(msgspec.Struct, kw_only=True, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The parent of bodies and query strings."""


class Output(msgspec.Struct, kw_only=True, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The parent of what stands in an answer's `data`."""


def takes(
    *, body: type[Input] | None = None, query: type[Input] | None = None, raw: dict[str, Any] | None = None
) -> Callable[[Handler], Handler]:
    """Hands the checked `body` and `query` to the handler. Raises `Invalid` with all problems of one of them.

    `raw`: how the specification describes a body that the handler reads itself.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def checked(*args: Any, **path: Any) -> Response:
            if query is not None:
                path["query"] = check_query(query, request.args)
            if body is not None:
                path["body"] = await _read_body(body)
            return await handler(*args, **path)

        if raw is not None:
            checked.takes_raw = raw  # type: ignore[attr-defined]
        if query is not None:
            checked = document_querystring(query)(checked)
        return document_request(body)(checked) if body is not None else checked

    return decorate


def gives(data: Any, *, status: int = 200, fails: tuple[int, ...] = ()) -> Callable[[Handler], Handler]:
    """Documents what stands in `data` on success, and the failures beyond those that every route has."""

    def decorate(handler: Handler) -> Handler:
        handler.fails = fails  # type: ignore[attr-defined]
        return document_response(data, status)(handler)

    return decorate


def answer(data: Any, *, status: int = 200, meta: Mapping[str, Any] | None = None) -> Response:
    return answers.json(data, status=status, meta=dict(meta or {}))


async def _read_body(model: type[Model]) -> Model:
    if request.mimetype != JSON:
        raise errors.Invalid(f"Send the body as {JSON}.", status=415, code="UNSUPPORTED_FORMAT")
    raw = await request.get_data(cache=True, as_text=False)
    assert isinstance(raw, bytes), "as_text=False"
    return check(model, bodies.read_object(raw), "The body has problems.", status=422)


def check_query(model: type[Model], args: MultiDict[str, str]) -> Model:
    """A query string: lists are repeated parameters, everything else comes once."""
    lists = {name for name, field in _fields(model).items() if field.is_list}
    repeated = [name for name in args if name not in lists and len(args.getlist(name)) > 1]
    unstorable = [name for name, value in args.items(multi=True) if "\0" in value]
    given: dict[str, Any] = {name: args.getlist(name) if name in lists else args[name] for name in args}
    problems = [Problem(name[:100], "Give this parameter once.") for name in repeated]
    problems += [Problem(name[:100], "There is no text with U+0000 in it.") for name in unstorable]
    if problems:
        raise errors.Invalid("The query string has problems.", status=400, problems=problems)
    return check(model, given, "The query string has problems.", status=400, strict=False)


def check(model: type[Model], given: Mapping[str, Any], sentence: str, *, status: int, strict: bool = True) -> Model:
    """`given` as a `model`. Raises `Invalid` with every problem: of each field, and each field there is none of."""
    fields = _fields(model)
    problems = [Problem(name[:100], "There is no such field.") for name in given if name not in fields]
    values = {}
    for name, field in fields.items():
        if name not in given:
            if field.required:
                problems.append(Problem(name, "This field is required."))
            continue
        try:
            # Without `strict` a number would be a moment, too.
            is_strict = strict or field.is_moment
            values[field.name] = _checked(msgspec.convert(given[name], field.type, strict=is_strict), given[name])
        except msgspec.ValidationError as problem:
            problems.append(Problem(name, f"{str(problem).replace('`', '')}."))
    if problems:
        raise errors.Invalid(sentence, status=status, problems=problems)
    return model(**values)


class _Field(NamedTuple):
    name: str
    type: Any
    required: bool
    is_list: bool
    is_moment: bool


@cache
def _fields(model: type[msgspec.Struct]) -> dict[str, _Field]:
    """By the names that callers use."""
    return {
        each.encode_name: _Field(
            each.name, each.type, each.required, _holds(each.type, list), _holds(each.type, datetime)
        )
        for each in msgspec.structs.fields(model)
    }


def _checked(value: Any, given: Any) -> Any:
    """Refuse what msgspec lets pass: `1e3` as a whole number, and a moment that is in no calendar in UTC."""
    if type(value) is int and str(value) != str(given):
        raise msgspec.ValidationError("Expected `int`")
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else _refuse_moment("Expected an offset, such as Z")
        except OverflowError:
            _refuse_moment("Expected a moment between the years 1 and 9999")
    return value


def _refuse_moment(sentence: str) -> NoReturn:
    raise msgspec.ValidationError(sentence)


def _holds(annotation: Any, kind: type) -> bool:
    """Whether `kind` is in it: in `list[str]`, `Annotated[list[str], ...]` or `list[str] | None`, `list` is."""
    return kind in (annotation, get_origin(annotation)) or any(_holds(part, kind) for part in get_args(annotation))
