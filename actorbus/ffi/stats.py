"""The border to native/ab_stats and native/ab_histogram: memory, pointers, numbers. Their meaning is actorbus/metrics.

Rules of this file:

* A pointer or view into a mapping is valid until ``StatisticsMemory.close``; whoever hands one out takes it back first.
* Errors of native code become ours here, with its text. Calls keep the GIL and never wait.

Ownership:

| made by | is | freed by |
| --- | --- | --- |
| ``StatisticsMemory(...)`` | mapping and file | ``close`` |
| ``numbers``, ``histogram`` of it | inside the mapping | never alone |
| ``new_histogram``, ``copy_histogram``, ``read_statistics`` | memory of its own | the garbage collector |
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, NoReturn, cast, final

from actorbus.errors import ClosedError, DecodeError, EnvironmentFault, InvalidValue, OutOfMemory, PermissionRefused
from actorbus.ffi.native import ffi, lib

if TYPE_CHECKING:
    from actorbus._native import CData, ab_error, ab_histogram, ab_stats_header

type HistogramPointer = ab_histogram
type Liveness = Literal["alive", "dead", "unknown"]

COUNTER_BLOCK: Final = lib.AB_STATS_COUNTER_BLOCK
HISTOGRAM: Final = lib.AB_STATS_HISTOGRAM
GAUGE: Final = lib.AB_STATS_GAUGE
BLOCK_SLOTS: Final = lib.AB_STATS_BLOCK_SLOTS
SIZE_MIN: Final = lib.AB_STATS_SIZE_MIN
SIZE_MAX: Final = lib.AB_STATS_SIZE_MAX
SIZE_PER_ENTRY: Final = lib.AB_STATS_SIZE_PER_ENTRY
HEADER_LENGTH: Final = lib.AB_STATS_HEADER_LENGTH
ENTRY_LENGTH: Final = lib.AB_STATS_ENTRY_LENGTH
DATA_LENGTHS: Final = {
    COUNTER_BLOCK: lib.AB_STATS_BLOCK_LENGTH,
    GAUGE: lib.AB_STATS_GAUGE_LENGTH,
    HISTOGRAM: lib.AB_STATS_HISTOGRAM_LENGTH,
}

# Called once a measurement: no wrapper around them. (pointer, ns) and (pointer, ns, count).
histogram_record: Final = lib.ab_histogram_record
histogram_record_many: Final = lib.ab_histogram_record_many

_LIVENESS: Final[dict[int, Liveness]] = {
    lib.AB_STATS_ALIVE: "alive",
    lib.AB_STATS_DEAD: "dead",
    lib.AB_STATS_UNKNOWN: "unknown",
}
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def _raise(code: int, error: ab_error, where: str | None = None) -> NoReturn:
    text = ffi.string(error.text).decode(errors="replace")
    if code == lib.AB_NO_MEMORY:
        raise OutOfMemory(text, where=where)
    if code == lib.AB_INVALID:
        raise InvalidValue(text, where=where)
    if code == lib.AB_STALE:
        raise ClosedError(text, where=where)
    if code == lib.AB_FAILED:
        raise (PermissionRefused if error.errcode in _DENIED else EnvironmentFault)(text, where=where)
    raise DecodeError(text, where=where)


def _c_text(what: str, text: str) -> bytes:
    """Return the bytes native code reads up to NUL; a NUL inside would cut the text in silence."""
    encoded = text.encode(errors="surrogateescape")
    if b"\0" in encoded:
        raise InvalidValue(f"{what} {text!r} contains NUL", hint="give a text without it")
    return encoded


def _text(field: CData) -> str:
    return ffi.string(field).decode(errors="replace")


# ---- writer --------------------------------------------------------------------------------------------------------


@final
class StatisticsMemory:
    """The mapping a process writes its statistics to. Any thread; allocation is locked in native code.

    Args:
        path: the file to create, which must not exist, in a folder that does; None: memory nobody outside sees.
        size: bytes, SIZE_MIN .. SIZE_MAX.
        name: of the topology or application, at most 255 bytes.
        driver_directory: of the media driver, at most 1,023 bytes; empty: none.

    Raises:
        InvalidValue: size or a text out of bounds.
        OutOfMemory: no room for the file, or no memory.
        PermissionRefused: the folder is not ours to write.
        EnvironmentFault: any other refusal of the operating system, such as a file that exists.
    """

    __slots__: tuple[str, ...] = ("_stats",)

    def __init__(self, path: Path | None, *, size: int, name: str, driver_directory: str) -> None:
        if not SIZE_MIN <= size <= SIZE_MAX:
            raise InvalidValue(f"statistics size {size} is not in {SIZE_MIN} .. {SIZE_MAX} bytes")
        error = ffi.new("ab_error *")
        holder = ffi.new("ab_stats **")
        code = lib.ab_stats_create(
            ffi.NULL if path is None else _c_text("path", str(path)),
            size,
            _c_text("name", name),
            _c_text("driver directory", driver_directory),
            holder,
            error,
        )
        if code != lib.AB_OK:
            _raise(code, error)
        self._stats = cast("CData", holder[0])

    def numbers(self, kind: int, group: str, name: str) -> tuple[int, memoryview]:
        """Return address and view (int64) of a counter block or gauge, the same for the same names.

        Raises:
            InvalidValue: a text is empty or too long.
            OutOfMemory: directory or data are full.
            ClosedError: closed.
        """
        block = kind == COUNTER_BLOCK
        error = ffi.new("ab_error *")
        holder = ffi.new("int64_t **")
        allocate = lib.ab_stats_counter_block if block else lib.ab_stats_gauge
        code = allocate(self._stats, _c_text("group", group), _c_text("name", name), holder, error)
        if code != lib.AB_OK:
            _raise(code, error)
        pointer = cast("CData", holder[0])
        view = memoryview(ffi.buffer(pointer, 8 * (BLOCK_SLOTS if block else 1)))
        return int(ffi.cast("uintptr_t", pointer)), view.cast("q")

    def histogram(self, group: str, name: str) -> tuple[int, HistogramPointer]:
        """Return address and pointer of a histogram, the same for the same names. Raises as ``numbers`` does."""
        error = ffi.new("ab_error *")
        holder = ffi.new("ab_histogram **")
        code = lib.ab_stats_histogram(self._stats, _c_text("group", group), _c_text("name", name), holder, error)
        if code != lib.AB_OK:
            _raise(code, error)
        pointer = cast("HistogramPointer", cast("object", holder[0]))
        return int(ffi.cast("uintptr_t", pointer)), pointer

    def heartbeat(self) -> None:
        """Store the time: we live."""
        lib.ab_stats_heartbeat(self._stats)

    def retire(self) -> None:
        """Mark the file closed and remove it; the memory stays. Nothing in a child of fork."""
        lib.ab_stats_retire(self._stats)

    def close(self) -> None:
        """Retire and unmap. Once: every view and pointer handed out is invalid afterwards."""
        stats, self._stats = self._stats, ffi.NULL
        lib.ab_stats_close(stats)


# ---- histograms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HistogramFacts:
    """What a histogram's buckets add up to; times in ns. All 0 when nothing was recorded."""

    count: int
    min_ns: int
    max_ns: int
    sum_ns: int
    below: int
    above: int


def new_histogram() -> HistogramPointer:
    """Return an empty histogram in memory of its own."""
    made = ffi.new("ab_histogram *")
    lib.ab_histogram_reset(made)
    return made


def copy_histogram(source: HistogramPointer) -> HistogramPointer:
    """Return a copy, taken number by number while the owner may write."""
    made = ffi.new("ab_histogram *")
    lib.ab_histogram_copy(made, source)
    return made


def merge_histogram(target: HistogramPointer, source: HistogramPointer) -> None:
    """Add all of `source` to `target`, which is the caller's own."""
    lib.ab_histogram_merge(target, source)


def summarise_histogram(histogram: HistogramPointer) -> HistogramFacts:
    """Return count, min, max, sum, and what was clamped."""
    facts = ffi.new("ab_histogram_summary *")
    lib.ab_histogram_summarise(histogram, facts)
    return HistogramFacts(facts.count, facts.min_ns, facts.max_ns, facts.sum_ns, facts.below, facts.above)


def histogram_value_at(histogram: HistogramPointer, millionths: int) -> int:
    """Return the value that `millionths` of the records (0 .. 1,000,000) do not exceed, ns."""
    return lib.ab_histogram_value_at(histogram, millionths)


def histogram_buckets(histogram: HistogramPointer) -> Iterator[tuple[int, int]]:
    """Yield (highest value in ns, count) of every bucket that holds something, ascending."""
    counts = memoryview(ffi.buffer(histogram.counts)).cast("Q")
    for bucket, count in enumerate(counts):
        if count:
            yield lib.ab_histogram_highest(bucket), count


# ---- reader --------------------------------------------------------------------------------------------------------


class HeaderFacts(NamedTuple):
    """Who wrote a file, and when it was last heard of."""

    name: str
    driver_directory: str
    pid: int
    created_time_ns: int
    heartbeat_time_ns: int
    heartbeat_age_ns: int
    """By the monotonic clock; means nothing when the machine restarted since (writer: dead)."""
    closed: bool
    writer: Liveness


class EntryFacts(NamedTuple):
    """One entry, copied. Numbers for blocks (16) and gauges (1), `histogram` for histograms."""

    kind: int
    group: str
    name: str
    numbers: tuple[int, ...]
    histogram: HistogramPointer | None


def read_statistics(descriptor: int, where: str) -> tuple[HeaderFacts, list[EntryFacts]]:
    """Copy and validate the statistics file open behind `descriptor`; safe against any contents and any moment.

    Raises:
        DecodeError: not a sound statistics file, one of another version, or one not finished; names field and value.
        EnvironmentFault: it cannot be read.
        OutOfMemory: no memory for a copy.
    """
    error = ffi.new("ab_error *")
    holder = ffi.new("ab_stats_image **")
    code = lib.ab_stats_load(descriptor, holder, error)
    if code != lib.AB_OK:
        _raise(code, error, where)
    image = cast("CData", holder[0])
    try:
        header = _header_facts(lib.ab_stats_header_of(image))
        return header, [_entry_facts(image, index) for index in range(lib.ab_stats_entry_count(image))]
    finally:
        lib.ab_stats_unload(image)


def read_statistics_header(descriptor: int, where: str) -> HeaderFacts:
    """Copy and check the header alone of the statistics file open behind `descriptor`: no memory for its contents.

    Raises:
        DecodeError, EnvironmentFault: as `read_statistics`.
    """
    error = ffi.new("ab_error *")
    header = ffi.new("ab_stats_header *")
    code = lib.ab_stats_look(descriptor, cast("CData", header), error)
    if code != lib.AB_OK:
        _raise(code, error, where)
    return _header_facts(header)


def _header_facts(header: ab_stats_header) -> HeaderFacts:
    return HeaderFacts(
        name=_text(header.name),
        driver_directory=_text(header.driver_directory),
        pid=header.pid,
        created_time_ns=header.created_realtime_ns,
        heartbeat_time_ns=header.heartbeat_realtime_ns,
        heartbeat_age_ns=max(0, lib.ab_clock_monotonic_ns() - header.heartbeat_monotonic_ns),
        closed=header.state == lib.AB_STATS_CLOSED,
        writer=_LIVENESS[lib.ab_stats_liveness_of(header)],
    )


def _entry_facts(image: CData, index: int) -> EntryFacts:
    entry = lib.ab_stats_entry_at(image, index)
    data = lib.ab_stats_data_at(image, index)
    histogram: HistogramPointer | None = None
    numbers: tuple[int, ...] = ()
    if entry.kind == HISTOGRAM:
        histogram = copy_histogram(cast("HistogramPointer", ffi.cast("const ab_histogram *", data)))
    else:
        count = BLOCK_SLOTS if entry.kind == COUNTER_BLOCK else 1
        numbers = tuple(memoryview(ffi.buffer(data, 8 * count)).cast("q"))
    return EntryFacts(entry.kind, _text(entry.group), _text(entry.name), numbers, histogram)
