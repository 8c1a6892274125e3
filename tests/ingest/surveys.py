"""What the tests of other tools' formats share: reading, and documents with something wrong somewhere in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from typing import Protocol

import pytest
from hypothesis import strategies as st

from driftsentry.ingest import Hints, Refused
from driftsentry.ingest.formats import plain
from driftsentry.ingest.model import Finding, Scan
from driftsentry.ingest.survey import Observed, Survey
from driftsentry.ingest.surveying import scan_of, sealed
from tests.ingest.samples import KEY, PUBLIC, STACK

__all__ = ["Reader", "findings", "holds", "mangled", "only", "public", "read", "refusal", "scan", "text"]


class Reader(Protocol):
    """The module of a format."""

    def read(self, documents: Sequence[bytes], *, hints: Hints) -> Survey: ...


def read(reader: Reader, *documents: object, hints: Hints | None = None) -> Survey:
    """`documents`: bytes as they are, anything else as JSON."""
    return reader.read([text(document) for document in documents], hints=hints or Hints())


def text(document: object) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def public(name: str) -> bytes:
    """A file from a public repository; skips where the machine has none."""
    path = PUBLIC / name
    if not path.exists():
        pytest.skip("the public samples are not on this machine")
    return path.read_bytes()


def refusal(reader: Reader, *documents: object, hints: Hints | None = None) -> str:
    with pytest.raises(Refused) as caught:
        read(reader, *documents, hints=hints)
    assert caught.value.status == 422
    assert caught.value.__cause__ is None
    assert len(caught.value.message) < 500
    return caught.value.message


def only(survey: Survey) -> Observed:
    assert len(survey.observed) == 1
    return survey.observed[0]


def scan(survey: Survey) -> Scan:
    return scan_of(survey, stack=STACK, key=KEY)


def findings(survey: Survey) -> dict[str, Finding]:
    return {finding.address: finding for finding in scan(survey).findings}


def holds(reader: Reader, documents: list[bytes], hints: Hints) -> None:
    """The promise for any body: it is refused, or read; and then what the CI client sends of it says the same."""
    try:
        survey = reader.read(documents, hints=hints)
        found = scan(survey)
    except Refused as error:
        refused: Refused | None = error
        survey = found = None
    else:
        refused = None
    if refused is not None:
        assert 400 <= refused.status < 500
        assert len(refused.message) < 500
        return
    assert survey is not None
    closed = sealed(survey, stack=STACK)
    assert plain.read([plain.write(closed)], hints=Hints()) == closed
    assert scan(closed) == found


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["", "null", "\0", "password", "[secret]", "****", "++++++++", "{", '{"token": "x"}', "a.b", "x" * 5000]
    ),
)
_json = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "id", "password", "", "0", "\0", "tags", "data"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mangled(draw: Callable[[st.SearchStrategy[object]], object], documents: list[object]) -> list[bytes]:
    """The documents, with up to four nodes replaced by any JSON, taken away, or there twice."""
    whole = copy.deepcopy(documents)
    for _ in range(draw(st.integers(min_value=1, max_value=4))):  # type: ignore[call-overload]
        node: object = draw(st.sampled_from(whole))
        steps = draw(st.integers(min_value=1, max_value=9))
        assert isinstance(steps, int)
        for step in range(steps):
            keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inner = node[key]  # type: ignore[index]
            if step == steps - 1 or not isinstance(inner, dict | list) or not inner:
                _replace(draw, node, key)
                break
            node = inner
    return [json.dumps(document).encode() for document in whole]


def _replace(draw: Callable[[st.SearchStrategy[object]], object], node: object, key: object) -> None:
    how = draw(st.sampled_from(["replace", "replace", "delete", "twice"]))
    if isinstance(node, list) and isinstance(key, int) and how != "replace":
        node[key : key + 1] = [] if how == "delete" else [node[key]] * 2
    elif isinstance(node, dict) and how == "delete":
        del node[key]
    else:
        node[key] = draw(_json)  # type: ignore[index]
