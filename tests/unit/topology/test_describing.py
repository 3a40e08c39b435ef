"""What a recorded frame says: by class, by the recorded layout, as bytes; and it never raises."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import actorbus as ab
from actorbus.codec import FormatId, Frame, pack
from actorbus.recording import RecordedStream, RecordedType
from actorbus.topology.describing import Describer, class_of


class Fill(ab.Message, type_id=1001, version=2):
    symbol: str
    price: ab.Price
    side: ab.Side
    quantity: ab.Quantity | None = None


FILL = Fill("EURUSD", ab.price("1.085"), ab.Side.BUY, ab.quantity(3))
FIELDS = (("symbol", "str"), ("price", "ab.Price"), ("side", "ab.Side"), ("quantity", "ab.Quantity | None"))
SHOWN = {"symbol": "EURUSD", "price": "1.085", "side": "buy", "quantity": "3"}
BY_LAYOUT = {**SHOWN, "side": int(ab.Side.BUY)}


def row(cls: str = f"{__name__}:Fill", form: str = "msgpack", **more: object) -> RecordedStream:
    return RecordedStream(name="fills", format=form, types=(RecordedType(1001, 2, cls, FIELDS),), **more)  # type: ignore[arg-type]


def framed(*messages: object, form: str = "msgpack", type_id: int = 1001) -> bytes:
    encode = {"msgpack": msgspec.msgpack.encode, "json": msgspec.json.encode, "raw": bytes}[form]
    return pack(
        Frame(
            format=FormatId[form.upper()],
            type_id=type_id,
            publisher=7,
            sequence=1,
            bodies=tuple(encode(message) for message in messages),  # type: ignore[operator]
        )
    )


@pytest.mark.parametrize("form", ["msgpack", "json"])
def test_a_class_that_is_there_shows_names_and_decimals(form: str) -> None:
    assert Describer()(row(form=form), framed(FILL, form=form)) == {"type": "Fill", "message": SHOWN}


@pytest.mark.parametrize("form", ["msgpack", "json"])
@pytest.mark.parametrize("cls", ["no.such.module:Fill", f"{__name__}:Gone", "actorbus:Bar", "nonsense", "os:path"])
def test_without_its_class_the_recorded_layout_serves(form: str, cls: str) -> None:
    shown = Describer()(row(cls, form), framed(FILL, form=form))
    assert shown["message"] == BY_LAYOUT
    assert shown["type"] == cls.rpartition(":")[2]


def test_a_describer_that_may_not_import_does_not() -> None:
    assert Describer(None)(row(), framed(FILL)) == {"type": "Fill", "message": BY_LAYOUT}


def test_a_module_that_raises_is_no_class(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "broken_module_of_a_test.py").write_text("raise SystemError('no')")
    monkeypatch.syspath_prepend(str(folder))
    assert class_of(row(), RecordedType(1001, 1, "broken_module_of_a_test:Fill")) is None


def test_a_class_that_has_changed_falls_back_to_the_layout() -> None:
    body = ["EURUSD", "not a price", 1]
    shown = Describer()(row(), framed([1001, *body]))
    assert shown["message"] == {"symbol": "EURUSD", "price": "not a price", "side": 1}


def test_more_values_than_recorded_fields_have_numbers() -> None:
    shown = Describer(None)(row(), framed([1001, "A", 1, 1, None, "new"]))
    assert shown["message"] == {"symbol": "A", "price": "0.000000001", "side": 1, "quantity": None, "field_4": "new"}


def test_a_type_nobody_recorded_shows_its_values() -> None:
    assert Describer()(row(), framed([9, "x", b"\0"], type_id=9)) == {"type": 9, "message": [9, "x", "AA=="]}


def test_a_batch_frame_shows_all_of_them() -> None:
    assert Describer()(row(), framed(FILL, FILL)) == {"type": "Fill", "messages": [SHOWN, SHOWN]}


def test_raw_bodies_are_base64() -> None:
    assert Describer()(row(form="raw"), framed(b"ab", form="raw", type_id=1)) == {"type": "bytes", "base64": "YWI="}
    both = framed(b"ab", b"c", form="raw", type_id=1)
    assert Describer()(row(form="raw"), both) == {"type": "bytes", "base64": ["YWI=", "Yw=="]}


def test_foreign_and_sealed_bytes_are_shown_whole() -> None:
    assert Describer()(row(framed=False), b"\0\1") == {"type": "bytes", "base64": "AAE="}
    whole = framed(FILL)
    shown = Describer()(row(security="sealed"), whole)
    assert shown == {"type": None, "base64": base64.b64encode(whole).decode()}


@given(st.binary(max_size=120), st.booleans())
def test_no_bytes_make_it_raise(data: bytes, headed: bool) -> None:
    payload = framed(FILL)[:32] + data if headed else data
    shown = Describer()(row(), payload)
    assert shown.keys() in ({"type", "message"}, {"type", "messages"}, {"type", "base64"})
    json.dumps(shown)
