from __future__ import annotations

import pytest

import actorbus as ab


class Halt(ab.Message, type_id=1001, version=1):
    symbol: str


def test_streams_and_functions_are_added_while_it_runs() -> None:
    first: list[object] = []
    second: list[object] = []
    with ab.quick() as node:
        node.stream("halts", Halt)
        node.on("halts", first.append)
        node.publisher("halts").publish(Halt("A"))
        node.stream("bytes", bytes)
        node.on("bytes", second.append)
        node.publisher("bytes").publish(b"raw")

    assert first == [Halt("A")]
    assert second == [b"raw"]


def test_two_functions_on_one_stream_both_get_everything() -> None:
    one: list[object] = []
    two: list[object] = []
    with ab.quick() as node:
        node.stream("halts", Halt)
        node.on("halts", one.append)
        node.on("halts", two.append)
        node.publisher("halts").publish_many([Halt("A"), Halt("B")])

    assert one == two == [Halt("A"), Halt("B")]


def test_a_stream_is_declared_once_and_must_be_there() -> None:
    with ab.quick() as node:
        node.stream("halts", Halt)
        with pytest.raises(ab.UsageError, match="declared already"):
            node.stream("halts", Halt)
        with pytest.raises(ab.UsageError, match="no stream 'halt'"):
            node.on("halt", print)
