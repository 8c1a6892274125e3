"""Fifty megabytes and ten thousand drifts pass, in bounded time and memory."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest

from driftsentry.ingest import parse
from tests.ingest import samples

DRIFTS = 10_000


@pytest.fixture(scope="module")
def big() -> bytes:
    """The recorded entries again and again, each under a module of its own, beside the state they came from."""
    source = json.loads(samples.body("tfplan/gen-tf1.11-shop-drifted-refresh-only.json"))
    texts = [json.dumps(entry, separators=(",", ":")) for entry in source["resource_drift"]]
    addresses = [json.dumps(entry["address"]) for entry in source["resource_drift"]]
    entries, resources = [], []
    for index in range(DRIFTS):
        kind = index % len(texts)
        address = json.dumps(f"module.m[{index}].{json.loads(addresses[kind])}")
        entries.append(texts[kind].replace(f'"address":{addresses[kind]}', f'"address":{address}', 1))
        state = source["resource_drift"][kind]
        values = json.dumps(state["change"]["before"]) + " " * 2_600
        resources.append(f'{{"address":{address},"mode":"managed","type":"{state["type"]}","values":{values}}}')
    prior = f'"prior_state":{{"values":{{"root_module":{{"resources":[{",".join(resources)}]}}}}}}'
    drift = f'"resource_drift":[{",".join(entries)}]'
    head = '"format_version":"1.2","planned_values":{"root_module":{}},"complete":true'
    return f"{{{head},{drift},{prior}}}".encode()


def test_a_plan_of_fifty_megabytes_is_read_in_time_and_in_little_memory(big: bytes) -> None:
    assert len(big) > 45_000_000
    start = time.process_time()
    found = parse(big, stack="a", key=b"k")
    assert time.process_time() - start < 10
    assert len(found.findings) == DRIFTS
    del found
    tracemalloc.start()
    found = parse(big, stack="a", key=b"k")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.findings) == DRIFTS
    assert peak < 2 * len(big)


def test_an_ordinary_drift_costs_far_less_than_a_millisecond() -> None:
    attributes = {f"attribute_{i}": f"value {i}" for i in range(40)}
    entries = [
        samples.entry(attributes, attributes | {"attribute_7": "other"}, address=f"demo.x[{i}]") for i in range(2_000)
    ]
    document = samples.plan(*entries)
    samples.read(document)
    start = time.process_time()
    assert len(samples.read(document).findings) == 2_000
    assert time.process_time() - start < 1.0
