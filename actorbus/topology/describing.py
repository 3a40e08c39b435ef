"""What a recorded frame says, for people: `journal export`, and the readable part of ``jsonl`` recordings.

    {"type": "Bar", "message": {...}}        a message whose class is known, or whose fields the recording tells
    {"type": "Bar", "messages": [...]}       a batch frame
    {"type": "bytes", "base64": "..."}       a raw stream's body (a list of them for a batch frame)
    {"type": null, "base64": "..."}          the whole record, when nobody can read it: foreign, sealed, or broken

Rules of this file:

* It never raises: a record that cannot be read is shown as bytes, so that recording and exporting go on.
* Classes come from the topology if one is given, then from the module the recording names, if it can be imported and
  still has that type id; then the fields' names and types as recorded; then the bare list of values.
* One thread; what was found out about a stream is kept.
"""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast, final

import msgspec

from actorbus.codec import Chain, Frame, format_named, unpack
from actorbus.errors import ActorBusError
from actorbus.limits import TYPE_ID_RAW
from actorbus.message import is_message_class, type_id_of
from actorbus.message.decimals import PRICE_DIGITS, QUANTITY_DIGITS
from actorbus.message.shown import decimal_text, fields_of
from actorbus.recording import RecordedStream, RecordedType

__all__ = ["Describer", "class_of"]

_SCALES: Final = (("Price", PRICE_DIGITS), ("Quantity", QUANTITY_DIGITS))
_DIGITS: Final = re.compile(r"Scale\((?:digits=)?([0-9]{1,2})\)")

type Find = Callable[[RecordedStream, RecordedType], type | None]
type Decode = Callable[[bytes], object]


def class_of(_stream: RecordedStream, recorded: RecordedType) -> type | None:
    """Return the class a recording names, if it is there and still that message. Importing runs its module."""
    module, _, name = recorded.cls.partition(":")
    try:
        found: object = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        if is_message_class(found) and type_id_of(cast("type", found)) == recorded.id:
            return cast("type", found)
    except Exception:  # noqa: BLE001 - an application's module may raise anything; then the recorded layout serves
        return None
    return None


@final
class Describer:
    """From a stream's row and a record's bytes to what the head of this file shows.

    Args:
        find: from a recorded type to its class; None: no class is imported, the recorded layout serves.
    """

    __slots__: tuple[str, ...] = ("_decoders", "_find")

    def __init__(self, find: Find | None = class_of) -> None:
        self._find = find
        self._decoders: dict[tuple[RecordedStream, int], Decode] = {}

    def __call__(self, stream: RecordedStream, payload: bytes) -> Mapping[str, object]:
        """Return ``type`` and one of ``message``, ``messages`` and ``base64``."""
        if not stream.framed or (stream.compression, stream.security) != ("none", "none"):
            return {"type": None if stream.framed else "bytes", "base64": _base64(payload)}
        try:
            frame = unpack(payload)
            return self._of_frame(stream, frame)
        except Exception:  # noqa: BLE001 - see the head: what cannot be read is shown as it is
            return {"type": None, "base64": _base64(payload)}

    def _of_frame(self, stream: RecordedStream, frame: Frame) -> Mapping[str, object]:
        if frame.type_id == TYPE_ID_RAW or stream.format == "raw":
            texts = [_base64(body) for body in frame.bodies]
            return {"type": "bytes", "base64": texts[0] if len(texts) == 1 else texts}
        recorded = next((one for one in stream.types if one.id == frame.type_id), None)
        decode = self._decoders.get((stream, frame.type_id))
        if decode is None:
            decode = self._decoders[stream, frame.type_id] = self._decoder(stream, frame.type_id, recorded)
        shown = [decode(body) for body in frame.bodies]
        name: object = recorded.cls.rpartition(":")[2].rpartition(".")[2] if recorded is not None else frame.type_id
        return {"type": name, "message": shown[0]} if len(shown) == 1 else {"type": name, "messages": shown}

    def _decoder(self, stream: RecordedStream, type_id: int, recorded: RecordedType | None) -> Decode:
        """Return what makes JSON values of a body: by class, and where a body does not fit it any more by layout."""
        by_layout = _by_layout(stream, recorded)
        cls = self._find(stream, recorded) if self._find is not None and recorded is not None else None
        if cls is None or not is_message_class(cls) or type_id_of(cls) != type_id:
            return by_layout
        decode = Chain(format_named(stream.format), [cls]).decoding.one

        def by_class(body: bytes) -> object:
            try:
                return fields_of(cast("msgspec.Struct", decode(body)))
            except (msgspec.MsgspecError, ActorBusError):
                return by_layout(body)

        return by_class


def _by_layout(stream: RecordedStream, recorded: RecordedType | None) -> Decode:
    names = [name for name, _ in recorded.fields] if recorded is not None else []
    digits = [_digits(text) for _, text in recorded.fields] if recorded is not None else []
    decode: Decode = msgspec.json.decode if stream.format == "json" else msgspec.msgpack.decode

    def show(body: bytes) -> object:
        values = decode(body)
        if not isinstance(values, list) or not names:
            return msgspec.to_builtins(values, str_keys=True)
        fields = cast("Sequence[object]", values)[1:]  # the first is the type id
        shown: dict[str, object] = {}
        for at, value in enumerate(fields):
            scale = digits[at] if at < len(digits) else None
            plain = decimal_text(value, scale) if scale is not None and type(value) is int else value
            shown[names[at] if at < len(names) else f"field_{at}"] = msgspec.to_builtins(plain, str_keys=True)
        return shown

    return show


def _digits(text: str) -> int | None:
    """Return the decimals of a field whose recorded type is scaled, alone or with None."""
    marked = _DIGITS.search(text)
    if marked is not None:
        return int(marked[1])
    plain = text.replace("| None", "").replace("Optional[", "").rstrip("] ").rpartition(".")[2]
    return next((digits for name, digits in _SCALES if plain == name), None)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
