"""`range_alarm` publishes an Event when a bar is wider than a share of its close, and only then."""

from __future__ import annotations

import pytest

import actorbus as ab
from actorbus_handlers import RangeAlarm
from tests.unit.handlers.fakes import bar, running


@pytest.mark.parametrize(
    ("prices", "alarms"),
    [
        (("100", "110", "100", "100"), 0),  # exactly the share is not above it
        (("100", "110.000000001", "100", "100"), 1),
        (("100", "104", "99", "100"), 0),
        (("-37", "-10", "-40", "-37"), 1),  # prices below zero have happened
        (("0", "1", "-1", "0"), 1),
        (("0", "0", "0", "0"), 0),
    ],
)
def test_a_range_above_the_share_of_the_close_alarms(prices: tuple[str, str, str, str], alarms: int) -> None:
    with running(RangeAlarm, {"alerts": "Event"}, share=0.1) as bus:
        bus.publish("bars", bar(prices=prices))
        assert len(bus.seen("out-alerts")) == alarms
        alarm = bus.handler("it")
        assert isinstance(alarm, RangeAlarm)
        assert alarm.alarms == alarms


def test_the_event_says_which_bar_and_by_how_much() -> None:
    with running(RangeAlarm, {"alerts": "Event"}, share=0.05, severity="critical") as bus:
        bus.publish("bars", bar(7, prices=("100", "112", "100", "100")))
        event = bus.expect("out-alerts", ab.Event, within=5.0)
        bus.expect_none("out-alerts", ab.Event)
    assert (event.symbol, event.event_time_ns) == ("AAPL", 7)
    assert (event.kind, event.source, event.severity) == ("range", "it", ab.Severity.CRITICAL)
    assert event.text == "range is 12.0 % of close, above 5 %"


def test_a_severity_that_is_none_is_refused() -> None:
    bus = running(RangeAlarm, {"alerts": "Event"}, severity="loud")
    with pytest.raises(ab.UsageError, match="severity is 'loud'"), bus:
        raise AssertionError("it started")


@pytest.mark.parametrize("share", [0, -0.1, 1e-9])
def test_a_share_that_is_not_above_zero_is_refused(share: float) -> None:
    bus = running(RangeAlarm, {"alerts": "Event"}, share=share)
    with pytest.raises(ab.UsageError, match="share is"), bus:
        raise AssertionError("it started")
