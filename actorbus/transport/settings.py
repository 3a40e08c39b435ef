"""What a media driver of ours is told: safe by default, small enough for a laptop.

Where a default differs from Aeron's, it says so and why. Nothing comes from the environment unless asked
(`inherit_environment`): AERON_* variables can load any shared library into the driver (docs/security.md).

Immutable; `driver_settings()` is the whole mapping to Aeron's names (native/ab_driver.h).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self

from actorbus.errors import InvalidValue

__all__ = ["DriverSettings"]

MIB: Final = 1 << 20
MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
RING_TRAILER: Final = 768
BROADCAST_TRAILER: Final = 128

type Threading = Literal["shared", "shared_network", "dedicated"]
type DriverIdle = Literal["busy_spin", "yield", "backoff", "sleep"]

# Aeron's numbers of aeron_threading_mode_t.
_THREADING: Final[Mapping[str, int]] = {"dedicated": 0, "shared_network": 1, "shared": 2}
_IDLE: Final[Mapping[str, str]] = {"busy_spin": "spin", "yield": "yield", "backoff": "backoff", "sleep": "sleep-ns"}
_AGENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "shared": ("shared",),
    "shared_network": ("conductor", "sharednetwork"),
    "dedicated": ("conductor", "sender", "receiver"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """Settings of a media driver. Lengths are bytes, times nanoseconds."""

    threading: Threading = "shared"
    """One thread (Aeron: three, which on two cores fight each other, trap P29)."""
    idle: DriverIdle = "backoff"
    """What its threads do without work."""
    idle_spins: int = 10
    idle_yields: int = 20
    idle_park_min_ns: int = 1_000
    idle_park_max_ns: int = 10 * MS
    """Longest park of backoff, every park of sleep. 10 ms costs 0.8 % of a core idle (Aeron's 1 ms: 3.1 %)."""

    ipc_term_length: int = MIB
    """Of channels that do not say (Aeron: 64 MiB, three of which make 192 MiB a stream)."""
    term_length: int = MIB
    """The same for UDP (Aeron: 16 MiB)."""
    mtu: int | None = None
    """UDP packets; None: Aeron's 1,408."""
    ipc_mtu: int | None = None
    """IPC fragments; None: Aeron's 1,408."""
    sparse: bool = False
    """Whether log files take memory only when touched (Aeron: yes; then a full /dev/shm is a SIGBUS, trap P14)."""
    session_limit: int = 64
    """Publications one subscription accepts (Aeron: 2^31 - 1: a flood of setups fills /dev/shm)."""

    counters_length: int = MIB
    """Counter values; their labels take four times as much (Aeron: 8 MiB and 32 MiB)."""
    command_length: int = MIB
    """Each of the two command buffers, without their trailers."""
    receive_buffer: int | None = None
    """SO_RCVBUF; None: Aeron's 128 KiB."""
    send_buffer: int | None = None
    """SO_SNDBUF; None: the operating system's."""
    receive_window: int | None = None
    """Initial window of UDP receivers; None: Aeron's 128 KiB."""

    client_liveness_ns: int = 10 * SECOND
    """A client without a sign for so long is dead: its resources go."""
    driver_timeout_ns: int = 10 * SECOND
    """A driver without a sign for so long is dead."""
    timer_interval_ns: int = 1 * SECOND
    """How often the driver beats and checks timeouts."""
    unblock_ns: int = 15 * SECOND
    """A publisher that died inside a claim is stepped over after this; more than client_liveness_ns."""
    linger_ns: int | None = None
    """How long a closed publication stays for those who still read; None: Aeron's 5 s."""
    image_liveness_ns: int | None = None
    """None: Aeron's 10 s."""

    cpus: Mapping[str, int] = field(default_factory=dict[str, int])
    """Pins: agent (conductor, sender, receiver) to CPU. A shared driver is its conductor."""
    inherit_environment: bool = False
    """Whether AERON_* variables of this process count."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """AERON_* variables for a driver process of ours (mode process), such as loss generators for tests."""

    def __post_init__(self) -> None:
        """Check what Aeron would refuse late or not at all.

        Raises:
            InvalidValue: names the field, its value and the bound.
        """
        _one_of("threading", self.threading, _THREADING)
        _one_of("idle", self.idle, _IDLE)
        for name in ("ipc_term_length", "term_length"):
            value: int = getattr(self, name)
            if value & (value - 1) or not 64 << 10 <= value <= 1 << 30:
                raise InvalidValue(f"{name} {value} is not a power of two from 65536 to 1073741824")
        for name in ("mtu", "ipc_mtu"):
            length: int | None = getattr(self, name)
            if length is not None and (length % 32 or not 64 <= length <= 65_504):
                raise InvalidValue(f"{name} {length} is not a multiple of 32 from 64 to 65504")
        if self.command_length & (self.command_length - 1) or self.command_length < 64 << 10:
            raise InvalidValue(f"command_length {self.command_length} is not a power of two of at least 65536")
        if not 1 <= self.session_limit < 1 << 31:
            raise InvalidValue(f"session_limit {self.session_limit} is not at least 1")
        if not self.timer_interval_ns < self.client_liveness_ns < self.unblock_ns:
            raise InvalidValue(
                f"timer_interval_ns {self.timer_interval_ns} < client_liveness_ns {self.client_liveness_ns} < "
                f"unblock_ns {self.unblock_ns} does not hold"
            )
        for agent in self.cpus:
            _one_of("cpus", agent, {"conductor": 0, "sender": 0, "receiver": 0})
        for name in self.environment:
            if not name.startswith("AERON_"):
                raise InvalidValue(f"environment {name!r} does not begin with AERON_")

    @classmethod
    def laptop(cls) -> Self:
        """Return the defaults: one thread that sleeps when idle, small buffers."""
        return cls()

    @classmethod
    def low_latency(cls) -> Self:
        """Return settings for machines with cores to spare: three spinning threads, long terms."""
        return cls(
            threading="dedicated",
            idle="busy_spin",
            ipc_term_length=16 * MIB,
            term_length=16 * MIB,
            counters_length=4 * MIB,
            receive_buffer=2 * MIB,
            receive_window=2 * MIB,
        )

    @classmethod
    def ci(cls) -> Self:
        """Return settings that notice the dead soon: for tests and supervised drivers (trap P2, profile `fast`)."""
        return cls(
            idle_park_max_ns=MS,
            timer_interval_ns=100 * MS,
            client_liveness_ns=2 * SECOND,
            driver_timeout_ns=2 * SECOND,
            unblock_ns=3 * SECOND,
            linger_ns=200 * MS,
        )

    def with_(self, **changes: object) -> Self:
        """Return a copy with these fields changed, checked again."""
        return replace(self, **changes)

    def driver_settings(self) -> Iterator[tuple[str, int | str | bool]]:
        """Yield (Aeron's name, value) of everything a driver is told; what is None stays Aeron's."""
        yield "print_configuration", False
        yield "dir_warn_if_exists", False
        yield "threading_mode", _THREADING[self.threading]
        arguments = {
            "backoff": f"{self.idle_spins}-{self.idle_yields}-{self.idle_park_min_ns}-{self.idle_park_max_ns}",
            "sleep": f"{self.idle_park_max_ns}",
        }.get(self.idle)
        for agent in _AGENTS[self.threading]:
            if arguments is not None:  # before the strategy: Aeron reads them when it is set
                yield f"{agent}_idle_strategy_init_args", arguments
            yield f"{agent}_idle_strategy", _IDLE[self.idle]
        yield "term_buffer_sparse_file", self.sparse
        yield "ipc_term_buffer_length", self.ipc_term_length
        yield "term_buffer_length", self.term_length
        yield "stream_session_limit", self.session_limit
        yield "counters_buffer_length", self.counters_length
        yield "to_conductor_buffer_length", self.command_length + RING_TRAILER
        yield "to_clients_buffer_length", self.command_length + BROADCAST_TRAILER
        yield "client_liveness_timeout_ns", self.client_liveness_ns
        yield "publication_unblock_timeout_ns", self.unblock_ns
        yield "timer_interval_ns", self.timer_interval_ns
        yield "driver_timeout_ms", self.driver_timeout_ns // MS
        optional: Mapping[str, int | None] = {
            "mtu_length": self.mtu,
            "ipc_mtu_length": self.ipc_mtu,
            "socket_so_rcvbuf": self.receive_buffer,
            "socket_so_sndbuf": self.send_buffer,
            "rcv_initial_window_length": self.receive_window,
            "publication_linger_timeout_ns": self.linger_ns,
            "image_liveness_timeout_ns": self.image_liveness_ns,
        }
        for name, value in optional.items():
            if value is not None:
                yield name, value
        for agent, cpu in self.cpus.items():
            yield f"{agent}_cpu_affinity", cpu


def _one_of(name: str, value: str, known: Mapping[str, object]) -> None:
    if value not in known:
        raise InvalidValue(f"{name} {value!r} is not one of {', '.join(known)}")
