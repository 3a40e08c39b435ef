"""A port that is fed by hand, for tests of the dispatcher without a driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from actorbus.dispatch.meta import Record
from actorbus.dispatch.parcel import RECORD


class FakePort:
    """Batches and notices are queued by the test; `poll` hands them out like the native port."""

    def __init__(self) -> None:
        self.waiting: list[object] = []
        self.current: list[tuple[bytes, Record]] = []
        self.pending: list[tuple[int, int, int, int, int, int]] = []
        self.rejected: list[tuple[int, int, str]] = []
        self.counts: dict[int, int] = {}
        self.kept: list[tuple[object, ...]] = []
        self.sequence = 0

    def feed(self, *bodies: bytes, type_ids: tuple[int, ...] | None = None, session: int = 7) -> None:
        batch = []
        for place, body in enumerate(bodies):
            type_id = type_ids[place] if type_ids else 1001
            self.sequence += 1
            batch.append((body, (session, 64 * self.sequence, 0, self.sequence - 1, 99, 1_000, 2_000, type_id, 1)))
        self.waiting.append(batch)

    def notice(self, *notices: tuple[int, int, int, int, int, int]) -> None:
        self.waiting.append(tuple(notices))

    def poll(self) -> int:
        if not self.waiting:
            return 0
        entry = self.waiting.pop(0)
        if isinstance(entry, tuple):
            self.pending = list(entry)
            return -1
        assert isinstance(entry, list)
        self.current = entry
        for _, record in self.current:
            self.counts[record[7]] = self.counts.get(record[7], 0) + 1
        return len(self.current)

    def bodies(self) -> list[bytes]:
        return [body for body, _ in self.current]

    def recorded(self, place: int, /) -> tuple[int, int] | None:
        return None

    def service(self) -> None:
        pass

    def record(self, place: int, /) -> Record:
        return self.current[place][1]

    def reject(self, place: int, reason: int, error: str, /) -> None:
        self.rejected.append((place, reason, error))

    def put(self, *entry: object) -> None:
        self.kept.append(entry)

    def packed(self) -> bytes:
        return self.copy()[1]

    def copy(self) -> tuple[bytes, bytes]:
        data, records = b"", b""
        for body, (session, position, index, sequence, publisher, published, time_ns, type_id, version) in self.current:
            end = (len(data), len(body), time_ns)
            records += RECORD.pack(session, index, position, sequence, published, publisher, type_id, version, *end)
            data += body
        return data, records

    def notices(self) -> list[tuple[int, int, int, int, int, int]]:
        taken, self.pending = self.pending, []
        return taken

    def session_position(self, session: int, /) -> int:
        return max((record[1] for _, record in self.current), default=0)

    @property
    def type_counts(self) -> list[tuple[int, int]]:
        return list(self.counts.items())


class FakeDecoding:
    """msgpack bodies, decoded as a list or one by one."""

    reader: Callable[[Any], Any] | None = None
    again: Callable[[], list[object]] | None = None

    def __init__(self, *types: type) -> None:
        union: object = types[0]
        for other in types[1:]:
            union = union | other  # type: ignore[operator]
        self.reader = self.again = None
        self._one = msgspec.msgpack.Decoder(union)
        self._many = msgspec.msgpack.Decoder(list[union])  # type: ignore[valid-type]

    def batch(self, port: FakePort) -> list[object]:
        bodies = port.bodies()
        head = b"\xdd" + len(bodies).to_bytes(4, "big")
        return self._many.decode(head + b"".join(bodies))

    def one(self, body: bytes) -> object:
        return self._one.decode(body)


class FakeLatency:
    def __init__(self) -> None:
        self.values: list[int] = []

    def record(self, value_ns: int, /) -> None:
        self.values.append(value_ns)
