"""What is counted of a handler: every error, one log line a type."""

from __future__ import annotations

import logging

import pytest

from actorbus.dispatch import HandlerState
from actorbus.dispatch.state import describe
from tests.unit.dispatch.fakes import FakeLatency


def test_errors_are_counted_and_each_type_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    state = HandlerState("h", "skip", FakeLatency(), logging.getLogger("test"))
    for error in (ValueError(1), ValueError(2), KeyError("x")):
        state.raised(error, "here")

    assert state.errors == 3
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "h raised ValueError here",
        "h raised KeyError here",
    ]


def test_an_error_is_described_by_type_and_text() -> None:
    assert describe(OSError("no file")) == "OSError: no file"
