"""`print` prints one line a message, and reports what it left out."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

import actorbus as ab
from actorbus_handlers import Print
from tests.unit.handlers.fakes import bar, handler

META: Any = SimpleNamespace(stream="bars", sequence=7)


def test_a_message_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    printer, _ = handler(Print)
    printer.message(bar(), META)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Bar(symbol='AAPL'")
    assert err.count("\n") == 1


def test_it_prints_to_stdout_with_stream_and_sequence_when_told(capsys: pytest.CaptureFixture[str]) -> None:
    printer, _ = handler(Print, to="stdout", meta=True)
    printer.message(b"one\ntwo", META)
    assert capsys.readouterr().out == "bars 7 b'one\\ntwo'\n"


def test_a_long_message_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    printer, _ = handler(Print, width=5)
    printer.message(b"123456789", META)
    assert capsys.readouterr().err == "b'123…\n"


def test_what_comes_after_the_limit_is_counted_and_reported(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    printer, _ = handler(Print, limit=2)
    for _ in range(5):
        printer.message(b"x", META)
    with caplog.at_level(logging.INFO):
        printer.on_stop()
    assert capsys.readouterr().err == "b'x'\n" * 2
    assert caplog.messages == ["printed 2 messages; 3 more came after the limit"]


def test_without_a_limit_everything_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    printer, _ = handler(Print, limit=None)
    for _ in range(150):
        printer.message(b"x", META)
    printer.on_stop()
    assert capsys.readouterr().err.count("\n") == 150


@pytest.mark.parametrize(
    ("options", "says"),
    [({"to": "printer"}, "to is 'printer'"), ({"limit": -1}, "limit is -1"), ({"width": 0}, "width is 0")],
)
def test_a_wrong_option_is_refused_with_its_value(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ab.UsageError, match=says):
        handler(Print, **options)
