"""`node.redrive`: each message its handler raised on comes to it again, once, by its address, in every dispatch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

import actorbus as ab
from actorbus.errors import UsageError
from actorbus.journal import QuarantineBook, read_quarantine
from actorbus.topology.redriving import chosen, recordings_of


class Fussy:
    """What the handlers of this file share: messages they got, and whether they are mended."""

    broken: ClassVar[bool] = True
    got: ClassVar[dict[str, list[tuple[str, int]]]] = {}

    def take(self, name: str, text: str, index: int) -> None:
        if self.broken and text.startswith("bad"):
            raise ValueError(f"cannot do {text}")
        self.got.setdefault(name, []).append((text, index))


class Inline(ab.Handler, Fussy):
    @ab.on(ab.Event)
    def event(self, message: ab.Event, meta: ab.Meta) -> None:
        self.take("inline", message.text, meta.index)


class Mailed(ab.Handler, Fussy):
    @ab.on(ab.Event)
    def event(self, message: ab.Event, meta: ab.Meta) -> None:
        self.take("mailed", message.text, meta.index)


class Awaited(ab.Handler, Fussy):
    @ab.on(ab.Event)
    async def event(self, message: ab.Event, meta: ab.Meta) -> None:
        await asyncio.wait_for(asyncio.to_thread(str), 10)
        self.take("awaited", message.text, meta.index)


class Whole(ab.BatchHandler[ab.Event], Fussy):
    def on_batch(self, messages: Sequence[ab.Event], meta: ab.BatchMeta, /) -> None:
        for place, message in enumerate(messages):
            self.take("whole", message.text, meta[place].index)


@pytest.fixture(autouse=True)
def mended_by_nobody() -> None:
    Fussy.broken = True
    Fussy.got = {}


def topology(folder: Path, *handlers: type, backend: str = "journal", **keys: object) -> dict[str, Any]:
    here = __name__
    return {
        "version": 1,
        "name": "redrive",
        "profile": "ci",
        "driver": {"mode": "none"},
        "streams": {"events": {"stream_id": 1, "messages": ["Event"], "batch": {"max_messages": 4, "linger": "1ms"}}},
        "recorders": {
            "tape": {
                "streams": ["events"],
                "directory": str(folder),
                "sync": "none",
                "segment": "1m",
                "backend": backend,
            }
        },
        "handlers": {
            cls.__name__.lower(): {
                "stream": "events",
                "class": f"{here}:{cls.__name__}",
                "dispatch": "inline" if cls is Inline else "mailbox",
                **keys,
            }
            for cls in handlers
        },
    }


TEXTS = ["good 1", "bad 1", "good 2", "bad 2"]


def run(node: ab.Node) -> None:
    node.publisher("events").publish_many([ab.Event("note", text=text) for text in TEXTS])
    node.wait(until_idle_ns=200_000_000, for_ns=10_000_000_000)


@pytest.mark.parametrize("backend", ["journal", "jsonl"])
def test_each_handler_gets_again_what_it_raised_on(tmp_path: Path, backend: str) -> None:
    kinds = (Inline, Mailed, Awaited)
    with ab.Node.from_dict(topology(tmp_path / "tape", *kinds, backend=backend)) as node:
        run(node)
        kept, unread = read_quarantine(tmp_path / "tape")
        assert not unread
        assert sorted((one.handler, one.sequence) for one in kept) == [
            (name, number) for name in ("awaited", "inline", "mailed") for number in (1, 3)
        ]
        assert {one.error for one in kept} == {"ValueError: cannot do bad 1", "ValueError: cannot do bad 2"}
        first = node.redrive()
        assert (first.done, first.failed, first.missing, first.already) == (0, 6, 0, 0)
        Fussy.broken = False
        Fussy.got = {}
        only = node.redrive("events", handler="inline")
        assert (only.done, only.failed, only.already) == (2, 0, 0)
        second = node.redrive()
        assert (second.done, second.failed, second.already) == (4, 0, 2)
        assert {name: sorted(got) for name, got in Fussy.got.items()} == {
            name: [("bad 1", 1), ("bad 2", 3)] for name in ("inline", "mailed", "awaited")
        }
        assert node.redrive().already == 6
        assert node.redrive(again=True).done == 6
    assert all(one.is_done and one.tries >= 2 for one in read_quarantine(tmp_path / "tape")[0])


def test_the_next_run_redrives_what_the_last_one_kept(tmp_path: Path) -> None:
    made = topology(tmp_path / "tape", Whole)
    with ab.Node.from_dict(made) as node:
        run(node)
    kept = read_quarantine(tmp_path / "tape")[0]
    assert len(kept) >= 3, "a batch that fails is kept whole, from bad 1 on"
    Fussy.broken = False
    Fussy.got = {}
    with ab.Node.from_dict(made) as node:
        assert node.redrive().done == len(kept)
    assert {text for text, _ in Fussy.got["whole"]} == set(TEXTS[-len(kept) :])


def test_a_handler_that_reads_the_recording_is_redriven_by_sequence(tmp_path: Path) -> None:
    made = topology(tmp_path / "tape", Inline)
    made["handlers"]["inline"]["resume"] = True
    with ab.Node.from_dict(made) as node:
        run(node)
    kept = read_quarantine(tmp_path / "tape")[0]
    assert [one.recorded for one in kept] == [0, 0] or [one.sequence for one in kept] == [1, 3]
    assert all(one.recorded is not None for one in kept)
    Fussy.broken = False
    with ab.Node.from_dict(made) as node:
        assert node.redrive().done == 2


class Doubtful(ab.Message, type_id=4811, version=1):
    number: int
    text: str = ""


class Other(ab.Message, type_id=4811, version=1):
    number: str
    text: str = ""


class Doubts(ab.Handler):
    got: ClassVar[list[object]] = []

    @ab.on(object)
    def any(self, message: object) -> None:
        self.got.append(message)


def test_what_could_not_be_decoded_is_redriven_once_its_class_is_mended(tmp_path: Path) -> None:
    made = topology(tmp_path / "tape", Doubts)
    with ab.Node.from_dict(made | {"streams": {"events": {"stream_id": 1, "messages": [f"{__name__}:Other"]}}}) as node:
        port = node.publisher("events")
        _ = port.publish(Other("seven"))
        _ = node.wait(until_idle_ns=200_000_000, for_ns=10_000_000_000)
    wrong = made | {"streams": {"events": {"stream_id": 1, "messages": [f"{__name__}:Doubtful"]}}}
    wrong["handlers"]["doubts"] |= {"start": "earliest", "dispatch": "inline"}
    with ab.Node.from_dict(wrong) as node:
        _ = node.wait(for_ns=500_000_000)
        failed = node.redrive()
        assert (failed.done, failed.failed) == (0, 1)
        assert "ValidationError" in str(failed.entries[0].error)
    (kept,) = read_quarantine(tmp_path / "tape")[0]
    assert kept.handler == ""
    mended = made | {"streams": {"events": {"stream_id": 1, "messages": [f"{__name__}:Other"]}}}
    mended["handlers"]["doubts"] = {"stream": "events", "class": f"{__name__}:Doubts"}
    Doubts.got = []
    with ab.Node.from_dict(mended) as node:
        assert node.redrive().done == 1
    assert Doubts.got == [Other("seven")]


def test_a_message_that_is_not_in_the_recording_is_missing(tmp_path: Path) -> None:
    book = QuarantineBook({"events": tmp_path / "tape"})
    with ab.Node.from_dict(topology(tmp_path / "tape", Inline)) as node:
        run(node)
        book.keep("inline", "events", (77, 4096, 0, 5, 1, 0, 1, 50, 1), None, "ValueError: gone")
        Fussy.broken = False
        done = node.redrive()
        assert (done.done, done.missing) == (2, 1)
        assert done.entries[-1].error == "ValueError: gone"
        with pytest.raises(UsageError, match="no handler 'nobody'"):
            _ = node.redrive(handler="nobody")
        with pytest.raises(UsageError, match="no stream 'nothing'"):
            _ = node.redrive("nothing")
    book.close()


def test_a_node_without_a_recording_says_what_to_add(tmp_path: Path) -> None:
    made = topology(tmp_path / "tape", Inline)
    del made["recorders"]
    with ab.Node.from_dict(made) as node, pytest.raises(UsageError, match="nothing is recorded here"):
        _ = node.redrive()
    assert recordings_of(node.plan) == {}


def test_done_ones_are_chosen_when_they_are_asked_for(tmp_path: Path) -> None:
    book = QuarantineBook({"s": tmp_path})
    book.keep("h", "s", (1, 64, 0, 0, 1, 0, 1, 50, 1), None, "x")
    book.keep("g", "s", (1, 64, 0, 0, 1, 0, 1, 50, 1), None, "x")
    book.close()
    entries, _ = read_quarantine(tmp_path)
    assert [one.handler for one in chosen(entries, handlers=["g"])[0]] == ["g"]
    assert chosen(entries, stream="t") == ([], 0)
    assert len(chosen(entries, again=True)[0]) == 2
