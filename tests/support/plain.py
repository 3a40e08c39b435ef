"""Messages that native code can write, and an in-process publication whose port does: for the tests of the way out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import msgspec
from hypothesis import strategies as st

from actorbus.codec import FormatId
from actorbus.ffi import OfferPort, Writer, make_offer_port, make_poll_port, make_writer
from actorbus.ffi.local import LocalMeeting, LocalPublicationHandle, LocalSubscriptionHandle
from actorbus.message import Message, type_id_of, version_of

__all__ = [
    "CLASSES",
    "EDGES",
    "ENCODE",
    "MESSAGES",
    "PLAIN",
    "Bounded",
    "Bus",
    "Derived",
    "Empty",
    "Loose",
    "Plain",
    "Text",
    "Wide",
    "bus",
    "plain",
    "writer_of",
]

ENCODE = msgspec.msgpack.Encoder().encode


class Plain(Message, type_id=1001, version=3):
    number: int
    text: str
    rate: float
    key: bytes
    live: bool


class Loose(Message, type_id=40_001):
    first: int | float | str | bool | bytes | None = None
    second: str | None = None
    tags: dict[str, str] | None = None


class Empty(Message, type_id=1003):
    pass


class Wide(Message, type_id=1004):
    a: int = 0
    b: int = 1
    c: int = 2
    d: int = 3
    e: int = 4
    f: int = 5
    g: int = 6
    h: int = 7
    i: int = 8
    j: int = 9
    k: int = 10
    l: int = 11  # noqa: E741 - the twelfth of sixteen
    m: int = 12
    n: int = 13
    o: int = 14
    p: str = "p"


class Bounded(Message, type_id=1005):
    number: Annotated[int, msgspec.Meta(ge=0)]


class Text(Message, type_id=1006):
    text: str


class Derived(Plain, type_id=1007):
    more: int = 0


EDGES = sorted({sign * (1 << bits) + more for bits in range(64) for sign in (-1, 1) for more in (-1, 0, 1)})
INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([n for n in EDGES if -(2**63) <= n < 2**63])
LENGTHS = (0, 7, 8, 15, 16, 17, 31, 32, 255, 256, 4000)
TEXT = st.text(max_size=40) | st.sampled_from(["x" * length for length in LENGTHS] + ["€" * 5, "é" * 16, "€" * 90])
BYTES = st.binary(max_size=300) | st.sampled_from([b"k" * length for length in LENGTHS])
PLAIN = st.one_of(INT64, st.floats(), TEXT, BYTES, st.booleans(), st.none())
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Plain, INT64, TEXT, st.floats(), BYTES, st.booleans()),
    st.builds(Loose, PLAIN, st.none() | TEXT),
    st.just(Empty()),
    st.builds(Wide, *[INT64] * 15, TEXT),
    st.builds(Bounded, INT64),
)
CLASSES = (Plain, Loose, Empty, Wide, Bounded)


def writer_of(*classes: type) -> Writer:
    writer = make_writer(classes, ENCODE)
    assert writer is not None
    return writer


def plain(number: int) -> Plain:
    return Plain(number, f"EURUSD.{number:04}", number / 4, b"k", number % 2 == 0)


class Bus:
    """A publication of an in-process meeting with its port, and who reads it."""

    def __init__(self, meeting: LocalMeeting, classes: Sequence[type[Message]], writer: Writer | None) -> None:
        self.meeting = meeting
        self.refusals: list[tuple[object, object, int]] = []
        self.reader = LocalSubscriptionHandle.open(meeting)
        ids = [(type_id_of(cls), version_of(cls)) for cls in classes]
        types = [(type_id, version, True) for type_id, version in ids]
        self.reader.configure(framed=True, format_id=FormatId.MSGPACK, types=types, counters=None)
        self.poll = make_poll_port(self.reader.handle)
        self.publication = LocalPublicationHandle.open(meeting, 5, 1)
        self.publication.configure(
            framed=True, format_id=FormatId.MSGPACK, publisher=9, sequence=0, types=ids, counters=None, wake=None
        )
        self.port: OfferPort = make_offer_port(self.publication.handle, ENCODE, self.refused, writer)

    def refused(self, message: object, body: object, code: int) -> int:
        self.refusals.append((message, body, code))
        return code

    def received(self) -> list[tuple[bytes, int, int]]:
        """Return all that waits: (body, sequence, index)."""
        found: list[tuple[bytes, int, int]] = []
        while (count := self.poll.poll()) != 0:
            if count > 0:
                pairs = zip(self.poll.bodies(), self.poll.records(), strict=True)
                found += [(body, record[3], record[2]) for body, record in pairs]
            else:
                _ = self.poll.notices()
        return found

    def bodies(self) -> list[bytes]:
        return [body for body, _, _ in self.received()]


@contextmanager
def bus(*classes: type[Message], writer: Writer | None = None) -> Iterator[Bus]:
    meeting = LocalMeeting(64 * 1024, "here")
    made = Bus(meeting, classes, writer)
    try:
        yield made
    finally:
        made.publication.close(time.monotonic_ns() + 10**10)
        made.reader.close(time.monotonic_ns() + 10**10)
        meeting.release()
