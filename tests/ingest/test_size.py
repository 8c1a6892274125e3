"""Fifty megabytes and ten thousand drifts pass, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from driftsentry import ROOT
from tests.ingest import samples

DRIFTS = 10_000
# In a process of its own: what it held at most is seen by the system, where a tracer would take five times as long.
READING = """
import json, re, sys, time
from pathlib import Path
from driftsentry.ingest import parse

def most_kb():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

body = sys.stdin.buffer.read(int(sys.argv[1]))
held, start = most_kb(), time.process_time()
found = parse(body, stack="a", key=b"k")
print(json.dumps([len(found.findings), time.process_time() - start, 1024 * (most_kb() - held)]))
"""


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


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_plan_of_fifty_megabytes_is_read_in_time_and_in_little_memory() -> None:
    body = big()
    assert len(body) > 45_000_000
    command = [sys.executable, "-c", READING, str(len(body))]
    done = subprocess.run(command, input=body, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    findings, seconds, most = json.loads(done.stdout)
    assert findings == DRIFTS
    assert seconds < 10
    assert len(body) / 10 < most < 2 * len(body), "more than nothing, or the measure is wrong"


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
