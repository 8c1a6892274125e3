"""A decision belongs to a fingerprint: it may change only when the facts do."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from driftsentry.ingest import Scan, parse
from driftsentry.ingest.keyed import KeyedHash
from tests.ingest import samples


def prints(found: Scan) -> dict[tuple[str, str], str]:
    return {(finding.address, finding.deposed): finding.fingerprint for finding in found.findings}


def of(name: str, address: str) -> str:
    return samples.by_address(samples.scan(f"tfplan-sequence/seqa-{name}.json"))[address].fingerprint


ALPHA, PASSWORD = 'aws_sqs_queue.q["alpha"]', "aws_ssm_parameter.pw"


@pytest.mark.parametrize("folder", samples.PAIRS)
def test_a_plan_and_a_refresh_only_plan_of_one_scan_agree(folder: str) -> None:
    assert prints(samples.scan(f"{folder}/plan.json")) == prints(samples.scan(f"{folder}/refresh.json"))


@pytest.mark.parametrize("stem", ["shop-fresh", "shop-drifted", "demo", "life"])
def test_recorded_pairs_of_normal_and_refresh_only_plans_agree(stem: str) -> None:
    normal = samples.scan(f"tfplan/gen-tf1.11-{stem}-normal.json")
    refresh = samples.scan(f"tfplan/gen-tf1.11-{stem}-refresh-only.json")
    assert prints(normal) == prints(refresh)
    assert prints(normal)


def test_the_same_drift_again_has_the_same_fingerprint() -> None:
    assert of("t1-alpha", ALPHA) == of("t2-alpha-again", ALPHA) == of("t3-alpha-beta-pw", ALPHA)


def test_another_value_has_another_fingerprint() -> None:
    assert of("t1-alpha", ALPHA) != of("t5-alpha-new-value", ALPHA)


def test_a_secret_keeps_its_fingerprint_until_it_changes_again() -> None:
    assert of("t3-alpha-beta-pw", PASSWORD) == of("t4-alpha-reverted", PASSWORD)
    assert of("t4-alpha-reverted", PASSWORD) != of("t5-alpha-new-value", PASSWORD)


def test_an_update_that_becomes_a_delete_has_another_fingerprint() -> None:
    beta = 'aws_sqs_queue.q["beta"]'
    assert of("t5-alpha-new-value", beta) != of("t6-beta-deleted", beta)


def test_the_order_of_entries_and_of_keys_means_nothing() -> None:
    document = json.loads(samples.body("tfplan/gen-tf1.11-shop-drifted-refresh-only.json"))
    turned = dict(reversed(document.items()))
    turned["resource_drift"] = [dict(reversed(entry.items())) for entry in reversed(document["resource_drift"])]
    for entry in turned["resource_drift"]:
        for side in ("before", "after"):
            values = entry["change"][side]
            entry["change"][side] = values and dict(reversed(values.items()))
    assert prints(samples.read(json.dumps(turned).encode())) == prints(samples.read(json.dumps(document).encode()))


def test_volatile_values_do_not_move_a_fingerprint() -> None:
    def found(version: int) -> str:
        before, after = {"v": "a", "version": 1, "etag": "1"}, {"v": "b", "version": version, "etag": str(version)}
        return samples.only(samples.read(samples.plan(samples.entry(before, after)))).fingerprint

    assert found(2) == found(3)


def test_lines_beyond_the_limit_count_too() -> None:
    def found(last: int) -> str:
        before = {f"n{i:04}": 0 for i in range(600)}
        after = {f"n{i:04}": 1 for i in range(599)} | {"n0599": last}
        return samples.only(samples.read(samples.plan(samples.entry(before, after)))).fingerprint

    assert found(1) != found(2)


def test_text_beyond_the_cut_counts_too() -> None:
    def found(end: str) -> str:
        entry = samples.entry({"a": "x"}, {"a": "y" * 50_000 + end})
        return samples.only(samples.read(samples.plan(entry))).fingerprint

    assert found("1") != found("2")


def test_the_rewriting_of_a_policy_does_not_move_a_fingerprint() -> None:
    def found(text: str) -> str:
        return samples.only(samples.read(samples.plan(samples.entry({"p": None}, {"p": text})))).fingerprint

    assert found('{"a": 1, "b": 2}') == found('{"b":2,"a":1}')
    assert found('{"a": 1, "b": 2}') != found('{"a": 1, "b": 3}')


def test_a_list_that_is_turned_around_again_has_another_fingerprint() -> None:
    def found(*after: str) -> str:
        entry = samples.entry({"a": ["1", "2", "3"]}, {"a": list(after)})
        return samples.only(samples.read(samples.plan(entry))).fingerprint

    assert len({found("2", "1", "3"), found("3", "2", "1"), found("2", "1", "3", "4"), found("3", "1", "2", "4")}) == 4


def test_the_server_key_decides_every_fingerprint() -> None:
    document = samples.body("tfplan-sequence/seqa-t3-alpha-beta-pw.json")
    one = parse(document, stack="a", key=b"1" * 32)
    two = parse(document, stack="a", key=b"2" * 32)
    assert not set(prints(one).values()) & set(prints(two).values())


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    program = (
        "from tests.ingest import samples;"
        "print([f.fingerprint for f in samples.scan('tfplan/gen-tf1.11-shop-drifted-refresh-only.json').findings])"
    )
    root = str(samples.RECORDED.parent.parent)
    printed = {
        subprocess.check_output(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": root}, cwd=root
        )
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert len(printed.pop()) > 23 * 64


def test_a_fingerprint_is_64_hexadecimal_digits() -> None:
    for finding in samples.scan("tfplan/gen-tf1.11-shop-drifted-normal.json").findings:
        assert len(bytes.fromhex(finding.fingerprint)) == 32


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 64, b"k" * 200])
def test_the_prepared_hash_is_plain_hmac(key: bytes) -> None:
    import hmac

    assert KeyedHash(key).hexdigest(b"message") == hmac.digest(key, b"message", "sha256").hex()
