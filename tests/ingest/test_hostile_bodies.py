"""Bodies that were made to hurt end in a clear refusal, soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from driftsentry.ingest import Refused, mask_document
from tests.ingest import logs, samples

MEGABYTE = 1024 * 1024
# The promise is one second; the rest is for machines that do other things meanwhile.
SECONDS = 3.0


def value(text: bytes) -> bytes:
    """A plan in which one attribute is `text`, as it is."""
    return samples.plan(samples.entry({"a": "OLD"}, {"a": "NEW"})).replace(b'"NEW"', text)


def top(text: bytes) -> bytes:
    return samples.plan()[:-1] + b"," + text + b"}"


def nested(depth: int) -> bytes:
    return value(b"[" * depth + b"]" * depth)


def twice(old: bytes, new: bytes) -> bytes:
    document = samples.plan(samples.entry({"a": 1}, {"a": 2}))
    assert document.count(old) == 1
    return document.replace(old, new)


def log(lines: bytes) -> bytes:
    return logs.VERSION + lines + logs.SUMMARY


def drift(old: bytes, new: bytes) -> bytes:
    line = logs.drift("a.b")
    assert line.count(old) == 1
    return log(line.replace(old, new))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "depth 65": lambda: nested(65),
    "depth 900": lambda: nested(900),
    "depth 100,000": lambda: nested(100_000),
    "depth in a part that is skipped": lambda: top(b'"variables":' + b"[" * 5_000_000),
    "deep masks": lambda: (
        samples.plan(samples.entry({"a": 1}, {"a": 2}, change={"after_sensitive": {"a": 1}}))
        .replace(b'{"after_sensitive":{"a":1}}', b'{"after_sensitive":{"a":' + b"[" * 300 + b"]" * 300 + b"}}")
        .replace(b'"after_sensitive":{"a":1}', b'"after_sensitive":{"a":' + b"[" * 300 + b"]" * 300 + b"}")
    ),
    "NaN": lambda: value(b"NaN"),
    "Infinity": lambda: value(b"-Infinity"),
    "a number of 401 digits": lambda: value(b"9" * 401),
    "a number of 5,000 digits": lambda: value(b"9" * 5_000),
    "a fraction of 500 digits": lambda: value(b"0." + b"1" * 500),
    "a huge exponent": lambda: value(b"1e1000000000"),
    "an exponent beyond all numbers": lambda: value(b"1.5e99999999999999999999999"),
    "a lone surrogate": lambda: value(b'"\\ud800"'),
    "a lone low surrogate": lambda: value(b'"\\udc00x"'),
    "a lone surrogate in a key": lambda: value(b'{"\\ud800":1}'),
    "bytes that are no UTF-8": lambda: value(b'"\xff\xfe"'),
    "an address that is no UTF-8": lambda: samples.plan(samples.entry({"a": 1}, {"a": 2}, address="X")).replace(
        b'"X"', b'"\xff"'
    ),
    "a key twice at the top": lambda: top(b'"complete":false'),
    "a key twice in an entry": lambda: twice(b'"name":"x"', b'"name":"x","name":"y"'),
    "a key twice in an entry, the same": lambda: twice(b'"name":"x"', b'"name":"x","name":"x"'),
    "a key twice in a change": lambda: twice(b'"after":{"a":2}', b'"after":{"a":2},"after":{"a":1}'),
    "an escaped key twice": lambda: twice(b'"name":"x"', b'"name":"x","n\\u0061me":"y"'),
    "an address twice": lambda: samples.plan(samples.entry({"a": 1}, {"a": 2}), samples.entry({"a": 1}, {"a": 3})),
    "no address": lambda: samples.plan(samples.entry({"a": 1}, {"a": 2}, address="")),
    "an endless address": lambda: samples.plan(samples.entry({"a": 1}, {"a": 2}, address="x" * 5_000)),
    "a change that is no object": lambda: samples.plan({"address": "a", "change": [1]}),
    "actions that are no list": lambda: samples.plan(samples.entry({"a": 1}, None, change={"actions": "update"})),
    "before that is no object": lambda: samples.plan(samples.entry([1], {"a": 1})),
    "drift that is no list": lambda: samples.plan(resource_drift={"a": 1}),
    "changes that are no list": lambda: samples.plan(resource_changes="x"),
    "complete that is no flag": lambda: samples.plan(complete="yes"),
    "a million keys at the top": lambda: top(b",".join(b'"k%d":1' % i for i in range(1_000_000))),
    "a million keys in an attribute": lambda: value(b"{" + b",".join(b'"k%d":1' % i for i in range(1_000_000)) + b"}"),
    "a million attributes": lambda: samples.plan(samples.entry({"a": 1}, {"a": "NEW"})).replace(
        b'"a":"NEW"', b",".join(b'"k%d":1' % i for i in range(1_000_000))
    ),
    "thirty million empty lists": lambda: value(b"[" + b"[]," * (20 * MEGABYTE) + b"[]]"),
    "millions of empty entries": lambda: samples.plan(resource_drift=0).replace(
        b'"resource_drift":0', b'"resource_drift":[' + b"{}," * (20 * MEGABYTE) + b"{}]"
    ),
    "millions of small changes": lambda: samples.plan(resource_changes=0).replace(
        b'"resource_changes":0',
        b'"resource_changes":[' + b'{"address":"","change":{"actions":[]}},' * (MEGABYTE * 3 // 2) + b"{}]",
    ),
    "sixty megabytes of opening braces": lambda: b'{"a":' * (12 * MEGABYTE),
    "sixty megabytes of spaces": lambda: b" " * (60 * MEGABYTE),
    "sixty megabytes of a string without an end": lambda: samples.plan()[:-1] + b',"x":"' + b"a" * (60 * MEGABYTE),
    "sixty megabytes of text": lambda: b"password " * (6 * MEGABYTE),
    "sixty megabytes of lines": lambda: b"a:\n" * (20 * MEGABYTE),
    "sixty megabytes of lines that begin like JSON": lambda: b"{\n" * (30 * MEGABYTE),
    "sixty megabytes of empty objects": lambda: b"{}" * (30 * MEGABYTE),
    "sixty megabytes of objects in a list": lambda: b"[" + b"{}," * (20 * MEGABYTE) + b"{}]",
    "documents that break again and again": lambda: b'{"a":1}\n{"b":x\n' * (3 * MEGABYTE),
    "a log of millions of lines": lambda: log(b'{"@level":1}\n' * (4 * MEGABYTE)),
    "a log with a deep value": lambda: log(b'{"@level":"info","change":' + b"[" * (5 * MEGABYTE)),
    "a log with a deep value that is read": lambda: drift(b'"action":"update"', b'"action":' + b"[" * 5_000),
    "a log with an endless number": lambda: drift(b'"resource_key":null', b'"resource_key":0,"addr":' + b"9" * 5_000),
    "a log with a lone surrogate": lambda: drift(b'"a.b"', b'"a\\ud800"'),
    "a log that is no UTF-8": lambda: drift(b'"a.b"', b'"\xff"'),
    "a log with a key twice": lambda: drift(b'"addr":', b'"addr":"c.d","addr":'),
    "a log with a type twice": lambda: drift(b'"type":"resource_drift"', b'"type":"x","type":"resource_drift"'),
    "a log with an escaped key twice": lambda: drift(b'"action":', b'"\\u0061ction":"delete","action":'),
    "a log without an address": lambda: drift(b'"a.b"', b'""'),
    "a log with an endless address": lambda: drift(b'"a.b"', b'"' + b"x" * 5_000 + b'"'),
    "a log with a change that is no object": lambda: drift(b'"resource":{', b'"resource":[],"x":{'),
    "a log with a diagnostic that is no object": lambda: log(
        b'{"@level":"warn","@message":"x","type":"diagnostic","diagnostic":[1]}\n'
    ),
    "a log with a type that is no text": lambda: log(b'{"@level":"warn","@message":"x","type":[1]}\n'),
    "a log with a version that is no text": lambda: log(b'{"@level":"info","type":"version","terraform":{"a":1}}\n'),
    "an empty string of NUL": lambda: b"\0" * MEGABYTE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_with_a_sentence_and_in_time(name: str) -> None:
    body = HOSTILE[name]()
    start = time.process_time()
    with pytest.raises(Refused) as caught:
        samples.read(body)
    taken = time.process_time() - start
    assert taken < SECONDS
    assert caught.value.status in (400, 415, 422)
    assert len(caught.value.message) < 500
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "name", ["depth 900", "a key twice in an entry", "a huge exponent", "a million keys at the top"]
)
def test_masking_refuses_the_same(name: str) -> None:
    with pytest.raises(Refused):
        mask_document(HOSTILE[name](), stack="a")


def test_what_is_only_large_is_read() -> None:
    assert len(samples.read(b"ok\n" * (8 * MEGABYTE) + samples.plan()).findings) == 0
    assert len(samples.read(samples.plan() + b" " * (8 * MEGABYTE) + b"x").findings) == 0
    found = samples.read(log(b"".join(logs.drift(f"a.b[{number}]") for number in range(5_000))))
    assert len(found.findings) == 5_000
    assert samples.only(samples.read(drift(b'"a.b"', b'"a\\u0000"'))).address == "a\u2400"


def test_the_last_depth_that_is_allowed_is_read() -> None:
    assert len(samples.read(nested(63)).findings) == 1
    assert len(samples.read(value(b"9" * 400)).findings) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200 + "]" * 200,
        "[" * 100_000,
        "{" * 100_000 + "}",
        '{"a":' * 40 + "1" + "}" * 40,
        json.dumps({"a": json.dumps({"b": json.dumps({"c": json.dumps({"d": 1})})})}),
        '{"n":' + "9" * 5_000 + "}",
        '{"n":NaN}',
        "[" + "1," * 200_000 + "1",
    ],
)
def test_hostile_json_inside_a_string_is_just_a_string(text: str) -> None:
    found = samples.changes({"p": "old"}, {"p": text})
    assert [(c.path, c.kind) for c in found] == [(("p",), "changed")]


def test_the_time_for_a_policy_grows_with_its_size_and_not_with_its_square() -> None:
    def taken(statements: int) -> float:
        def policy(action: str) -> str:
            return json.dumps({"Statement": [{"Sid": f"s{i}", "Action": action} for i in range(statements)]})

        document = samples.plan(samples.entry({"policy": policy("a")}, {"policy": policy("b")}))
        start = time.process_time()
        finding = samples.only(samples.read(document))
        assert len(finding.changes) + finding.hidden_changes == 2 * statements
        return time.process_time() - start

    taken(300)
    assert taken(6_000) < 40 * min(taken(500) for _ in range(3))


def test_texts_that_make_patterns_search_for_long_are_read_in_time() -> None:
    texts = ["://" + "a" * 200_000, "://a" * 50_000, "eyJ" * 70_000, "password=" * 20_000, "A" * 200_000, '"' * 200_000]
    texts += ["-----BEGIN " * 20_000, "eyJ" + "a" * 200_000, "gh" * 100_000, "passw:" * 30_000, "{" + " " * 200_000]
    entry = samples.entry(dict.fromkeys("abcdefghijk", ""), dict(zip("abcdefghijk", texts, strict=True)))
    start = time.process_time()
    assert len(samples.read(samples.plan(entry)).findings) == 1
    assert time.process_time() - start < SECONDS
