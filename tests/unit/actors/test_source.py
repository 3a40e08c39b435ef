from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

import actorbus.dispatch as d
from actorbus.actors.shell import join, launch
from actorbus.actors.source import PublisherActor, SourceSetup
from actorbus.clock import SystemClock
from actorbus.errors import BackPressured, HandlerFailed

DEADLINE_S = 5.0


class Numbers(d.Source[object]):
    closed = False

    def __init__(self, *, count: int, fail_at: int = -1, pause_s: float = 0.0) -> None:
        self.count = count
        self.fail_at = fail_at
        self.pause_ns = int(pause_s * 1e9)
        self.calls: list[str] = []

    def on_start(self) -> None:
        self.calls.append("on_start")

    def produce(self) -> Iterator[object]:
        try:
            for number in range(self.count):
                if number == self.fail_at:
                    raise ValueError("bad row")
                if self.pause_ns and not self.clock.sleep_until_ns(self.clock.monotonic_ns() + self.pause_ns):
                    return
                yield number
        finally:
            self.calls.append("closed")

    def on_stop(self) -> None:
        self.calls.append("on_stop")


class Run:
    def __init__(self, publish: Callable[[object], int] | None = None, **options: object) -> None:
        self.published: list[object] = []
        self.failures: list[BaseException] = []
        self.finished = threading.Event()
        setup = SourceSetup("numbers", "s", Numbers, options, publish or self._publish)
        self.actor = PublisherActor(
            setup,
            SystemClock(),
            report=lambda name, error: self.failures.append(error),
            finished=lambda name: self.finished.set(),
        )
        launch(self.actor)

    def _publish(self, message: object) -> int:
        self.published.append(message)
        return len(self.published)

    def stop(self) -> Numbers:
        self.actor.request_stop()
        assert join(self.actor, DEADLINE_S)
        source = self.actor._source
        assert isinstance(source, Numbers)
        return source


def test_a_source_publishes_all_it_yields_then_is_finished_and_waits_for_its_stop() -> None:
    run = Run(count=1000)
    assert run.finished.wait(DEADLINE_S)

    assert run.published == list(range(1000))
    assert run.stop().calls == ["on_start", "closed", "on_stop"]
    assert run.failures == []


def test_a_stop_wakes_a_source_that_sleeps() -> None:
    run = Run(count=1000, pause_s=60.0)

    assert run.stop().calls == ["on_start", "closed", "on_stop"]
    assert run.published == []


def test_a_raising_source_is_reported_with_how_far_it_came() -> None:
    run = Run(count=10, fail_at=3)
    assert run.finished.wait(DEADLINE_S)
    run.stop()

    (failure,) = run.failures
    assert isinstance(failure, HandlerFailed)
    assert "source 'numbers' raised ValueError after 3 messages: bad row" in str(failure)
    assert isinstance(failure.__cause__, ValueError)


def test_a_refusal_that_outlives_its_timeout_ends_the_source_and_is_reported_as_it_is() -> None:
    def refuse(message: object) -> int:
        raise BackPressured("no room")

    run = Run(publish=refuse, count=10)
    assert run.finished.wait(DEADLINE_S)
    run.stop()

    assert [type(failure) for failure in run.failures] == [BackPressured]


def test_a_source_that_cannot_be_made_says_which_and_why() -> None:
    with pytest.raises(HandlerFailed, match=r"source 'numbers' \(Numbers\) could not start: TypeError"):
        Run(wrong=1)
