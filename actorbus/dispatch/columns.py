"""Sends arrays of fixed layout: `publisher.publish_columns(array)`.

    array --- dtype checked --- one native call: batch frames, offered in a burst
                                refused: the first one left goes by the publisher's policy, as a lone message would,
                                and the burst goes on behind it

Thread: any, one call at a time a publisher (the GIL is the lock). numpy is loaded by whoever has an array, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from actorbus.dispatch.refusals import MALFORMED
from actorbus.errors import EncodeError, UsageError
from actorbus.message.layout import FixedLayout, fixed_layout_of

if TYPE_CHECKING:
    import numpy as np

    from actorbus.message import Message

__all__ = ["ColumnsPort", "dtype_of", "send_columns"]


class ColumnsPort(Protocol):
    """What this needs of a native `OfferPort`."""

    def publish_columns(self, records: object, layout: object, start: int, /) -> tuple[int, int]: ...


def send_columns(
    stream: str,
    types: Sequence[type],
    port: ColumnsPort,
    columns: np.ndarray[tuple[int], np.dtype[np.void]],
    refused: Callable[[object, bytes, int], int],
) -> int:
    """Publish every record of an array; returns how many: all.

    `refused(message, body, code)` settles the first record that was not accepted, by the publisher's policy; what it
    raises leaves here, with a note that says how many went before.

    Raises:
        UsageError: the stream has no fixed layouts, or the array's dtype is that of none of its messages.
        EncodeError: a record holds what its field may not; names the record and the field. Those before it went.
    """
    from actorbus.ffi import make_layout

    layout = make_layout(_class_of(stream, types, columns))
    records = memoryview(columns.data if columns.flags.c_contiguous else columns.copy().data).cast("B")
    stride, count, sent = columns.dtype.itemsize, len(columns), 0
    while sent < count:
        accepted, code = port.publish_columns(records, layout, sent)
        sent += accepted
        if sent == count:
            break
        record = bytes(records[sent * stride : (sent + 1) * stride])
        fixed = fixed_layout_of(layout.cls)
        try:
            message = layout.unpack(record[: fixed.used], fixed.version)
        except ValueError as error:
            if code != MALFORMED:
                raise
            raise EncodeError(
                f"record {sent} of the array is no {layout.cls.__name__}", why=str(error), where=f"stream {stream!r}"
            ) from None
        try:
            _ = refused(message, layout.pack(message), code)
        except Exception as error:
            error.add_note(f"{sent} of {count} records were published before")
            raise
        sent += 1
    return sent


def _class_of(stream: str, types: Sequence[type], columns: np.ndarray[tuple[int], np.dtype[np.void]]) -> type[Message]:
    """Return the message class whose layout an array has."""
    import numpy as np

    if not isinstance(cast("object", columns), np.ndarray) or columns.ndim != 1:
        raise UsageError(
            f"stream {stream!r}: publish_columns takes an array of one dimension, got {type(columns).__name__}",
            hint="make it with numpy.zeros(n, ab.dtype_of(Tick))",
        )
    found = [cls for cls in types if columns.dtype == _dtype_of(fixed_layout_of(cls))]
    if len(found) != 1:
        known = ", ".join(cls.__name__ for cls in types)
        what = f"the dtype of {', '.join(cls.__name__ for cls in found)} alike" if found else "of none of its messages"
        raise UsageError(
            f"stream {stream!r} carries {known}, and an array of {columns.dtype} is {what}",
            hint="make it with numpy.zeros(n, ab.dtype_of(Tick))",
        )
    return found[0]


def _dtype_of(layout: FixedLayout) -> np.dtype[np.void]:
    import numpy as np

    return np.dtype(cast("Any", layout.dtype))


def dtype_of(cls: type[Message]) -> np.dtype[np.void]:
    """Return the numpy dtype of a message class: what `publish_columns` takes and `on_columns` is given.

    Raises:
        UsageError: the class has no fixed layout.
        LibraryMissing: numpy is not installed; says what installs it.
    """
    from actorbus.errors import LibraryMissing

    layout = fixed_layout_of(cls)
    try:
        return _dtype_of(layout)
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise LibraryMissing("numpy is not installed", hint="run: python -m pip install numpy") from error
