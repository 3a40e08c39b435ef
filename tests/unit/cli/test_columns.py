"""Aligned text."""

from __future__ import annotations

import pytest

from actorbus.cli.columns import left_aligned, shown_bytes


def test_columns_are_aligned_and_lines_have_no_trailing_blanks() -> None:
    assert left_aligned([("a", "bbb", ""), ("aaa", "b", "c")], right=(1,)) == "a    bbb\naaa    b  c"
    assert left_aligned([("a",)], indent="  ") == "  a"
    assert left_aligned([]) == ""


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 << 20, "3.0 MiB"), (5 << 40, "5,120.0 GiB")],
)  # fmt: skip
def test_sizes_have_the_largest_unit(size: int, text: str) -> None:
    assert shown_bytes(size) == text
