"""Channels among each other: ids, ports, sizes, logs that hold the driver up, receivers without flow control."""

from __future__ import annotations

import pytest

from actorbus.errors import Problem
from tests.support.topologies import check, facts_of, minimal

UDP = "aeron:udp?endpoint="
COUNT = {"class": "count"}


def stream(stream_id: int, channel: object = "aeron:ipc", **more: object) -> dict[str, object]:
    return {"stream_id": stream_id, "messages": ["Bar"], "channel": channel, **more}


def told(code: str, **changes: object) -> list[Problem]:
    return [problem for problem in check(minimal(**changes)).problems if problem.code == code]


def two(first: object, second: object, *, handled: bool = True) -> dict[str, object]:
    """Return two streams that differ in their ids, and a handler of both."""
    handlers = {"h": {"streams": ["a", "b"], **COUNT}} if handled else {}
    return {"streams": {"a": stream(1, first), "b": stream(2, second)}, "handlers": handlers}


@pytest.mark.parametrize(
    ("other", "clash"),
    [
        ("aeron:ipc", True),
        ("aeron:ipc?term-length=2m", True),
        (f"{UDP}127.0.0.1:40001", False),
        ({"media": "ipc", "alias": "b"}, True),
    ],
)
def test_two_streams_with_one_id_on_one_channel_clash(other: object, clash: bool) -> None:
    found = told("AB1204", streams={"a": stream(7), "b": stream(7, other)})

    assert bool(found) is clash
    if clash:
        assert found[0].hint == "give it another stream_id: 1 is free"


def test_localhost_is_an_address_like_its_number() -> None:
    streams = {"a": stream(7, f"{UDP}localhost:40001"), "b": stream(7, f"{UDP}127.0.0.1:40001")}

    assert told("AB1204", streams=streams)


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        (f"{UDP}127.0.0.1:40001", f"{UDP}127.0.0.1:40001", False),
        (f"{UDP}127.0.0.1:40001", f"{UDP}127.0.0.1:40002", False),
        (f"{UDP}127.0.0.1:40001", f"{UDP}127.0.0.2:40001", False),
        (f"{UDP}127.0.0.1:40001", f"{UDP}0.0.0.0:40001", True),
        (f"{UDP}0.0.0.0:0", f"{UDP}127.0.0.1:0", False),
        (f"{UDP}[::]:40001", f"{UDP}[::1]:40001", True),
        (f"{UDP}127.0.0.1:40001", f"{UDP}127.0.0.1:40001|control=127.0.0.1:40009", True),
        (f"{UDP}127.0.0.1:40001", "aeron:udp?control=127.0.0.1:40001|control-mode=dynamic|fc=min", True),
        (f"{UDP}224.0.1.1:40001|fc=min", f"{UDP}224.0.1.3:40001|fc=min", False),
        (f"{UDP}127.0.0.1:40001|so-rcvbuf=64k", f"{UDP}127.0.0.1:40001|so-rcvbuf=128k", True),
        (f"{UDP}127.0.0.1:40001|so-rcvbuf=64k", f"{UDP}127.0.0.1:40001|so-rcvbuf=64k", False),
    ],
)
def test_one_socket_cannot_serve_two_channels(first: str, second: str, clash: bool) -> None:
    assert bool(told("AB1216", **two(first, second))) is clash


def test_an_endpoint_nobody_here_handles_is_not_bound_here() -> None:
    changes = two(f"{UDP}127.0.0.1:40001", f"{UDP}0.0.0.0:40001", handled=False)

    assert told("AB1216", **changes) == []


@pytest.mark.parametrize(
    ("channel", "warned"),
    [
        ("aeron:ipc?term-length=1g", True),
        ("aeron:ipc?term-length=1g|sparse=true", False),
        ("aeron:ipc?term-length=512m", False),
        ("aeron:ipc", False),
    ],
)
def test_a_log_whose_allocation_holds_the_driver_up_is_a_warning(channel: str, warned: bool) -> None:
    found = told("AB1907", streams={"s": stream(1, channel)})

    assert bool(found) is warned
    assert all("allocates 3g" in each.message and "10 s" in each.message for each in found)
    assert told("AB1907", streams={"s": stream(1, channel)}, driver={"mode": "external"}) == []
    assert told("AB1907", streams={"s": stream(1, channel)}, driver={"mode": "none"}) == []


@pytest.mark.parametrize(
    ("channel", "warned"),
    [
        ("aeron:udp?control=127.0.0.1:40001|control-mode=dynamic", True),
        ("aeron:udp?control=127.0.0.1:40001|control-mode=dynamic|fc=max", False),
        ("aeron:udp?control-mode=manual", True),
        (f"{UDP}224.0.1.1:40001", True),
        (f"{UDP}[ff02::1]:40001|fc=min,t:5s", False),
        (f"{UDP}127.0.0.1:40001", False),
        (f"{UDP}some-host:40001", False),
        ("aeron:ipc", False),
    ],
)
def test_several_receivers_without_flow_control_are_a_warning(channel: str, warned: bool) -> None:
    assert bool(told("AB1906", streams={"s": stream(1, channel)})) is warned


@pytest.mark.parametrize(
    ("term", "size", "hint"),
    [
        ("64k", "8k", None),
        ("64k", "8193", "write 8160 or less, or term-length=128k"),
        ("64k", "10k", "write 8160 or less, or term-length=128k"),
        ("128m", "16m", None),
        ("1g", "16m", None),
        ("128m", "17m", "write 16777184 or less"),
        ("1m", "64m", "write 131040 or less"),
    ],
)
def test_a_batch_must_fit_into_a_message_of_the_stream(term: str, size: str, hint: str | None) -> None:
    streams = {"s": stream(1, f"aeron:ipc?term-length={term}", batch={"max_bytes": size})}

    assert [problem.hint for problem in told("AB1217", streams=streams)] == ([hint] if hint else [])


@pytest.mark.parametrize(
    ("size", "overflow", "warned"),
    [("4k", "drop_newest", True), ("4k", "raise", True), ("4k", "block", False), ("1m", "drop_newest", False)],
)
def test_a_mailbox_that_never_takes_a_long_message_is_a_warning(size: str, overflow: str, warned: bool) -> None:
    mailbox = {"bytes": size, "overflow": overflow}
    handlers = {"h": {"stream": "s", "dispatch": "mailbox", "mailbox": mailbox, **COUNT}}

    assert bool(told("AB1908", handlers=handlers)) is warned


def test_channels_that_are_right_are_kept_for_the_plan() -> None:
    facts = facts_of(minimal(streams={"a": stream(1), "b": stream(2, "aeron:icp")}))

    assert list(facts.channels) == ["a"]


def test_a_warning_at_a_channel_hides_no_error_elsewhere() -> None:
    streams = {"s": {"stream_id": 1, "channel": f"{UDP}224.0.1.1:40001"}}

    assert [problem.code for problem in check(minimal(streams=streams)).problems] == ["AB1209", "AB1906"]
