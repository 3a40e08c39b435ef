"""Limits: numbered once, and equal to those of the native headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actorbus import limits

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(limits.__file__).read_text(encoding="utf-8")

# Our name and the macro of native/ that must agree with it.
SHARED = {
    "FRAME_HEADER_BYTES": "AB_FRAME_LENGTH",
    "FRAME_COUNT_MAX": "AB_FRAME_COUNT_MAX",
    "MSGPACK_DEPTH_MAX": "AB_MSGPACK_DEPTH_MAX",
    "TYPE_ID_RAW": "AB_TYPE_RAW",
    "TYPE_ID_MAX": "AB_TYPES_MAX",
    "HANDLES_MAX": "AB_SLOTS",
    "BATCH_MESSAGES_MAX": "AB_BATCH_MESSAGES",
    "BATCH_BYTES_MAX": "AB_BATCH_BYTES",
    "DRIVER_SESSIONS_MAX": "AB_SESSIONS",
    "REASSEMBLY_SESSION_MAX_BYTES": "AB_MESSAGE_MAX",
    "REASSEMBLY_SUBSCRIPTION_MAX_BYTES": "AB_REASSEMBLY_MAX",
    "QUARANTINE_MESSAGES_MAX": "AB_QUARANTINE_ENTRIES",
    "QUARANTINE_BYTES_MAX": "AB_QUARANTINE_BYTES",
}


def test_every_limit_has_a_number_of_its_own_in_order() -> None:
    numbers = [int(number) for number in re.findall(r"# L(\d+) ", SOURCE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_limit_says_where_it_comes_from() -> None:
    numbered = [line for line in SOURCE.splitlines() if re.match(r"[A-Z_0-9]+: Final = ", line)]
    unsourced = [line for line in numbered if not re.search(r"# L\d+ \[[ADMWP]\]", line)]
    assert [line.split(":")[0] for line in unsourced] == ["KIB", "MIB", "GIB"]


def native_macros() -> dict[str, int]:
    found: dict[str, int] = {}
    for header in (ROOT / "native").glob("*.h"):
        text_of_header = header.read_text(encoding="utf-8")
        for name, text in re.findall(r"^#define (AB_[A-Z_0-9]+) \(?([0-9uUlL* ]+)\)?", text_of_header, re.MULTILINE):
            value = 1
            for factor in re.sub(r"[uUlL]", "", text).split("*"):
                value *= int(factor) if factor.strip() else 1
            found[name] = value
    return found


def test_limits_that_native_code_shares_are_the_same_there() -> None:
    macros = native_macros()
    assert {name: macros.get(macro) for name, macro in SHARED.items()} == {
        name: getattr(limits, name) for name in SHARED
    }


@pytest.mark.parametrize(
    ("term", "message"),
    [(64 * 1024, 8 * 1024), (2**20, 128 * 1024), (2**24, 2**21), (2**27, 2**24), (2**30, 2**24)],
)
def test_a_message_takes_an_eighth_of_a_term_and_16_mib_at_most(term: int, message: int) -> None:
    assert limits.max_message_bytes(term) == message
