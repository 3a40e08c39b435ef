"""`count` counts every message by type and says so at the end."""

from __future__ import annotations

import logging

import pytest

from actorbus_handlers import Count
from tests.unit.handlers.fakes import bar, handler


def test_messages_are_counted_by_type(caplog: pytest.LogCaptureFixture) -> None:
    count, _ = handler(Count)
    for message in (bar(), bar(), b"raw"):
        count.message(message)
    with caplog.at_level(logging.INFO):
        count.on_stop()
    assert count.total == 3
    assert count.by_type == {"Bar": 2, "bytes": 1}
    assert caplog.messages == ["counted 3 messages: Bar 2, bytes 1"]


def test_no_message_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    count, _ = handler(Count)
    with caplog.at_level(logging.INFO):
        count.on_stop()
    assert caplog.messages == ["counted 0 messages"]


@pytest.mark.parametrize(("expect", "errors"), [(1, 0), (2, 1), (0, 1)])
def test_another_total_than_expected_is_an_error_in_the_log(
    expect: int, errors: int, caplog: pytest.LogCaptureFixture
) -> None:
    count, _ = handler(Count, expect=expect)
    count.message(bar())
    count.on_stop()
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == errors
