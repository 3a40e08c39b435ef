"""The line of long work: its text, when it is drawn, and that it is gone at the end."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from actorbus.cli.progress import WIPE, is_shown, line_of, progress

SECOND = 1_000_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def drawn(self) -> list[str]:
        return self.getvalue().split(WIPE)[1:]


@pytest.fixture(autouse=True)
def _a_terminal_of_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def ticking(step_ns: int) -> Callable[[], int]:
    """Return a clock that goes on by so much at each look."""
    now = [0]

    def look() -> int:
        now[0] += step_ns
        return now[0]

    return look


def test_a_line_has_bar_percent_steps_rate_and_time_left() -> None:
    text = line_of("verify", 1_500, 6_000, "records", 3 * SECOND, "segment 2")
    assert text == "verify  [######..................]  25%  1,500/6,000 records  500/s  0:09 left  segment 2"


@pytest.mark.parametrize(
    ("done", "total", "elapsed_ns", "text"),
    [
        (0, None, 0, "tail"),
        (70_000, None, 2 * SECOND, "tail  70,000  35,000/s"),
        (3, None, 2 * SECOND, "tail  3  1.5/s"),
        (9, 10, SECOND // 10, "tail  [#####################...]  90%  9/10"),
        (10, 10, SECOND, "tail  [########################] 100%  10/10  10/s"),
        (12, 10, SECOND, "tail  [########################] 100%  12/10  12/s"),
        (1, 7201, SECOND, "tail  [........................]   0%  1/7,201  1.0/s  2:00:00 left"),
    ],
)
def test_what_is_not_known_is_not_shown(done: int, total: int | None, elapsed_ns: int, text: str) -> None:
    assert line_of("tail", done, total, "", elapsed_ns, "") == text


def test_what_cannot_be_printed_does_not_reach_the_terminal() -> None:
    assert line_of("x", 0, None, "", 0, "a\x1b[2Jb\n") == "x  a?[2Jb?"


def test_it_is_drawn_at_most_ten_times_a_second() -> None:
    screen = Terminal()
    with progress("work", 1000, screen=screen, clock_ns=ticking(1_000_000)) as work:
        for _ in range(1000):
            work.advance()
    assert 10 <= len(screen.drawn) <= 13
    assert work.done == 1000


def test_what_is_told_is_drawn_at_once() -> None:
    screen = Terminal()
    with progress("work", screen=screen, clock_ns=lambda: 0) as work:
        work.tell("first")
        work.tell("second")
    assert screen.drawn == ["work", "work  first", "work  second", ""]


def test_it_never_fills_the_terminal_to_its_last_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    screen = Terminal()
    with progress("work", 10, screen=screen) as work:
        work.tell("x" * 100)
    assert max(map(len, screen.drawn)) == 19


def test_an_error_wipes_the_line_too() -> None:
    screen = Terminal()
    with pytest.raises(KeyboardInterrupt), progress("work", screen=screen):
        raise KeyboardInterrupt
    assert screen.getvalue().endswith(WIPE)


def test_in_a_pipe_it_counts_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("work", 10) as work:
        work.advance(3)
        work.tell("something")
    assert work.done == 3
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("environment", "shown"), [({}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, True)])
def test_a_dumb_terminal_has_none(environment: dict[str, str], shown: bool) -> None:
    assert is_shown(Terminal(), environment) is shown


def test_a_closed_stream_has_none() -> None:
    screen = Terminal()
    screen.close()
    assert not is_shown(screen, {})
