"""The line that says how far a run is."""

from __future__ import annotations

import io

from actorbus.bench.show import Shown, line_of


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_has_bar_share_and_time_left() -> None:
    assert line_of(0.5, 600, "latency: ipc") == "bench  [######......]  50%  about 10 min left  latency: ipc"
    assert line_of(2.0, -5, "a\nb").endswith("100%  about 0 s left  a?b")


def test_a_scenario_counts_by_how_long_it_takes() -> None:
    now = [0.0]
    shown = Shown({"a": 30.0, "b": 10.0}, screen=io.StringIO(), clock=lambda: now[0])
    shown.begin("a")
    now[0] = 15.0
    assert shown.state() == (15 / 40, 25.0)
    now[0] = 3000.0
    assert shown.state()[0] < 30 / 40  # never done before it is
    shown.end()
    shown.begin("b")
    share, left = shown.state()
    assert share == 30 / 40
    assert left > 100  # this machine is slower than expected


def test_nothing_is_written_into_a_pipe() -> None:
    pipe, screen = io.StringIO(), Screen()
    for each in (pipe, screen):
        shown = Shown({"a": 1.0}, screen=each)
        shown.begin("a")
        shown.tell("one")
        shown.wipe()

    assert pipe.getvalue() == ""
    assert "a: one" in screen.getvalue()
