"""inv_body_belongs_to_its_record: whatever is on the wire, body i of a batch is the message its record names.

The batch builder (native/ab_poll.h, ab_batch.h) is fed through `ab_batch_feed`: no driver, no Aeron. Hypothesis makes
traffic of several publishers on several sessions: good bodies mixed with short, long, empty, doubled, deep, forged and
random ones, alone or in batch frames, whole or in fragments of which some are lost, with holes in the sequences.

A model in plain Python says what must come of it. It shares nothing with the native code: `one_value` is a recursive
walk over msgpack, and what is delivered, quarantined, counted and missing is kept in lists.

500 cases in CI, 10,000 with HYPOTHESIS_PROFILE=thorough.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.ffi.native import ffi, lib
from actorbus.ffi.ports import PollPort, make_poll_port

pytestmark = pytest.mark.timeout(1200)  # 10,000 cases take some minutes

WANTED, ALSO_WANTED, UNWANTED, UNKNOWN = 5, 300, 7, 9
INT64 = st.integers(-(2**63), 2**63 - 1)
WHOLE, BEGIN, MIDDLE, END = 0xC0, 0x80, 0x00, 0x40
DEPTH_MAX = 64
encode = msgspec.msgpack.encode
split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

# -- the model: one msgpack value ------------------------------------------------------------------------------------

FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4}
FIXED |= {0xD3: 8, 0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
ARRAYS = {0xDC: 2, 0xDD: 4}
MAPS = {0xDE: 2, 0xDF: 4}


class NotOneValueError(Exception):
    """The walk came to the end, to a byte that means nothing, too deep, or upon an integer that is too large."""


def take(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise NotOneValueError
    return data[at : at + count]


def walk(data: bytes, at: int, depth: int) -> int:
    """Return where the value that begins at `at` ends."""
    head = take(data, at, 1)[0]
    at += 1
    if head < 0x80 or head >= 0xE0:
        return at
    if 0xA0 <= head <= 0xBF:
        take(data, at, head & 31)
        return at + (head & 31)
    if head in FIXED:
        if head == 0xCF and take(data, at, 8)[0] >= 0x80:
            raise NotOneValueError
        take(data, at, FIXED[head])
        return at + FIXED[head]
    if head in SIZED or head in EXTENSIONS:
        width = SIZED.get(head) or EXTENSIONS[head]
        length = int.from_bytes(take(data, at, width)) + (head in EXTENSIONS)
        take(data, at + width, length)
        return at + width + length
    if head < 0xA0:
        elements, width = head & 15, 0
    elif head in ARRAYS or head in MAPS:
        width = ARRAYS.get(head) or MAPS[head]
        elements = int.from_bytes(take(data, at, width))
    else:
        raise NotOneValueError
    if depth == DEPTH_MAX:
        raise NotOneValueError
    if head < 0x90 or head in MAPS:
        elements *= 2
    at += width
    for _ in range(elements):
        at = walk(data, at, depth + 1)
    return at


def is_one_message(body: bytes, type_id: int) -> bool:
    """Whether a body is one array whose first element is `type_id`."""
    try:
        if walk(body, 0, 0) != len(body) or not (0x90 <= body[0] <= 0x9F or body[0] in ARRAYS):
            return False
    except NotOneValueError:
        return False
    head = 1 + ARRAYS.get(body[0], 0)
    first = body[head : walk(body, head, 1)] if len(body) > head else b""
    return first in integers(type_id)


def integers(value: int) -> set[bytes]:
    """Return every way to write an integer from 0 to 65,535."""
    ways = {bytes([0xCE]) + struct.pack(">I", value), bytes([0xCF]) + struct.pack(">Q", value)}
    ways |= {bytes([0xD2]) + struct.pack(">i", value), bytes([0xD3]) + struct.pack(">q", value)}
    ways |= {bytes([0xCD]) + struct.pack(">H", value)}
    if value < 2**15:
        ways |= {bytes([0xD1]) + struct.pack(">h", value)}
    if value < 2**8:
        ways |= {bytes([0xCC, value])}
    if value < 2**7:
        ways |= {bytes([value]), bytes([0xD0, value])}
    return ways


# -- traffic ---------------------------------------------------------------------------------------------------------


@dataclass
class Frame:
    """One message of Aeron: our frame with its bodies."""

    session: int
    publisher: int
    type_id: int
    hole: int  # messages lost before it
    bodies: list[bytes]
    cut: int  # fragment length, 0: whole
    lost: int  # number of the fragment that is lost, -1: none


def nested(depth: int, type_id: int) -> bytes:
    return b"\x92" + encode(type_id) + b"\x91" * (depth - 1) + b"\xc0"


@cache  # making a strategy costs more than drawing from it
def good_bodies(type_id: int) -> st.SearchStrategy[bytes]:
    plain = st.recursive(
        st.one_of(
            st.none(), st.booleans(), INT64, st.floats(allow_nan=False), st.text(max_size=9), st.binary(max_size=40)
        ),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=4,
    )
    return st.lists(plain, max_size=5).map(lambda rest: encode([type_id, *rest]))


@cache
def bodies(type_id: int) -> st.SearchStrategy[bytes]:
    good = good_bodies(type_id)
    return st.one_of(
        good,
        good,
        st.tuples(good, st.integers(1, 30)).map(lambda pair: pair[0][: -pair[1]]),
        st.tuples(good, st.binary(min_size=1, max_size=9)).map(lambda pair: pair[0] + pair[1]),
        st.tuples(good, good).map(lambda pair: pair[0] + pair[1]),
        st.just(b""),
        st.integers(55, 75).map(lambda depth: nested(depth, type_id)),
        st.just(encode([type_id, 2**63])),
        st.just(encode([ALSO_WANTED if type_id == WANTED else WANTED, 1])),
        st.sampled_from(sorted(integers(type_id))).map(lambda first: b"\x91" + first),
        st.binary(max_size=40),
        st.tuples(good, st.integers(0, 200), st.integers(0, 255)).map(overwritten),
        st.sampled_from([3000, 20000, 40000]).map(lambda length: encode([type_id, b"x" * length])),
    )


def overwritten(parts: tuple[bytes, int, int]) -> bytes:
    body, at, value = parts
    at %= len(body)
    return body[:at] + bytes([value]) + body[at + 1 :]


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    session = draw(st.integers(1, 3))
    type_id = draw(st.sampled_from([WANTED, WANTED, WANTED, ALSO_WANTED, ALSO_WANTED, UNWANTED, UNKNOWN]))
    return Frame(
        session=session,
        publisher=session * 10 + draw(st.sampled_from([0, 0, 0, 0, 1])),
        type_id=type_id,
        hole=draw(st.sampled_from([0, 0, 0, 0, 0, 1, 3])),
        bodies=draw(st.lists(bodies(type_id), min_size=1, max_size=draw(st.sampled_from([1, 1, 1, 4])))),
        cut=draw(st.sampled_from([0, 0, 64, 1376])),
        lost=draw(st.sampled_from([-1, -1, -1, -1, -1, 0, 1, 2])),
    )


def frame_bytes(frame: Frame, sequence: int) -> bytes:
    count = len(frame.bodies)
    head = struct.pack("<BBHHHIHHQq", 1, 1, 0, frame.type_id, 2, frame.publisher, count, 32, sequence, 1_000 + sequence)
    lengths = b"".join(struct.pack("<I", len(body)) for body in frame.bodies) if count > 1 else b""
    return head + lengths + b"".join(frame.bodies)


@dataclass
class Model:
    """What must come of the traffic."""

    delivered: dict[int, list[tuple[object, ...]]] = field(default_factory=dict)  # by session: records with bodies
    refused: list[tuple[object, ...]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    next: dict[int, int] = field(default_factory=dict)  # by publisher, of those seen

    def arrives(self, frame: Frame, sequence: int, position: int) -> None:
        expected = self.next.get(frame.publisher, sequence)
        if sequence > expected:
            self.counts["gaps"] += 1
            self.counts["missing"] += sequence - expected
        self.next[frame.publisher] = sequence + len(frame.bodies)
        for index, body in enumerate(frame.bodies):
            address = (frame.session, position, index)
            if frame.type_id == UNWANTED:
                self.counts["unwanted"] += 1
            elif frame.type_id == UNKNOWN or not is_one_message(body, frame.type_id):
                reason = lib.AB_REASON_UNKNOWN_TYPE if frame.type_id == UNKNOWN else lib.AB_REASON_MALFORMED
                self.counts["unknown" if frame.type_id == UNKNOWN else "malformed"] += 1
                self.refused.append((*address, frame.type_id, 2, sequence + index, reason, body))
            else:
                record = (*address, sequence + index, frame.publisher, 1_000 + sequence, frame.type_id, 2, body)
                self.delivered.setdefault(frame.session, []).append(record)


# -- the builder -----------------------------------------------------------------------------------------------------


class Builder:
    """The native batch builder with a port on it."""

    def __init__(self) -> None:
        self.handle: int = lib.ab_batch_open()
        assert self.handle
        types = ffi.new("ab_type[]", [(WANTED, 1, 1), (ALSO_WANTED, 1, 1), (UNWANTED, 1, 0)])
        self.counters = ffi.new("int64_t[]", lib.AB_STREAM_COUNTERS)
        assert lib.ab_subscription_configure(self.handle, 1, 1, types, 3, self.counters) == lib.AB_OK
        self.port: PollPort = make_poll_port(self.handle)
        self.delivered: dict[int, list[tuple[object, ...]]] = {}
        self.gaps: list[tuple[int, int, int]] = []
        self.batches: list[int] = []

    def close(self) -> None:
        assert lib.ab_batch_close(self.handle) == lib.AB_OK

    def feed(self, session: int, position: int, fragment: bytes, flags: int) -> None:
        for _ in range(4):
            data = ffi.from_buffer("uint8_t[]", fragment)
            if lib.ab_batch_feed(self.handle, session, position, data, len(fragment), flags) == 1:
                return
            self.drain()
        pytest.fail(f"a fragment of session {session} at {position} is never taken")

    def drain(self) -> None:
        while (count := self.port.poll()) != 0:
            if count == lib.AB_POLL_NOTICES:
                notices = self.port.notices()
                assert notices
                assert lib.AB_REWIND not in {notice[0] for notice in notices}  # nobody sent anything twice
                self.gaps += [(notice[2], notice[3], notice[4]) for notice in notices if notice[0] == lib.AB_GAP]
                continue
            self.take(count)

    def take(self, count: int) -> None:
        assert 0 < count <= 256
        with memoryview(self.port) as view:
            elements = [bytes(element) for element in split(view)]
            assert count == 1 or len(view) <= 5 + 65536
        records = self.port.records()
        assert len(elements) == count == len(records)
        assert elements == self.port.bodies()
        for element, record in zip(elements, records, strict=True):
            session, *address, _received, type_id, version = record
            self.delivered.setdefault(session, []).append((session, *address, type_id, version, element))
        self.batches.append(count)


def fragments(frame: Frame, data: bytes) -> list[tuple[bytes, int]]:
    if frame.cut == 0 or len(data) <= frame.cut:
        return [(data, WHOLE)]
    parts = [data[at : at + frame.cut] for at in range(0, len(data), frame.cut)]
    flags = [BEGIN] + [MIDDLE] * (len(parts) - 2) + [END]
    return list(zip(parts, flags, strict=True))


@dataclass
class Lane:
    """A session's fragments as (position, bytes, flags), in order, and how many holes in messages it shows."""

    made: list[tuple[int, bytes, int]] = field(default_factory=list)
    broken: int = 0
    position: int = 0
    end_lost: bool = False  # of the last message: seen when something follows

    def add(self, parts: list[tuple[bytes, int]], lost: int) -> None:
        arrived: list[int] = []
        for number, (part, flags) in enumerate(parts):
            self.position += (len(part) + 32 + 31) // 32 * 32
            if number != lost:
                self.made.append((self.position, part, flags))
                arrived.append(number)
        if not arrived:
            return  # nothing came of it
        self.broken += self.end_lost
        if 0 < lost < len(parts) - 1 or (lost == 0 and not self.end_lost):
            self.broken += 1  # an end and the next beginning that are both lost are one hole
        self.end_lost = len(parts) > 1 and lost == len(parts) - 1


def lane(frames_of_session: list[Frame], sequences: dict[int, int], model: Model) -> Lane:
    """Return a session's traffic; tell the model what arrives whole."""
    made = Lane()
    for frame in frames_of_session:
        sequence = sequences.get(frame.publisher, 0) + frame.hole
        sequences[frame.publisher] = sequence + len(frame.bodies)
        parts = fragments(frame, frame_bytes(frame, sequence))
        made.add(parts, frame.lost)
        if frame.lost < 0 or frame.lost >= len(parts):
            model.arrives(frame, sequence, made.position)
    model.counts["broken"] += made.broken
    return made


@given(traffic=st.lists(frames(), min_size=1, max_size=16), seed=st.integers(0, 2**32))
def test_every_body_belongs_to_its_record_and_every_message_is_accounted_for(traffic: list[Frame], seed: int) -> None:
    model, builder, sequences = Model(), Builder(), dict[int, int]()
    lanes = {s: lane([frame for frame in traffic if frame.session == s], sequences, model) for s in (1, 2, 3)}
    order = random.Random(seed)
    while waiting := [session for session, left in lanes.items() if left.made]:
        session = order.choice(waiting)
        position, part, flags = lanes[session].made.pop(0)
        builder.feed(session, position, part, flags)
        if order.random() < 0.1:
            builder.drain()
    builder.drain()

    assert builder.delivered == model.delivered
    quarantined = builder.port.quarantine()
    assert sorted((*entry[:7], entry[8]) for entry in quarantined) == sorted(model.refused)
    counters = builder.counters
    counts = model.counts
    assert counters[lib.AB_RECEIVED] == sum(map(len, model.delivered.values())) == sum(builder.batches)
    assert counters[lib.AB_UNWANTED] == counts["unwanted"]
    assert counters[lib.AB_UNKNOWN] == counts["unknown"]
    assert counters[lib.AB_MALFORMED_COUNT] == counts["malformed"]
    assert counters[lib.AB_QUARANTINED] == len(model.refused)
    assert counters[lib.AB_INVALID_FRAMES] == counts["broken"]
    assert counters[lib.AB_GAPS] == counts["gaps"] == len(builder.gaps)
    assert counters[lib.AB_MISSING] == counts["missing"] == sum(last - first + 1 for _, first, last in builder.gaps)
    assert builder.port.type_counts[2] == (UNWANTED, 0)
    builder.close()


@given(body=st.one_of(bodies(WANTED), st.binary(max_size=60)))
def test_the_walk_agrees_with_the_model(body: bytes) -> None:
    found = ffi.new("int64_t *")
    data = ffi.from_buffer("uint8_t[]", body)
    good = lib.ab_msgpack_one(data, len(body), found, lib.AB_MSGPACK_CHECK_RANGE) == lib.AB_OK and found[0] == WANTED
    assert good == is_one_message(body, WANTED)


@given(values=st.lists(good_bodies(WANTED), max_size=40))
def test_an_encoded_list_is_split_into_its_bodies(values: list[bytes]) -> None:
    encoded = encode([msgspec.Raw(value) for value in values])
    offsets, lengths = ffi.new("uint32_t[]", 41), ffi.new("uint32_t[]", 41)
    data = ffi.from_buffer("uint8_t[]", encoded)
    assert lib.ab_msgpack_split(data, len(encoded), offsets, lengths, 40) == len(values)
    assert [encoded[offsets[i] : offsets[i] + lengths[i]] for i in range(len(values))] == values


@given(body=st.binary(min_size=0, max_size=80))
def test_a_frame_is_read_as_it_was_written_or_refused(body: bytes) -> None:
    frame, offset = ffi.new("ab_frame *"), ffi.new("size_t *")
    result = lib.ab_frame_decode(ffi.from_buffer("uint8_t[]", body), len(body), frame, offset)
    assert result in (lib.AB_OK, lib.AB_MALFORMED)
    if result == lib.AB_OK:
        again = ffi.new("uint8_t[]", 32)
        lib.ab_frame_encode(frame, again)
        assert bytes(again) == body[:32]
        assert 32 <= offset[0] <= len(body)
