"""Generated layouts of format struct: what is packed is read, field by field, where it lies; wrong text is found."""

from __future__ import annotations

import functools
import struct
from typing import Annotated, Any, cast

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

import actorbus as ab
from actorbus.errors import UsageError
from actorbus.ffi import make_fixed, make_layout
from actorbus.message.base import MessageMeta
from tests.support.fixed import Side, fed_port

INTEGERS = {
    ab.Int8: (-(2**7), 2**7 - 1),
    ab.Int16: (-(2**15), 2**15 - 1),
    ab.Int32: (-(2**31), 2**31 - 1),
    ab.Int64: (-(2**63), 2**63 - 1),
    ab.UInt8: (0, 2**8 - 1),
    ab.UInt16: (0, 2**16 - 1),
    ab.UInt32: (0, 2**32 - 1),
    int: (-(2**63), 2**63 - 1),
}
SIZES = st.integers(1, 40)


def text_of(size: int) -> st.SearchStrategy[str]:
    """Text without a character 0 whose UTF-8 has `size` bytes at most."""
    letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(letters, max_size=size).map(lambda text: text.encode()[:size].decode("utf-8", "ignore"))


def kinds() -> st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]]:
    """A field's annotation, and its values."""
    return st.one_of(
        st.sampled_from(sorted(INTEGERS.items(), key=str)).map(lambda item: (item[0], st.integers(*item[1]))),
        st.just((float, st.floats(allow_nan=False))),
        st.just((bool, st.booleans())),
        st.just((Side, st.sampled_from(list(Side)))),
        SIZES.map(lambda size: (Annotated[str, ab.Chars(size)], text_of(size))),
        SIZES.map(lambda size: (Annotated[bytes, ab.Octets(size)], st.binary(min_size=size, max_size=size))),
    )


@functools.lru_cache(maxsize=256)
def class_of(*annotations: Any) -> type[ab.Message]:
    """Return a message class with these fields."""
    names = [f"field_{number}" for number in range(len(annotations))]
    namespace = {"__module__": __name__, "__annotations__": dict(zip(names, annotations, strict=True))}
    return cast("type[ab.Message]", MessageMeta("Made", (ab.Message,), namespace, type_id=1234, version=1))


@st.composite
def streams(draw: st.DrawFn) -> list[ab.Message]:
    """Some messages of one generated class, of 1 to 40 fields."""
    fields = draw(st.lists(kinds(), min_size=1, max_size=40))
    cls = cast("Any", class_of(*[annotation for annotation, _ in fields]))
    return [cls(*[draw(values) for _, values in fields]) for _ in range(draw(st.integers(1, 4)))]


@given(streams())
def test_every_field_of_a_generated_layout_is_read_where_it_lies(messages: list[ab.Message]) -> None:
    cls = type(messages[0])
    with fed_port(cls) as fed:
        fixed = make_fixed(fed.port, [make_layout(cls)])
        assert fed.messages(*messages)
        assert fed.poll() == len(messages)
        kept: list[object] = []
        for wanted, shown in zip(messages, fixed.open(), strict=True):
            for name in reversed(cls.__struct_fields__):
                value = getattr(wanted, name)
                for asked in (name, "".join(list(name))):  # by the name in code, and by one made anew
                    assert (type(getattr(shown, asked)), getattr(shown, asked)) == (type(value), value)
            assert not hasattr(shown, "field_x")
            assert cast("ab.Message", shown).copy() == wanted
            kept.append(shown)
        fixed.close()
        for name in ("field_0", "".join(list("field_0"))):
            try:
                raise AssertionError(f"a stale flyweight says {getattr(kept[-1], name)!r}")
            except UsageError:
                pass
        assert fixed.messages() == messages, "the batch is still the port's"


@given(st.binary(min_size=1, max_size=40))
@example(b"ABCDEFGH\0\0\0\0\0\0\0\0")
@example(b"ABC\0\0\0\0\0\0\0\0\0\0\0\0\0")
@example(b"ABC\0\0\0\0\0\0\0\0\0\0\0\0x")
@example(b"ABC\0\0\0\0x\0\0\0\0\0\0\0\0")
@example(b"ABC\0\x01\0\0\0")
@example(b"ABCDEFG\xc3\xa9\0\0\0\0\0\0\0")
@example(b"\0\0\0\0\0\0\0\x80")
@example(b"ABC\0\0\0\0\xff")
def test_text_is_right_when_it_is_utf8_and_nothing_follows_its_end(body: bytes) -> None:
    text, _, rest = body.partition(b"\0")
    try:
        wanted = text.decode() if not rest.strip(b"\0") else None
    except UnicodeDecodeError:
        wanted = None
    layout = make_layout(class_of(Annotated[str, ab.Chars(len(body))]))
    try:
        found = cast("Any", layout.unpack(body, 1)).field_0
    except ValueError:
        found = None
    assert found == wanted


def test_a_layout_packs_as_struct_does() -> None:
    cls = cast("Any", class_of(ab.Int8, ab.UInt32, float, bool))
    assert make_layout(cls).pack(cls(-1, 2, 3.0, True))[2:] == struct.pack("<bxxxId?", -1, 2, 3.0, True)
    assert msgspec.structs.astuple(make_layout(cls).unpack(struct.pack("<bxxxId?", -1, 2, 3.0, True), 1)) == (
        -1, 2, 3.0, True,
    )  # fmt: skip
