"""Filters, and the text of a message for people."""

from __future__ import annotations

import pytest

from actorbus.cli.watch import Condition, _text, conditions, matches  # pyright: ignore[reportPrivateUsage]
from actorbus.errors import InvalidValue

LINE: dict[str, object] = {
    "stream": "s",
    "sequence": 3,
    "time_ns": 0,
    "session": 1,
    "position": 64,
    "type": "News",
    "message": {"symbol": "A", "headline": "x" * 99 + "\x1b[31m", "body": "", "source": "wire"},
}


def test_conditions_are_a_field_and_its_text() -> None:
    assert conditions(["symbol=AAPL", "text= a=b"]) == [Condition("symbol", "AAPL"), Condition("text", "a=b")]


@pytest.mark.parametrize("text", ["symbol", "=AAPL"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="FIELD=VALUE"):
        conditions([text])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(["symbol=A"], True), (["symbol=A", "type=Bar"], False), (["session=1"], True), (["no="], True)],
)
def test_a_line_matches_when_it_has_all_that_is_wanted(wanted: list[str], found: bool) -> None:
    assert matches(LINE, conditions(wanted)) is found


def test_text_is_cut_and_has_no_control_characters_and_no_empty_fields() -> None:
    text = _text(LINE, colour=False)
    assert "\x1b" not in text
    assert "body" not in text
    assert "..." in text
    assert text.endswith("source=wire")
