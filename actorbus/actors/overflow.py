"""What gives way when a mailbox is full: pure functions on its data lane, called under the inbox's lock.

Each drops in place and returns (messages, bytes) dropped; what it leaves fits, but for the one message that is always
kept. Bytes of a part of a parcel are its share, by messages, so sums stay exact. Events (entries of no messages) stay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from actorbus.actors.inbox import DataEntry
from actorbus.dispatch import Parcel

__all__ = ["conflate", "drop_oldest", "entry_of", "split"]


def entry_of(parcel: Parcel) -> DataEntry:
    """Return the entry of a parcel."""
    return DataEntry(parcel, len(parcel), parcel.size, parcel.origin.number)


def split(parcel: Parcel, messages: int, size: int) -> tuple[Parcel | None, Parcel | None]:
    """Return the beginning of a parcel that fits into so many messages and bytes, and the rest."""
    count = len(parcel)
    fits = min(count, messages, count if parcel.size <= size else size * count // parcel.size)
    if fits >= count:
        return parcel, None
    return (parcel.part(0, fits) if fits > 0 else None), parcel.part(max(0, fits), count)


def drop_oldest(data: deque[DataEntry], over: int, over_bytes: int) -> tuple[int, int]:
    """Drop from the front until it fits. The newest message is always kept."""
    dropped = dropped_bytes = 0
    events: list[DataEntry] = []
    while data and (dropped < over or dropped_bytes < over_bytes):
        entry = data.popleft()
        if not isinstance(entry.batch, Parcel):
            events.append(entry)
            continue
        need = max(over - dropped, -(-(over_bytes - dropped_bytes) * entry.messages // max(1, entry.bytes)))
        if not any(other.messages for other in data):
            need = min(need, entry.messages - 1)
        kept = entry if need <= 0 else entry_of(entry.batch.part(need, entry.messages))
        if need < entry.messages:
            data.appendleft(kept)
            dropped += entry.messages - kept.messages
            dropped_bytes += entry.bytes - kept.bytes
            break
        dropped += entry.messages
        dropped_bytes += entry.bytes
    data.extendleft(reversed(events))
    return dropped, dropped_bytes


def conflate(key: str) -> Callable[[deque[DataEntry], int, int], tuple[int, int]]:
    """Return a policy: of messages of one stream, type and `key` only the newest stays; then the oldest give way."""

    def make_room(data: deque[DataEntry], over: int, over_bytes: int) -> tuple[int, int]:
        seen: set[tuple[str, type, object]] = set()
        messages = size = 0
        left: deque[DataEntry] = deque()
        for entry in reversed(data):
            parcel = entry.batch
            if not isinstance(parcel, Parcel):
                left.appendleft(entry)
                continue
            kept = _newest(parcel, key, seen)
            if len(kept):
                left.appendleft(entry if kept is parcel else entry_of(kept))
            messages += entry.messages - len(kept)
            size += entry.bytes - (entry.bytes if kept is parcel else kept.size if len(kept) else 0)
        data.clear()
        data.extend(left)
        more, more_size = drop_oldest(data, over - messages, over_bytes - size)
        return messages + more, size + more_size

    return make_room


def _newest(parcel: Parcel, key: str, seen: set[tuple[str, type, object]]) -> Parcel:
    stream = parcel.origin.stream
    wanted: set[int] = set()
    for index in range(len(parcel) - 1, -1, -1):
        message = parcel.messages[index]
        name = (stream, type(message), getattr(message, key, None))
        if name not in seen:
            seen.add(name)
            wanted.add(index)
    return parcel.keep(lambda index, _: index in wanted)
