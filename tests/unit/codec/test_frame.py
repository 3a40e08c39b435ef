"""The frame: the worked examples of docs/wire-format.md, its invariants, and agreement with native/ab_frame."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.codec.frame import ControlKind, FormatId, Frame, control, pack, unpack
from actorbus.errors import FrameCorrupt, UsageError
from actorbus.ffi import make_layout
from actorbus.message import Chars, Int16, Message

PAGE = Path(__file__).resolve().parents[3] / "docs" / "wire-format.md"


class Tick(Message, type_id=1001):
    symbol: Annotated[str, Chars(6)]
    size: Int16
    bid: float
    live: bool


class Halt(Message, type_id=1001, version=1):
    symbol: str
    reason: str = ""


def example(name: str) -> bytes:
    """Return the bytes that the page shows under this name; what stands behind two blanks is prose."""
    block = re.search(rf"<!-- example: {name} -->\n```(?:text)?\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None, f"docs/wire-format.md has no example {name}"
    return bytes.fromhex(" ".join(line.split("  ")[0] for line in block[1].splitlines()))


EXAMPLES = {
    "message": Frame(
        format=FormatId.MSGPACK,
        type_id=1001,
        schema_version=1,
        publisher=0x0A0B0C0D,
        sequence=7,
        publish_time_ns=1_700_000_000_000_000_000,
        bodies=(msgspec.msgpack.encode(Halt("EURUSD", "wide")),),
    ),
    "struct": Frame(
        format=FormatId.STRUCT,
        type_id=1001,
        schema_version=1,
        publisher=0x0A0B0C0D,
        sequence=7,
        publish_time_ns=1_700_000_000_000_000_000,
        bodies=(make_layout(Tick).pack(Tick("EURUSD", 500, 1.5, True))[2:],),
    ),
    "batch": Frame(
        format=FormatId.RAW, type_id=1, publisher=1, sequence=256, bodies=(b"ab", b""), extensions=b"\xff" + bytes(7)
    ),
    "hello": Frame(format=FormatId.RAW, type_id=0, publisher=1, sequence=3, flags=1),
}
HELLO = example("hello")

frames = st.builds(
    Frame,
    format=st.sampled_from(list(FormatId)),
    type_id=st.integers(1, 2**16 - 1),
    publisher=st.integers(1, 2**32 - 1),
    sequence=st.integers(0, 2**64 - 1),
    bodies=st.lists(st.binary(max_size=40), min_size=1, max_size=6).map(tuple),
    schema_version=st.integers(0, 2**16 - 1),
    publish_time_ns=st.integers(-(2**63), 2**63 - 1),
    flags=st.integers(0, 2**16 - 1),
    extensions=st.integers(0, 4).map(lambda words: bytes(range(8)) * words),
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_worked_examples_of_the_page_are_what_is_written_and_read(name: str) -> None:
    assert pack(EXAMPLES[name]).hex(" ") == example(name).hex(" ")
    assert unpack(example(name)) == EXAMPLES[name]


@given(frames)
def test_what_is_packed_is_unpacked_the_same(frame: Frame) -> None:
    assert unpack(pack(frame)) == frame


@given(frames, st.data())
def test_no_shorter_frame_of_several_bodies_is_a_frame(frame: Frame, data: st.DataObject) -> None:
    whole = pack(frame)
    header = 32 + len(frame.extensions)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    if len(frame.bodies) > 1 or len(cut) < header:
        with pytest.raises(FrameCorrupt):
            _ = unpack(cut)
    else:
        assert unpack(cut).bodies[0] == frame.bodies[0][: len(cut) - header]


@given(st.binary(max_size=120))
def test_any_bytes_are_a_frame_or_corrupt(data: bytes) -> None:
    try:
        frame = unpack(data)
    except FrameCorrupt:
        return
    assert pack(frame) == data


def broken(**changes: int) -> bytes:
    fields = {
        "version": 1, "format": 1, "flags": 0, "type": 1001, "schema": 1,
        "publisher": 1, "count": 1, "header": 32, "sequence": 0, "time": 0,
    } | changes  # fmt: skip
    return struct.pack("<BBHHHIHHQq", *fields.values())


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "frame of 0 bytes: a header has 32"),
        (bytes(31), "frame of 31 bytes"),
        (broken(version=2), "frame version 2: this reader knows 1"),
        (broken(version=0), "frame version 0"),
        (broken(format=5), "format 5 is not one of 0 to 4"),
        (broken(publisher=0), "publisher is 0"),
        (broken(header=31), "header length 31"),
        (broken(header=36), "header length 36 is no multiple of 8"),
        (broken(header=0), "header length 0"),
        (broken(header=40), "header length 40 is beyond the frame of 32 bytes"),
        (broken(count=0), "count 0 in a frame of messages"),
        (broken(type=0, format=0, count=1, flags=1), "a control frame with count 1 and format 0"),
        (broken(type=0, format=1, count=0, flags=1), "a control frame with count 0 and format 1"),
        (broken(type=0, format=0, count=0, flags=0), "control frame of kind 0"),
        (broken(type=0, format=0, count=0, flags=4), "control frame of kind 4"),
        (HELLO + b"x", "1 bytes behind a control frame"),
        (broken(count=2), "2 body lengths do not fit into 0 bytes"),
        (broken(count=2) + struct.pack("<II", 1, 1) + b"abc", "body lengths add up to 2: 3 bytes follow them"),
        (broken(count=2) + struct.pack("<II", 2**32 - 1, 2**32 - 1), "body lengths add up to 8589934590"),
    ],
)
def test_a_broken_invariant_is_named_with_its_value(data: bytes, complaint: str) -> None:
    with pytest.raises(FrameCorrupt) as caught:
        _ = unpack(data)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"publisher": 0}, {"format": 9}, {"bodies": ()}, {"type_id": 0}, {"type_id": 70_000}, {"sequence": 2**64},
        {"sequence": -1}, {"extensions": b"1"}, {"publish_time_ns": 2**63}, {"flags": 2**16},
        {"extensions": bytes(65_504)}, {"bodies": (b"",) * 65_536},
    ],
)  # fmt: skip
def test_a_frame_that_breaks_an_invariant_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"no such frame|no int64"):
        _ = pack(msgspec.structs.replace(EXAMPLES["message"], **changes))


@pytest.mark.parametrize("kind", list(ControlKind))
def test_control_frames_say_which_they_are_and_what_comes_next(kind: ControlKind) -> None:
    data = control(kind, publisher=9, sequence=2**64 - 1, publish_time_ns=5)
    assert len(data) == 32
    frame = unpack(data)
    assert frame.control is kind
    assert (frame.publisher, frame.sequence, frame.bodies, len(frame.sequences)) == (9, 2**64 - 1, (), 0)


def test_a_message_is_no_control_frame() -> None:
    assert EXAMPLES["message"].control is None


def test_bodies_of_a_batch_have_sequences_one_after_another() -> None:
    assert list(EXAMPLES["batch"].sequences) == [256, 257]


def test_a_memoryview_of_any_shape_is_read() -> None:
    assert unpack(memoryview(bytearray(HELLO)).cast("I")) == EXAMPLES["hello"]


def test_the_header_of_native_code_says_the_same_layout() -> None:
    header = (PAGE.parents[1] / "native" / "ab_frame.h").read_text(encoding="utf-8")
    offsets = {name: int(value) for name, value in re.findall(r"AB_FRAME_(\w+)_OFFSET (\d+)", header)}
    assert offsets == {
        "VERSION": 0, "FORMAT": 1, "FLAGS": 2, "TYPE": 4, "SCHEMA_VERSION": 6, "PUBLISHER": 8, "COUNT": 12,
        "HEADER_LENGTH": 14, "SEQUENCE": 16, "PUBLISH_TIME": 24,
    }  # fmt: skip
    formats = dict(re.findall(r"AB_FORMAT_(\w+) = (\d+)", header))
    assert {name: int(value) for name, value in formats.items()} == {member.name: member.value for member in FormatId}
    kinds = dict(re.findall(r"AB_(HELLO|BEAT|BYE) = (\d+)", header))
    assert {name: int(value) for name, value in kinds.items()} == {member.name: member.value for member in ControlKind}
