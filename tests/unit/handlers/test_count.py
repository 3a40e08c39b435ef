"""`count` counts every message by type and says so at the end."""

from __future__ import annotations

import logging

import pytest

import actorbus as ab
from actorbus_handlers import Count
from tests.unit.handlers.fakes import bar, running


def test_messages_are_counted_by_type(caplog: pytest.LogCaptureFixture) -> None:
    streams = {
        "bars": {"stream_id": 1, "messages": ["Bar"]},
        "raw": {"stream_id": 2, "codec": {"format": "raw"}},
    }
    both = {"streams": ["bars", "raw"], "class": "actorbus_handlers:Count"}
    with (
        caplog.at_level(logging.INFO, "actorbus.handlers.both"),
        ab.testing.bus({"version": 1, "name": "shelf", "streams": streams, "handlers": {"both": both}}) as bus,
    ):
        bus.publish("bars", bar(), bar())
        bus.publish("raw", b"raw")
        count = bus.handler("both")
        assert isinstance(count, Count)
        assert count.total == 3
        assert count.by_type == {"Bar": 2, "bytes": 1}
    assert caplog.messages == ["counted 3 messages: Bar 2, bytes 1"]


def test_no_message_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "actorbus.handlers.it"), running(Count):
        pass
    assert caplog.messages == ["counted 0 messages"]


@pytest.mark.parametrize(("expect", "errors"), [(1, 0), (2, 1), (0, 1)])
def test_another_total_than_expected_is_an_error_in_the_log(
    expect: int, errors: int, caplog: pytest.LogCaptureFixture
) -> None:
    with running(Count, expect=expect) as bus:
        bus.publish("bars", bar())
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == errors
