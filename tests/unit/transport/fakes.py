"""Stand-ins for native handles: they say in which order they were closed, and fail when told to."""

from __future__ import annotations

from actorbus.errors import ActorBusError, ClosedError
from actorbus.ffi import PublicationInfo


class FakeHandle:
    """A native handle: closes once, tells when."""

    def __init__(self, name: str, log: list[str], *, fails: ActorBusError | None = None) -> None:
        self.handle = 1
        self.where = name
        self.name = name
        self.log = log
        self.fails = fails
        self.is_closed = False

    def close(self, deadline_ns: int) -> None:
        if self.is_closed:
            return
        self.log.append(self.name)
        if self.fails is not None:
            raise self.fails
        self.is_closed = True


class FakeClientHandle(FakeHandle):
    """A native client."""

    id = 4
    is_lost = False

    def drain(self) -> None:
        self.log.append("drain")

    def take_errors(self) -> list[tuple[int, str]]:
        return [(1000, "driver timeout")]


class FakePublicationHandle(FakeHandle):
    """A native publication whose connection and window follow a script: each look takes the next value."""

    def __init__(self, name: str, log: list[str], *, connected: tuple[bool, ...] = (True,)) -> None:
        super().__init__(name, log)
        self.script = list(connected)
        self.position = 96
        self.limits = [96]
        self.last_error = lambda: "no space"

    @property
    def is_connected(self) -> bool:
        if self.is_closed:
            raise ClosedError("the publication is closed")
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    @property
    def position_limit(self) -> int:
        return self.limits.pop(0) if len(self.limits) > 1 else self.limits[0]

    def info(self) -> PublicationInfo:
        return PublicationInfo(1, 1 << 47, 1 << 16, 8192, 1376, 1001, 7, 0, 3, 4)

    def state(self) -> tuple[int, int]:
        return 5, 8160


class FakeClient:
    """What a publication or subscription needs of its client."""

    def __init__(self) -> None:
        self.is_lost = False
        self.forgotten: list[object] = []

    def forget(self, child: object) -> None:
        self.forgotten.append(child)
