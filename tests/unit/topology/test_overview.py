"""The overview of a plan: threads, the order of handlers, writers and readers, ports."""

from __future__ import annotations

from actorbus.topology.overview import Overview, overview
from actorbus.topology.plan import load_mapping
from tests.support.topologies import minimal


def of(**changes: object) -> Overview:
    return overview(load_mapping(minimal(**changes), env={}))


HANDLERS = {
    "low": {"stream": "s", "class": "count", "priority": 1},
    "high": {"stream": "s", "class": "count", "priority": 9},
}


def test_handlers_stand_in_the_order_in_which_they_get_a_message() -> None:
    found = of(handlers=HANDLERS)
    assert found.streams[0].readers == ("high", "low")
    assert [actor.name for actor in found.actors if actor.kind == "handler"] == ["high", "low"]
    assert {actor.thread for actor in found.actors if actor.kind == "handler"} == {"poller-default"}


def test_a_poller_without_handlers_gets_no_thread() -> None:
    assert not any(thread.name.startswith("poller") for thread in of().threads)
    assert any(thread.name == "poller-default" for thread in of(handlers=HANDLERS).threads)


def test_an_embedded_driver_has_threads_here_and_an_external_one_none() -> None:
    dedicated = of(driver={"mode": "embedded", "threading": "dedicated"})
    assert [thread.name for thread in dedicated.threads if thread.name.startswith("driver")] == [
        "driver conductor", "driver sender", "driver receiver",
    ]  # fmt: skip
    assert not any(thread.name.startswith("driver") for thread in of(driver={"mode": "external"}).threads)


def test_outputs_and_sources_write_their_streams() -> None:
    found = of(
        streams={"s": {"stream_id": 1, "messages": ["Bar"]}, "e": {"stream_id": 2, "messages": ["Event"]}},
        sources={"r": {"stream": "s", "class": "csv_replay", "options": {"path": "x.csv"}}},
        handlers={"a": {"stream": "s", "class": "range_alarm", "publishes": {"alerts": "e"}}},
    )
    assert {stream.name: stream.writers for stream in found.streams} == {"s": ("r",), "e": ("a",)}
    assert any(thread.name == "source-r" for thread in found.threads)


def test_ports_are_those_of_udp_channels() -> None:
    found = of(streams={"s": {"stream_id": 1, "messages": ["Bar"], "channel": "aeron:udp?endpoint=127.0.0.1:40007"}})
    assert [(port.address, port.stream, port.role) for port in found.ports] == [("127.0.0.1:40007", "s", "endpoint")]
    assert of().ports == ()


def test_the_sum_of_the_memory_is_that_of_its_lines() -> None:
    found = of()
    assert found.memory_bytes == sum(line.bytes for line in found.memory) > 0
