"""Plans: every default filled in, every unit a number, or every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import actorbus as ab
from actorbus.errors import ConfigError
from actorbus.topology.plan import driver_settings, load, load_mapping, plan_of, plan_stream
from actorbus.topology.rules_machine import aeron_default_directory
from tests.support.topologies import minimal

ROOT = Path(__file__).resolve().parents[3]
MS = 1_000_000
SECOND = 1_000 * MS


def test_a_file_becomes_a_plan() -> None:
    plan = load(ROOT / "tests" / "data" / "valid.yaml", env={})

    assert plan.name == "valid"
    bars, quotes, data = plan.streams["bars"], plan.streams["quotes"], plan.streams["bytes"]
    assert bars.channel == "aeron:ipc?term-length=256k"
    assert (bars.stream_id, bars.types, bars.format, bars.frame) == (1001, (ab.Bar,), "msgpack", True)
    assert bars.back_pressure == ("block", SECOND)
    assert bars.not_connected == ("wait", 5 * SECOND)
    assert bars.max_message_length == 32 * 1024 - 32
    assert (quotes.mtu, quotes.term_length, quotes.format) == (8192, 131_072, "json")
    assert "endpoint=127.0.0.1:40001" in quotes.channel
    assert (data.types, data.format, data.frame, data.max_message_length) == ((bytes,), "raw", False, 131_072)


def test_handlers_keep_their_order_and_what_the_file_says() -> None:
    plan = load(ROOT / "tests" / "data" / "valid.yaml", env={})

    assert [(handler.name, handler.order, handler.priority) for handler in plan.handlers] == [
        ("first", 0, 10),
        ("second", 1, 5),
        ("third", 2, 0),
    ]
    assert plan.handlers[1].streams == ("bars", "quotes")
    assert plan.handlers[1].options == {"to": "stderr", "limit": None}
    assert [handler.on_error for handler in plan.handlers] == ["quarantine", "skip", "stop"]
    assert {handler.dispatch for handler in plan.handlers} == {"inline"}


def test_streams_in_no_poller_get_the_default_one_last() -> None:
    plan = load(ROOT / "tests" / "data" / "valid.yaml", env={})

    assert [(poller.name, poller.streams) for poller in plan.pollers] == [
        ("main", ("bars", "quotes")),
        ("default", ("bytes",)),
    ]


def test_a_poller_named_default_takes_the_others_too() -> None:
    streams = {"a": {"stream_id": 1, "messages": ["Bar"]}, "b": {"stream_id": 2, "messages": ["Bar"]}}

    plan = load_mapping(minimal(streams=streams, pollers={"default": {"streams": ["b"], "idle": "yield"}}), env={})

    assert [(poller.name, poller.idle.kind, poller.streams) for poller in plan.pollers] == [
        ("default", "yield", ("b", "a"))
    ]


def test_defaults_are_those_of_the_interface() -> None:
    plan = load_mapping(minimal(), env={})

    assert (plan.driver.mode, plan.driver.directory, plan.driver.threading) == ("embedded", None, "shared")
    assert plan.streams["s"].channel == "aeron:ipc?term-length=1m"
    assert plan.idle == ("backoff", 10, 20, 1_000, 4 * MS, 10 * MS)
    assert plan.supervision.within_ns == 60 * SECOND
    assert plan.supervision.backoff_initial_ns == 100 * MS
    assert plan.observability.statistics
    assert plan.switch_interval_ns == 5 * MS


def test_an_external_driver_without_a_directory_is_aerons_default() -> None:
    plan = load_mapping(minimal(driver={"mode": "external"}), env={})

    assert plan.driver.directory == str(aeron_default_directory())


def test_the_drivers_settings_are_the_profiles() -> None:
    settings = load_mapping(minimal(), env={}).driver.settings

    assert settings.idle_park_max_ns == 10 * MS
    assert settings.counters_length == 1 << 20
    assert not settings.sparse
    assert settings.session_limit == 64


@pytest.mark.parametrize("threading", ["shared", "shared_network", "dedicated"])
def test_every_way_of_threading_has_settings(threading: str) -> None:
    plan = load_mapping(minimal(profile="low-latency"), env={})

    assert dict(driver_settings(plan.profile, threading).driver_settings())


def test_a_wrong_topology_raises_every_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        load_mapping(minimal(profile="laptp", observability={"http": "127.0.0.1:9464"}), env={})

    assert sorted(problem.code for problem in caught.value.problems if problem.is_error) == ["AB1110", "AB1501"]


def test_warnings_stop_nothing_and_are_kept() -> None:
    plan = load_mapping(minimal(), env={})

    assert {problem.code for problem in plan.warnings} == {"AB1904", "AB1905"}


def test_a_topology_of_structs_is_planned_without_a_file() -> None:
    plan = plan_of(ab.Topology(name="x", streams={"raw": ab.StreamSpec(stream_id=7, codec=ab.CodecSpec(format="raw"))}))

    assert plan.streams["raw"].types == (bytes,)


def test_a_stream_is_added_to_a_running_plan() -> None:
    plan = load_mapping(minimal(), env={})

    stream = plan_stream("more", (ab.Quote, ab.Bar), "aeron:ipc", 9, plan)
    raw = plan_stream("raw", (bytes,), "aeron:ipc?term-length=64k", 10, plan)

    assert (stream.types, stream.format, stream.channel) == ((ab.Quote, ab.Bar), "msgpack", "aeron:ipc?term-length=1m")
    assert (raw.format, raw.max_message_length) == ("raw", 8192 - 32)


@pytest.mark.parametrize(("types", "channel"), [((int,), "aeron:ipc"), ((ab.Bar,), "aeron:icp")])
def test_a_wrong_stream_is_refused(types: tuple[type, ...], channel: str) -> None:
    with pytest.raises(ConfigError):
        plan_stream("more", types, channel, 9, load_mapping(minimal(), env={}))
