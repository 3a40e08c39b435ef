"""The border to native/ab_journal, the writer: a typed owner of a journal.

Rules of this file:

* One handle belongs to one thread at a time; a second thread inside the same one is refused (InvalidValue), never run.
* Calls that read, write or sync files release the GIL, but ``append``: it copies, and writes when its buffer is full.
* Nothing is closed by the garbage collector. Closed handles raise ClosedError.
"""

from __future__ import annotations

import os
from collections.abc import Buffer
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final, override

from actorbus.errors import ActorBusError
from actorbus.ffi.failure import new_error
from actorbus.ffi.handles import Handle
from actorbus.ffi.journal_failure import journal_failure
from actorbus.ffi.native import ffi, lib

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import ab_error, ab_journal_opened

__all__ = ["COUNTERS", "DURABLE", "INTERVAL", "NONE", "JournalHandle", "JournalPurged", "Opened"]

DURABLE: Final = lib.AB_JOURNAL_DURABLE
INTERVAL: Final = lib.AB_JOURNAL_INTERVAL
NONE: Final = lib.AB_JOURNAL_NONE
_FOREVER: Final = 2**63 - 1

COUNTERS: Final = (
    "appended",
    "written",
    "durable",
    "appended_sequence",
    "written_sequence",
    "durable_sequence",
    "records",
    "bytes",
    "batches",
    "syncs",
    "sync_ns",
    "segments",
    "refused_no_space",
    "faults",
    "cut_bytes",
    "state",
)
"""Names of the counters, in the order of enum ab_journal_counter."""


class Opened(NamedTuple):
    """What opening for writing found and did (native/ab_journal.h, ab_journal_opened)."""

    uuid: bytes
    created: bool
    clean: bool
    epoch: int
    segments: int
    first_sequence: int
    next_sequence: int
    first_position: int
    position: int
    last_time_ns: int
    scanned_bytes: int
    cut_bytes: int
    cut_records: int
    moved_records: int
    elapsed_ns: int


class JournalPurged(NamedTuple):
    """What retention removed. ``held``: "" nothing more was due, else "reader" or "consumer"."""

    segments: int
    bytes: int
    first_sequence: int
    first_position: int
    held: str


def _opened(native: ab_journal_opened) -> Opened:
    numbers = (int(getattr(native, name)) for name in Opened._fields[3:])
    return Opened(ffi.unpack(native.uuid, 16), bool(native.created), bool(native.clean), *numbers)


@final
class JournalHandle(Handle):
    """A journal open for writing."""

    __slots__: tuple[str, ...] = ("_error", "opened")
    noun = "journal"

    def __init__(self, handle: int, where: str, opened: Opened) -> None:
        super().__init__(handle, where)
        self.opened: Opened = opened
        self._error: ab_error = new_error()

    @classmethod
    def open(
        cls,
        directory: Path | str,
        *,
        sync: int = DURABLE,
        segment_bytes: int = 0,
        uuid: bytes = bytes(16),
        sync_ns: int = 0,
        group_ns: int = 0,
        group_bytes: int = 0,
        group_records: int = 0,
        create: bool = True,
        zero_fill: bool = False,
        strict: bool = False,
        now_ns: int = 0,
        counters: int | None = None,
    ) -> JournalHandle:
        """Lock, recover, and be ready to append.

        Args:
            directory: the recording's folder.
            sync: DURABLE, INTERVAL or NONE: what ``tick`` does.
            segment_bytes: of new segments, a power of two from 64 KiB to 1 GiB; 0: 128 MiB.
            uuid: of the recording, 16 bytes; zeros: what is there, or a new one.
            sync_ns: between syncs of INTERVAL; 0: 100 ms.
            group_ns: how long a group may wait; 0: 1 ms.
            group_bytes: how long it may become; 0: 64 KiB, or 768 KiB where ``tick`` does not sync.
            group_records: how many records; 0: 256, or 8,192 there.
            create: whether to make the folder and the first segment.
            zero_fill: whether to write zeros over new segments.
            strict: whether to refuse a torn tail with whole records behind the tear, too.
            now_ns: realtime that goes into headers; 0: the clock.
            counters: address of sixteen int64 for the counters (COUNTERS); None: kept inside.

        Raises:
            RecordingNotFound, JournalLocked, CorruptRecord, FormatRefused, InvalidValue, OutOfSpace, StorageFailed.
        """
        where = os.fspath(directory)
        path = ffi.new("char[]", os.fsencode(where))
        options = ffi.new("ab_journal_options *")
        options.directory = path
        options.segment_length = segment_bytes
        ffi.memmove(options.uuid, uuid, 16)
        options.sync_mode = sync
        options.flags = (
            (lib.AB_JOURNAL_CREATE if create else 0)
            | (lib.AB_JOURNAL_ZERO_FILL if zero_fill else 0)
            | (lib.AB_JOURNAL_STRICT if strict else 0)
        )
        options.sync_ns, options.group_ns = sync_ns, group_ns
        options.group_bytes, options.group_records = group_bytes, group_records
        options.now_ns = now_ns
        options.counters = ffi.NULL if counters is None else ffi.cast("int64_t *", counters)
        opened, error = ffi.new("ab_journal_opened *"), new_error()
        handle = lib.ab_journal_port_open_wait(options, opened, error)
        if handle == 0:
            raise journal_failure(error.code, error, None)
        return cls(handle, where, _opened(opened))

    def _checked(self, result: int) -> None:
        if result < 0:
            raise journal_failure(result, self._error, self.where)

    def append(
        self, stream: int, payload: Buffer, *, session: int = 0, stream_position: int = 0, time_ns: int = 0
    ) -> int:
        """Take one record, copied; return its sequence. 0 for the time is the clock.

        Raises:
            OutOfSpace: nothing was taken; the same call may succeed when there is room.
            StorageFailed: poisoned, see ``resume``.
            InvalidValue: longer than ``payload_max``, or a stream number beyond 65535.
        """
        view = memoryview(payload)
        body = payload if isinstance(payload, bytes) else ffi.from_buffer("uint8_t[]", view)
        sequence = lib.ab_journal_port_append(
            self.handle, stream, session, stream_position, time_ns, body, view.nbytes, self._error
        )
        self._checked(sequence)
        return sequence

    def write(self) -> None:
        """Close the batch and write it: readers see it, a kill cannot take it. Raises as ``append``."""
        self._checked(lib.ab_journal_port_write_wait(self.handle, self._error))

    def sync(self) -> None:
        """Write, then wait for the disk: all that was appended is durable. Raises as ``append``."""
        self._checked(lib.ab_journal_port_sync_wait(self.handle, self._error))

    def tick(self, now_ns: int, *, idle: bool = False) -> None:
        """Do what the sync mode makes due at ``now_ns`` (monotonic). Raises as ``append``."""
        self._checked(lib.ab_journal_port_tick_wait(self.handle, now_ns, int(idle), self._error))

    def due_ns(self) -> int:
        """Return when ``tick`` has something to do, monotonic; 2^63 - 1: not before the next append."""
        return self._known(lib.ab_journal_port_due(self.handle))

    def roll(self) -> None:
        """Seal the segment and begin the next. Raises as ``append``."""
        self._checked(lib.ab_journal_port_roll_wait(self.handle, self._error))

    def resume(self) -> Opened:
        """Go on in a new segment after StorageFailed; what could not be saved is told by ``next_sequence``.

        Raises:
            StorageFailed, OutOfSpace: not yet; it stays poisoned.
            InvalidValue: it is not poisoned.
        """
        opened = ffi.new("ab_journal_opened *")
        self._checked(lib.ab_journal_port_resume_wait(self.handle, opened, self._error))
        return _opened(opened)

    def purge(self, *, bytes_max: int = 0, before_time_ns: int = 0, keep_position: int = _FOREVER) -> JournalPurged:
        """Remove whole old segments; 0: no such rule. ``keep_position``: of the slowest consumer."""
        retention = ffi.new("ab_journal_retention *")
        retention.bytes_max, retention.before_time_ns = bytes_max, before_time_ns
        retention.keep_position = keep_position
        purged = ffi.new("ab_journal_purged *")
        self._checked(lib.ab_journal_port_purge_wait(self.handle, retention, purged, self._error))
        held = ("", "reader", "consumer")[purged.held]
        return JournalPurged(purged.segments, purged.bytes, purged.first_sequence, purged.first_position, held)

    @property
    def payload_max(self) -> int:
        """The longest record it takes, bytes."""
        return self._known(lib.ab_journal_port_payload_max(self.handle))

    def counters(self) -> dict[str, int]:
        """Return the counters by name (COUNTERS). Any thread, at any moment."""
        block = ffi.new("int64_t[]", lib.AB_JOURNAL_COUNTERS)
        self._known(lib.ab_journal_port_counters(self.handle, block))
        return {name: block[i] for i, name in enumerate(COUNTERS)}

    def close(self, deadline_ns: int = _FOREVER) -> None:
        """Write, sync, mark the end as clean, unlock. A second close does nothing.

        Raises:
            StorageFailed, OutOfSpace: closed, and what came after the durable position may be gone.
        """
        self._close(lib.ab_journal_port_retire, lib.ab_journal_port_close_wait, deadline_ns)

    def abandon(self) -> None:
        """Free without a write, as a kill would: for tests of crashes."""
        self._close(lib.ab_journal_port_retire, lib.ab_journal_port_abandon_wait, _FOREVER)

    @override
    def _failure(self, error: ab_error) -> ActorBusError:
        return journal_failure(error.code, error, self.where)
