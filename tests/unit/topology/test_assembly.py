from __future__ import annotations

import actorbus as ab
from actorbus.topology.assembly import session_parts, stop_levels, stream_part
from actorbus.topology.plan import load_mapping
from actorbus.transport import LocalBus, LocalDriver


class Passes(ab.Handler):
    out = ab.Output(ab.Bar)

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...


class Ends(ab.Handler):
    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...


HERE = "tests.unit.topology.test_assembly"


def chain(*links: tuple[str, str, str | None]) -> dict[str, object]:
    """Return a topology of handlers (name, stream in, stream out or None)."""
    names = sorted({stream for _, inward, outward in links for stream in (inward, outward) if stream})
    return {
        "version": 1,
        "name": "chain",
        "streams": {name: {"stream_id": number, "messages": ["Bar"]} for number, name in enumerate(names, 1)},
        "handlers": {
            name: {
                "stream": inward,
                "class": f"{HERE}:{'Passes' if outward else 'Ends'}",
                **({"publishes": {"out": outward}} if outward else {}),
            }
            for name, inward, outward in links
        },
    }


def test_handlers_that_feed_others_stop_first() -> None:
    plan = load_mapping(chain(("end", "c", None), ("second", "b", "c"), ("first", "a", "b")))

    assert stop_levels(plan) == (("first",), ("second",), ("end",))


def test_handlers_of_one_level_stop_in_the_reverse_order_of_the_file() -> None:
    plan = load_mapping(chain(("one", "a", None), ("two", "a", None), ("three", "a", None)))

    assert stop_levels(plan) == (("three", "two", "one"),)


def test_a_feedback_loop_stops_all_at_once() -> None:
    plan = load_mapping(chain(("one", "a", "b"), ("two", "b", "a")))

    assert stop_levels(plan) == (("two", "one"),)


def test_a_topology_without_handlers_has_no_levels_and_no_poller() -> None:
    plan = load_mapping({"version": 1, "name": "x", "streams": {"a": {"stream_id": 1, "messages": ["Bar"]}}})

    assert stop_levels(plan) == ()
    assert session_parts(plan).pollers == ()


def test_a_raw_stream_carries_type_1_and_needs_no_encoder() -> None:
    plan = load_mapping({"version": 1, "name": "x", "streams": {"a": {"stream_id": 1, "codec": {"format": "raw"}}}})
    part = stream_part(plan.streams["a"])

    assert (part.types, part.versions, part.encode) == ({1: bytes}, {1: 0}, None)


def test_a_typed_stream_knows_its_types_by_id() -> None:
    plan = load_mapping(chain(("one", "a", None)))
    part = stream_part(plan.streams["a"])

    assert part.types == {12: ab.Bar}
    assert part.framed
    assert part.policy.back_pressure == "block"


def test_mode_none_makes_an_in_process_driver_on_the_bus_given() -> None:
    plan = load_mapping({"version": 1, "name": "n", "driver": {"mode": "none"}, "streams": {}}, env={})
    bus = LocalBus()
    driver = session_parts(plan, bus=bus).make_driver()
    assert isinstance(driver, LocalDriver)
    assert driver.bus is bus
    own = session_parts(plan).make_driver()
    assert isinstance(own, LocalDriver)
    assert own.bus is not bus


def test_handlers_may_have_a_clock_of_their_own() -> None:
    plan = load_mapping({"version": 1, "name": "n", "driver": {"mode": "none"}, "streams": {}}, env={})
    assert session_parts(plan).handler_clock is None
    clock = ab.ManualClock()
    parts = session_parts(plan, handler_clock=clock)
    assert parts.handler_clock is clock
    assert parts.clock is not clock
