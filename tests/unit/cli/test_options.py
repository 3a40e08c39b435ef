"""Durations on the command line."""

from __future__ import annotations

import click
import pytest

from actorbus.cli.options import DURATION


@pytest.mark.parametrize(("text", "value"), [("5s", 5_000_000_000), ("100ms", 100_000_000), ("0s", 0)])
def test_a_duration_becomes_nanoseconds(text: str, value: int) -> None:
    assert DURATION.convert(text, None, None) == value
    assert DURATION.convert(value, None, None) == value


@pytest.mark.parametrize("text", ["5", "soon", "-1s", ""])
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    with pytest.raises(click.BadParameter):
        DURATION.convert(text, None, None)
