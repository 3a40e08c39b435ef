"""Events and commands between applications."""

from __future__ import annotations

from actorbus.messages import Control, Event, Severity


def test_an_event_is_information_unless_it_says_more() -> None:
    assert Event("limit").severity is Severity.INFO
    assert Event("limit", "risk", Severity.ERROR, "too large").severity > Severity.WARNING


def test_a_command_carries_named_arguments() -> None:
    control = Control("stop", "strategy-1", "42", {"when": "now"})
    assert control.arguments == {"when": "now"}
    assert Control("stop").arguments is None
