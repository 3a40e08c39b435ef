"""Durations and sizes: exact, with units, and errors that name the value and the forms."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.errors import InvalidValue
from actorbus.units import Duration, Size, duration_ns, size_bytes

INT64_MAX = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0s", 0), ("1ns", 1), ("1us", 1_000), ("1µs", 1_000), ("100ms", 100_000_000), ("1s", 10**9),
        ("1.5s", 1_500_000_000), ("2m", 120 * 10**9), ("2min", 120 * 10**9), ("1h", 3_600 * 10**9),
        ("1d", 86_400 * 10**9), (" 5 s ", 5 * 10**9), ("5S", 5 * 10**9), ("0.000000001s", 1),
    ],
)  # fmt: skip
def test_a_duration_is_a_number_with_a_unit(text: str, ns: int) -> None:
    assert duration_ns(text) == ns


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 fortnight", "1e3s", "1..5s", "1,5s", "٣s", "0x5s", "1s1s"])
def test_what_is_no_duration_is_refused_with_the_value_and_the_forms(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        _ = duration_ns(text)
    assert repr(text) in str(caught.value)
    assert "100ms" in str(caught.value)


def test_a_fraction_of_a_nanosecond_is_not_rounded_away() -> None:
    with pytest.raises(InvalidValue, match=r"'0\.3ns' is not a whole number of ns"):
        _ = duration_ns("0.3ns")


def test_numbers_are_seconds_and_timedeltas_are_exact() -> None:
    assert duration_ns(2) == 2 * 10**9
    assert duration_ns(0.25) == 250_000_000
    assert duration_ns(dt.timedelta(days=3, microseconds=7)) == 259_200_000_007_000
    assert duration_ns(Duration("3s")) == 3 * 10**9


@pytest.mark.parametrize("value", [-1, -0.5, dt.timedelta(seconds=-1), "400000d", 10**11, 1e300])
def test_a_duration_lies_between_zero_and_292_years(value: str | float | dt.timedelta) -> None:
    with pytest.raises(InvalidValue, match=f"allowed are 0 to {INT64_MAX}"):
        _ = duration_ns(value)


@pytest.mark.parametrize("value", [True, None, float("nan"), float("inf"), b"1s", [1]])
def test_other_things_are_no_durations(value: object) -> None:
    with pytest.raises(InvalidValue, match="is not a duration"):
        _ = duration_ns(value)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("1500", 1500), ("64k", 65_536), ("64K", 65_536), ("16m", 2**24), ("1g", 2**30), ("1.5k", 1536),
        ("8kb", 8192), ("8KiB", 8192), ("12b", 12), (" 1 m ", 2**20),
    ],
)  # fmt: skip
def test_a_size_is_bytes_with_units_of_1024(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "k", "-1k", "1t", "1mm", "64 000", "1e3"])
def test_what_is_no_size_is_refused_with_the_value_and_the_forms(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        _ = size_bytes(text)
    assert repr(text) in str(caught.value)
    assert "64k" in str(caught.value)


@pytest.mark.parametrize("value", [True, 1.5, None])
def test_other_things_are_no_sizes(value: object) -> None:
    with pytest.raises(InvalidValue, match="is not a size"):
        _ = size_bytes(value)  # pyright: ignore[reportArgumentType]


def test_a_fraction_of_a_byte_is_refused() -> None:
    with pytest.raises(InvalidValue, match="not a whole number of bytes"):
        _ = size_bytes("1.0001k")


@pytest.mark.parametrize("value", [-1, 2**63])
def test_a_size_is_a_positive_int64(value: int) -> None:
    with pytest.raises(InvalidValue, match="out of range"):
        _ = Size(value)


def test_a_long_text_is_cut_in_the_error() -> None:
    with pytest.raises(InvalidValue) as caught:
        _ = size_bytes("9" * 100_000)
    assert len(str(caught.value)) < 300


@given(st.integers(0, INT64_MAX))
def test_the_text_of_a_duration_reads_back_as_it(ns: int) -> None:
    assert Duration(str(Duration(ns))) == ns


@given(st.integers(0, INT64_MAX))
def test_the_text_of_a_size_reads_back_as_it(size: int) -> None:
    assert Size(str(Size(size))) == size


def test_texts_use_the_largest_unit_that_is_exact() -> None:
    assert [str(Duration(ns)) for ns in (0, 1, 1_500, 2_000_000, 60 * 10**9)] == ["0s", "1ns", "1500ns", "2ms", "60s"]
    assert [str(Size(size)) for size in (0, 1, 1025, 1024, 2**24, 2**30)] == ["0", "1", "1025", "1k", "16m", "1g"]
    assert repr(Duration("1s")) == "Duration('1s')"
    assert repr(Size("1m")) == "Size('1m')"


def test_both_are_ints_for_whoever_computes_with_them() -> None:
    assert Duration("1s") + Size("1k") == 1_000_001_024
    assert Duration("1500ms").seconds == 1.5
