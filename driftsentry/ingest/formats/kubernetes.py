"""Objects of Kubernetes side by side: without what the cluster itself writes, and with secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from driftsentry.ingest.formats.comparing import differing, hide
from driftsentry.ingest.survey import Difference

Object: TypeAlias = dict[str, object]

# Written by the cluster, new with every change of anything, and never in the code.
_OWN_FIELDS = frozenset({"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"})
_OWN_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",  # the whole object once more, secrets in clear
        "deployment.kubernetes.io/revision",
    }
)
_SECRET_FIELDS = ("data", "stringData")
# What Argo CD puts in the place of a secret's values: more signs where the two sides differ.
_plus_signs = re.compile(r"\+{8,}")


def compare(wanted: Object, live: Object, kind: str) -> Iterator[Difference]:
    for path, before, after in differing(_stripped(wanted), _stripped(live)):
        if kind == "Secret" and path[0] in _SECRET_FIELDS:
            yield Difference(path, before, after, _mask(before), _mask(after))
        else:
            yield Difference(path, *hide(before, after, _is_hidden))


def lost(wanted: Object, kind: str) -> Iterator[Difference]:
    """What an object had that is missing in the cluster."""
    whole = _stripped(wanted)
    if whole:
        yield Difference((), whole, None, before_mask=_mask_of_whole(whole, kind))


def gained(live: Object, kind: str) -> Iterator[Difference]:
    """What an object has that no code asks for."""
    whole = _stripped(live)
    if whole:
        yield Difference((), None, whole, after_mask=_mask_of_whole(whole, kind))


def as_far_as(wanted: Object, live: Object) -> Object:
    """Of `live` only what `wanted` has too; lists of different lengths are kept whole."""
    return {key: _reduced(item, live[key]) for key, item in wanted.items() if key in live}


def _reduced(wanted: object, live: object) -> object:
    if isinstance(wanted, dict) and isinstance(live, dict):
        return as_far_as(wanted, live)
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        return [_reduced(one, other) for one, other in zip(wanted, live, strict=True)]
    return live


def _stripped(whole: Object) -> Object:
    kept = {key: item for key, item in whole.items() if key != "status"}
    metadata = kept.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = _stripped_metadata(metadata)
    return kept


def _stripped_metadata(metadata: Object) -> Object:
    kept = {key: item for key, item in metadata.items() if key not in _OWN_FIELDS}
    annotations = kept.pop("annotations", None)
    if isinstance(annotations, dict):
        annotations = {name: item for name, item in annotations.items() if name not in _OWN_ANNOTATIONS}
    return kept | {"annotations": annotations} if annotations else kept


def _is_hidden(value: object) -> bool:
    return isinstance(value, str) and _plus_signs.fullmatch(value) is not None


def _mask_of_whole(whole: Object, kind: str) -> Object | None:
    masks = {key: _mask(whole[key]) for key in _SECRET_FIELDS if key in whole} if kind == "Secret" else {}
    return masks or None


def _mask(value: object) -> object:
    """Hides each value of an object on its own, so that a line says which key it is about."""
    return dict.fromkeys(value, True) if isinstance(value, dict) and value else True
