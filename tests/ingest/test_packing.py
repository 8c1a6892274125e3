"""Case 25: gzip, encodings and cut files."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from driftsentry.ingest import Refused, unpack
from tests.ingest import samples

CLEAR = samples.body("tfplan/gen-tf1.11-life-refresh-only.json")


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "x-gzip", " GZIP "])
def test_gzip_is_told_by_its_bytes_whatever_the_header_says(encoding: str) -> None:
    assert unpack(gzip.compress(CLEAR), content_encoding=encoding) == CLEAR


def test_case_25_a_recorded_gzip_file_reads_like_the_plain_one() -> None:
    assert samples.scan("tfplan-encoding/gzip.json.gz") == samples.read(CLEAR)


def test_several_gzip_members_are_one_body() -> None:
    assert unpack(gzip.compress(b"ab") + gzip.compress(b"cd"), content_encoding="gzip") == b"abcd"


def test_a_body_without_gzip_stays_as_it_is() -> None:
    assert unpack(CLEAR, content_encoding="") == CLEAR
    assert unpack(b"", content_encoding="gzip") == b""


def refusal(body: bytes, encoding: str = "gzip", limit: int = 1_000_000) -> Refused:
    with pytest.raises(Refused) as caught:
        unpack(body, content_encoding=encoding, limit=limit)
    return caught.value


def test_a_bomb_is_stopped_at_the_limit_without_being_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 1)
    tracemalloc.start()
    assert refusal(bomb).status == 413
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_the_limit_counts_what_comes_out_exactly() -> None:
    assert len(unpack(gzip.compress(b"x" * 1000), content_encoding="gzip", limit=1000)) == 1000
    assert refusal(gzip.compress(b"x" * 1001), limit=1000).code == "PAYLOAD_TOO_LARGE"
    assert refusal(b"x" * 1001, "", 1000).status == 413


@pytest.mark.parametrize("cut", [5, 12, 500])
def test_truncated_gzip_is_refused(cut: int) -> None:
    assert refusal(gzip.compress(CLEAR)[:cut]).status == 400


def test_damaged_and_announced_gzip_is_refused() -> None:
    packed = bytearray(gzip.compress(CLEAR))
    packed[-5] ^= 0xFF
    assert "damaged" in refusal(bytes(packed)).message
    assert "announced" in refusal(CLEAR).message
    assert refusal(zlib.compress(CLEAR), "br").status == 415


def test_case_25_a_byte_order_mark_is_no_obstacle() -> None:
    assert samples.scan("tfplan-encoding/utf8-bom.json") == samples.read(CLEAR)


MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


@pytest.mark.parametrize("encoding", MARKS)
@pytest.mark.parametrize("has_mark", [True, False])
def test_case_25_utf16_as_powershell_writes_it_is_read(encoding: str, has_mark: bool) -> None:
    text = samples.body("tfplan/gen-tf1.11-shop-drifted-refresh-only.json")
    written = (MARKS[encoding] if has_mark else b"") + text.decode().encode(encoding)
    assert samples.read(written) == samples.read(text)


def test_case_25_a_log_in_utf16_with_the_line_ends_of_windows_is_read() -> None:
    text = samples.body("tf-ui-log/gen-tf1.11-life-refresh-only.jsonl")
    assert samples.read(text.decode().replace("\n", "\r\n").encode("utf-16")) == samples.read(text)


def test_case_25_a_truncated_plan_gives_the_position_where_it_ends() -> None:
    with pytest.raises(Refused) as caught:
        samples.scan("tfplan-encoding/truncated.json")
    assert caught.value.status == 400
    assert "byte offset 6559" in caught.value.message
    assert "cut" in caught.value.message


@pytest.mark.parametrize("body", [b'\xff\xfe{\0"\0\x00\xd8', b"\xff\xfe\x00\x00{\0\0\0", b"\xff\xfe{", b'{\0"\0a'])
def test_damaged_utf16_and_utf32_are_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        samples.read(body)
    assert caught.value.status == 400
