from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.journal import open_recording

SECOND = 1_000_000_000


class Halt(ab.Message, type_id=1001, version=1):
    """Sent by `Guard`."""

    symbol: str
    reason: str = ""


class Guard(ab.Handler):
    """Halts what says "bad", raises on "wrong", and ticks every second."""

    alerts = ab.Output(Halt)

    def __init__(self, *, slow: bool = False) -> None:
        self.seen: list[str] = []
        self.ticks: list[int] = []
        self.slow = slow

    def on_start(self) -> None:
        self.began = self.clock.monotonic_ns()
        self.every("1s", self.tick)

    def tick(self) -> None:
        self.ticks.append(self.clock.monotonic_ns() - self.began)
        if len(self.ticks) == 60:
            raise RuntimeError("a minute is over")

    @ab.on(ab.News)
    def news(self, message: ab.News) -> None:
        self.seen.append(message.headline)
        if message.headline == "wrong":
            raise ValueError("wrong")
        if message.headline.startswith("bad"):
            self.alerts.publish(Halt(message.headline))


class Late(ab.Handler):
    """Hears the halts."""

    def __init__(self) -> None:
        self.halts = 0
        self.gaps = 0

    @ab.on(Halt)
    def halt(self, message: Halt) -> None:
        self.halts += 1

    def on_event(self, event: ab.StreamEvent, /) -> None:
        self.gaps += isinstance(event, ab.Gap)


class Hourly(ab.Source[ab.News]):
    """A headline an hour, three of them; then the end, or an error."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def produce(self) -> Iterator[ab.News]:
        due = self.clock.monotonic_ns()
        for number in range(3):
            due += 3600 * SECOND
            if not self.clock.sleep_until_ns(due):
                return
            yield news(f"bad {number}")
        if self.fails:
            raise OSError("the wire is cut")


def news(headline: str) -> ab.News:
    return ab.News(symbol="X", headline=headline)


def topology(**changes: object) -> dict[str, object]:
    here = __name__
    return {
        "version": 1,
        "name": "guarded",
        "driver": {"mode": "external"},
        "pollers": {"main": {"streams": ["news"], "idle": "busy_spin"}},
        "streams": {
            "news": {"stream_id": 1, "messages": ["News"], "channel": "aeron:ipc?term-length=64k"},
            "alerts": {"stream_id": 2, "messages": [f"{here}:Halt"]},
        },
        "handlers": {
            "guard": {"stream": "news", "class": f"{here}:Guard", "publishes": {"alerts": "alerts"}},
            "late": {"stream": "alerts", "class": f"{here}:Late"},
        },
        **changes,
    }


def test_what_is_published_is_handled_and_what_handlers_publish_is_seen() -> None:
    with ab.testing.bus(topology()) as bus:
        assert bus.publish("news", news("good"), news("bad 1"), news("bad 2")) == 2
        halt = bus.expect("alerts", Halt, within=5.0)
        assert halt == Halt("bad 1")
        assert bus.expect("alerts", Halt, within=5.0, where=lambda one: one.symbol == "bad 2")
        bus.expect_none("alerts", Halt)
        guard, late = bus.handler("guard"), bus.handler("late")
        assert isinstance(guard, Guard)
        assert isinstance(late, Late)
        assert guard.seen == ["good", "bad 1", "bad 2"]
        assert late.halts == 2
        assert bus.seen("alerts") == [Halt("bad 1"), Halt("bad 2")]
        assert bus.stats().streams["news"].received == 3
    assert bus.node.health().state == "closed"


def test_a_missing_message_fails_with_what_came_and_what_was_raised() -> None:
    with ab.testing.bus(topology()) as bus:
        bus.publish("news", news("wrong"), news("bad 1"))
        with pytest.raises(AssertionError) as caught:
            bus.expect("alerts", Halt, within=0.05, where=lambda halt: halt.symbol == "other")
        assert str(caught.value) == (
            "no Halt that fits on stream 'alerts' within 0.05 s; what came and was not taken: Halt x 1; "
            "the last: Halt(symbol='bad 1', reason=''); handler 'guard' raised ValueError: wrong"
        )
        with pytest.raises(AssertionError, match="a Halt came on stream 'alerts' that should not"):
            bus.expect_none("alerts", Halt)
        assert isinstance(bus.expect_error("guard", ValueError), ValueError)


def test_a_handler_that_raises_fails_the_test_and_one_that_should_does_not() -> None:
    bus = ab.testing.bus(topology())
    with pytest.raises(AssertionError, match="handler 'guard' raised ValueError: wrong") as caught, bus:
        bus.publish("news", news("wrong"))
    assert isinstance(caught.value.__cause__, ValueError)
    with ab.testing.bus(topology()) as bus:
        bus.publish("news", news("wrong"))
        bus.expect_error("guard", ValueError, within=5.0)
        with pytest.raises(AssertionError, match="raised no ValueError within"):
            bus.expect_error("guard", ValueError, within=0.01)


def test_a_failing_test_is_told_as_it_failed() -> None:
    bus = ab.testing.bus(topology())

    def fail() -> None:
        with bus:
            bus.publish("news", news("wrong"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert bus.node.health().state == "closed"


def test_timers_fire_each_at_its_own_time_while_the_clock_is_advanced() -> None:
    with ab.testing.bus(topology()) as bus:
        guard = bus.handler("guard")
        assert isinstance(guard, Guard)
        bus.clock.advance("999ms")
        assert guard.ticks == []
        bus.clock.advance("1ms")
        assert guard.ticks == [SECOND]
        bus.clock.advance("2.5s")
        assert guard.ticks == [SECOND, 2 * SECOND, 3 * SECOND]


def test_what_a_timer_raises_fails_the_test() -> None:
    bus = ab.testing.bus(topology())
    with pytest.raises(AssertionError, match="handler 'guard' raised 1 times outside its messages"), bus:
        bus.clock.advance("1m")


def test_sources_are_paced_by_the_clock() -> None:
    sources = {"hourly": {"stream": "news", "class": f"{__name__}:Hourly"}}
    handlers = {"late": {"stream": "alerts", "class": f"{__name__}:Late"}}
    with ab.testing.bus(topology(sources=sources, handlers=handlers, pollers={})) as bus:
        bus.clock.advance("59m")
        assert bus.seen("news") == []
        bus.clock.advance("1m")
        assert bus.seen("news") == [news("bad 0")]
        bus.clock.advance("1d")
        assert bus.seen("news") == [news(f"bad {number}") for number in range(3)]


def test_a_source_that_breaks_fails_the_test() -> None:
    sources = {"hourly": {"stream": "news", "class": f"{__name__}:Hourly", "options": {"fails": True}}}
    handlers = {"late": {"stream": "alerts", "class": f"{__name__}:Late"}}
    bus = ab.testing.bus(topology(sources=sources, handlers=handlers, pollers={}))
    with pytest.raises(AssertionError, match="the wire is cut"), bus:
        bus.clock.advance("3h")


def test_a_planned_error_goes_the_way_of_on_error() -> None:
    with ab.testing.bus(topology()) as bus:
        bus.fail_next("guard", RuntimeError("out of luck"), times=2)
        bus.publish("news", news("bad 1"), news("bad 2"), news("bad 3"))
        assert bus.expect("alerts", Halt, within=5.0) == Halt("bad 3")
        assert [entry.error for entry in bus.node.quarantine("news")] == ["guard: RuntimeError: out of luck"] * 2
        assert bus.stats().handlers["guard"].errors == 2


def test_a_stopped_handler_is_excused_with_its_error() -> None:
    with ab.testing.bus(with_guard(on_error="stop")) as bus:
        bus.fail_next("guard", RuntimeError("the end"))
        bus.publish("news", news("bad 1"), news("bad 2"))
        bus.expect_none("alerts", Halt)


def with_guard(**changes: object) -> dict[str, object]:
    guard = {"stream": "news", "class": f"{__name__}:Guard", "publishes": {"alerts": "alerts"}, **changes}
    return topology(handlers={"guard": guard, "late": {"stream": "alerts", "class": f"{__name__}:Late"}})


def test_handlers_with_a_mailbox_live_by_the_same_clock_and_are_waited_for() -> None:
    with ab.testing.bus(with_guard(dispatch="mailbox")) as bus:
        bus.publish("news", news("bad 1"), news("good"))
        guard = bus.handler("guard")
        assert isinstance(guard, Guard)
        assert guard.seen == ["bad 1", "good"]
        assert bus.seen("alerts") == [Halt("bad 1")]
        bus.clock.advance("3s")
        assert guard.ticks == [SECOND, 2 * SECOND, 3 * SECOND]
        bus.fail_next("guard", RuntimeError("out of luck"))
        bus.publish("news", news("bad 2"), news("bad 3"))
        assert bus.seen("alerts") == [Halt("bad 1"), Halt("bad 3")]


@pytest.mark.parametrize("dispatch", ["inline", "mailbox"])
def test_a_restarted_handler_is_another_object(dispatch: str) -> None:
    with ab.testing.bus(with_guard(dispatch=dispatch, on_error="restart")) as bus:
        first = bus.handler("guard")
        bus.fail_next("guard", RuntimeError("out of luck"))
        bus.publish("news", news("bad 1"))
        deadline = time.monotonic() + 5
        while bus.handler("guard") is first:  # the pause before a restart is real time
            assert time.monotonic() < deadline
        bus.publish("news", news("bad 2"))
        assert bus.expect("alerts", Halt, within=5.0) == Halt("bad 2")
        assert bus.stats().handlers["guard"].restarts == 1


class Reader(ab.Handler):
    """Asynchronous."""

    alerts = ab.Output(Halt)

    @ab.on(ab.News)
    async def news(self, message: ab.News) -> None:
        if message.headline == "wrong":
            raise ValueError("wrong")
        self.alerts.publish(Halt(message.headline))


def test_asynchronous_handlers_are_watched_too() -> None:
    reading = with_guard(**{"class": f"{__name__}:Reader", "dispatch": "mailbox"})
    with ab.testing.bus(reading) as bus:
        bus.publish("news", news("a"), news("wrong"), news("b"))
        assert isinstance(bus.expect_error("guard", ValueError, within=5.0), ValueError)
        assert bus.seen("alerts") == [Halt("a"), Halt("b")]


def test_lost_messages_are_a_gap_for_everyone() -> None:
    with ab.testing.bus(topology()) as bus:
        bus.publish("alerts", Halt("a"))
        bus.drop_next("alerts", 2)
        bus.publish("alerts", Halt("b"), Halt("c"), Halt("d"))
        gap = bus.expect("alerts", ab.Gap, within=5.0)
        assert (gap.first, gap.last) == (1, 2)
        assert bus.seen("alerts") == [Halt("a"), Halt("d")]
        late = bus.handler("late")
        assert isinstance(late, Late)
        assert (late.halts, late.gaps) == (2, 1)
        assert any(isinstance(event, ab.Gap) for event in bus.events("alerts"))
        figures = bus.stats().streams["alerts"]
        assert (figures.published, figures.received, figures.missing) == (4, 2, 2)


def test_refusals_meet_the_streams_policy() -> None:
    changed = topology()
    streams = changed["streams"]
    assert isinstance(streams, dict)
    streams["alerts"]["back_pressure"] = {"policy": "raise"}
    with ab.testing.bus(changed) as bus:
        bus.refuse("alerts")
        with pytest.raises(ab.BackPressured):
            bus.publish("alerts", Halt("a"))
        bus.refuse("news", 3)
        assert bus.publish("news", news("bad 1")) == 0  # news blocks: it tries again until there is room
        assert bus.expect("alerts", Halt, within=5.0) == Halt("bad 1")
        assert bus.stats().streams["news"].back_pressured == 1


def test_only_the_streams_asked_for_are_probed() -> None:
    with ab.testing.bus(topology(), probes=["alerts"]) as bus:
        bus.publish("news", news("bad 1"))
        assert bus.expect("alerts", Halt, within=5.0)
        with pytest.raises(ab.UsageError, match="stream 'news' has no probe"):
            bus.expect("news", ab.News)


def test_wrong_names_and_times_are_told() -> None:
    bus = ab.testing.bus(topology())
    with pytest.raises(ab.UsageError, match="not running"):
        bus.expect("news", ab.News)
    with pytest.raises(ab.UsageError, match="no stream 'nws'; the topology has: news, alerts"):
        ab.testing.bus(topology(), probes=["nws"])
    with bus:
        for ask in (bus.drop_next, bus.refuse, bus.seen, bus.publish):
            with pytest.raises(ab.UsageError, match="no stream 'nws'"):
                ask("nws")
        for look in (bus.handler, bus.expect_error):
            with pytest.raises(ab.UsageError, match="no handler 'gard'; the topology has: guard, late"):
                look("gard")
        with pytest.raises(ab.UsageError, match="no message"):
            bus.publish("news")
    with pytest.raises(ab.ConfigError):
        ab.testing.bus({"version": 1, "name": "x", "streams": {"s": {}}})


def test_a_gap_needs_sequences() -> None:
    raw = {"s": {"stream_id": 1, "codec": {"format": "raw"}, "frame": "none"}}
    with ab.testing.bus({"version": 1, "name": "x", "streams": raw}) as bus:
        bus.publish("s", b"as it is")
        assert bus.expect("s", bytes, within=5.0) == b"as it is"
        with pytest.raises(ab.UsageError, match="frame none"):
            bus.drop_next("s")


def test_a_file_and_structs_run_as_a_mapping_does(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("version: 1\nname: ${NAME}\nstreams: {news: {stream_id: 1, messages: [News]}}\n", encoding="utf-8")
    structs = ab.Topology(
        version=1,
        name="other",
        streams={"news": ab.StreamSpec(stream_id=1, messages=["News"])},
        sources={},
        handlers={},
    )
    for given, name in ((file, "mine"), (str(file), "mine"), (structs, "other")):
        with ab.testing.bus(given, env={"NAME": "mine"}) as bus:
            assert bus.node.name == name
            bus.publish("news", news("x"))
            assert bus.expect("news", ab.News, within=5.0) == news("x")


def test_recorders_write_into_temporary_folders_unless_the_real_ones_are_asked_for(tmp_path: Path) -> None:
    recorded = topology(recorders={"tape": {"streams": ["news"], "directory": str(tmp_path / "tape")}})
    with ab.testing.bus(recorded) as bus:
        bus.publish("news", news("x"))
        temporary = bus.recordings["tape"]
        assert temporary.is_dir()
    assert not temporary.parent.exists()
    assert not (tmp_path / "tape").exists()

    with ab.testing.bus(recorded, recordings="real") as bus:
        bus.publish("news", news("x"))
        assert bus.recordings["tape"] == tmp_path / "tape"
    with open_recording(tmp_path / "tape") as reader:
        assert len(list(reader)) == 1


def test_a_start_that_fails_leaves_nothing_running() -> None:
    class_of_none = {"guard": {"stream": "news", "class": f"{__name__}:Broken"}}
    before = threading.active_count()
    with pytest.raises(ab.HandlerFailed, match="cannot start"), ab.testing.bus(topology(handlers=class_of_none)):
        raise AssertionError("it started")
    assert threading.active_count() == before


class Broken(ab.Handler):
    """Does not start."""

    def on_start(self) -> None:
        raise RuntimeError("cannot start")

    @ab.on(ab.News)
    def news(self, message: ab.News) -> None:
        raise AssertionError(message)
