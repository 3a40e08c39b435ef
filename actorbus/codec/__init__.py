"""Codec: messages to bytes and back. No I/O, no thread; of the native part only pure functions."""

from __future__ import annotations

from actorbus.codec.chain import Chain, Stage, format_named, refusal
from actorbus.codec.format import Decoding, Format, as_decode_error
from actorbus.codec.frame import ControlKind, FormatId, Frame, control, pack, unpack

__all__ = [
    "Chain",
    "ControlKind",
    "Decoding",
    "Format",
    "FormatId",
    "Frame",
    "Stage",
    "as_decode_error",
    "control",
    "format_named",
    "pack",
    "refusal",
    "unpack",
]
