"""Faults at the edges: processes that die, forks, a full /dev/shm, no descriptors, broken files, taken ports.

python -m tests.system.edges fork COUNT        forks under load; in a process of its own, as forks leave marks
python -m tests.system.edges descriptors       runs with `ulimit -n 64`
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Self

import actorbus as ab
from actorbus.errors import ActorBusError, EnvironmentFault, OutOfMemory
from actorbus.transport import Client, DriverSettings, EmbeddedDriver, Publication
from tests.support.leaks import left_since, snapshot
from tests.support.pacing import pace
from tests.system.hostile_frames import small_tmpfs, used
from tests.system.processes import SHM, environment, free_port, wait_for
from tests.system.refusals import listener, run_refused

RAW: dict[str, object] = {"codec": {"format": "raw"}}
MODULE = "tests.system.edges"


class Counts(ab.Handler):
    """Counts what comes, in order, and what does not."""

    def __init__(self) -> None:
        self.seen = 0
        self.wrong = 0
        counting.append(self)

    @ab.on(bytes)
    def take(self, body: bytes) -> None:
        self.wrong += int.from_bytes(body, "little") != self.seen
        self.seen += 1


counting: list[Counts] = []

VICTIM = """
import sys, threading
import actorbus as ab
node = ab.Node.from_dict({"version": 1, "name": "victim", "driver": {"mode": "external", "directory": sys.argv[1]},
    "streams": {"s": {"stream_id": 1, "channel": "aeron:ipc?term-length=64k", "codec": {"format": "raw"}},
                "own": {"stream_id": 2, "codec": {"format": "raw"}}}})
node.open()
node.publisher("own")
subscription = node.subscribe("s", bytes)
for _ in subscription:
    print("reading", flush=True)
    break
threading.Event().wait()
"""


class Load:
    """Publishes numbers from a thread as fast as it may, and remembers the longest time one took."""

    def __init__(self, node: ab.Node, stream: str) -> None:
        self.publisher = node.publisher(stream)
        self.sent = 0
        self.error: BaseException | None = None
        self.last_ns = time.monotonic_ns()
        self.longest_ns = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.publisher.publish(self.sent.to_bytes(8, "little"))
                self.sent += 1
                now = time.monotonic_ns()
                self.longest_ns, self.last_ns = max(self.longest_ns, now - self.last_ns), now
                if self.sent % 64 == 0:
                    self._stop.wait(0.001)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def rate(self, seconds: float) -> float:
        """Return messages a second over a while."""
        before = self.sent
        threading.Event().wait(seconds)
        return (self.sent - before) / seconds


def reader_node(directory: Path) -> dict[str, object]:
    return {
        "version": 1,
        "name": "publisher",
        "driver": {"mode": "external", "directory": str(directory)},
        "streams": {
            "s": {
                "stream_id": 1,
                "channel": "aeron:ipc?term-length=64k",
                "back_pressure": {"policy": "block", "timeout": "60s"},
                **RAW,
            }
        },
        "handlers": {"h": {"stream": "s", "class": f"{MODULE}:Counts"}},
    }


def killed_subscribers(times: int, liveness_s: float) -> str:
    """Kill a subscriber that nobody waits for; publishers regain their rate and shared memory its size in time.

    The driver looks at its timer: at the stock interval of 1 s the memory comes back up to 2 s after the liveness, one
    look for the client and one for the end of its publications' linger; so it looks five times a second here.
    """
    stock = DriverSettings(linger_ns=200_000_000, timer_interval_ns=200_000_000)
    settings = DriverSettings.ci() if liveness_s == 2 else stock
    assert settings.client_liveness_ns == int(liveness_s * 1e9)
    bound_s = liveness_s + 1
    worst = slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="actorbus-test-", dir=SHM) as place:
        directory = Path(place) / "driver"
        with (
            EmbeddedDriver(directory, settings),
            ab.Node.from_dict(reader_node(directory)) as node,
            Load(node, "s") as load,
        ):
            usual = load.rate(0.5)
            for _ in range(times):
                before = used(directory)
                victim = subprocess.Popen(
                    [sys.executable, "-c", VICTIM, str(directory)], env=environment(), stdout=subprocess.PIPE, text=True
                )
                try:
                    assert victim.stdout is not None
                    assert victim.stdout.readline() == "reading\n", f"the victim ended with {victim.poll()}"
                finally:
                    victim.kill()
                    victim.communicate()
                killed = time.monotonic()
                load.longest_ns = 0
                wait_for(lambda: used(directory) <= before, bound_s + 5, "shared memory at its size")  # noqa: B023
                slowest = max(slowest, time.monotonic() - killed)
                wait_for(lambda: time.monotonic_ns() - load.last_ns < 50_000_000, bound_s + 5, "a publish")
                left_s = max(0.2, killed + bound_s - time.monotonic())
                wait_for(lambda: load.rate(0.1) > usual / 4, left_s, f"a quarter of {usual:.0f} messages a second")
                worst = max(worst, load.longest_ns / 1e9)
                assert load.error is None, load.error
            assert worst <= bound_s, f"a publisher stood for {worst:.2f} s"
            assert slowest <= bound_s, f"shared memory came back after {slowest:.2f} s"
    return (
        f"{times} subscribers killed, liveness {liveness_s:g} s: "
        f"publishers stood {worst:.2f} s, memory back in {slowest:.2f} s"
    )


# -- fork --------------------------------------------------------------------------------------------------------------


def _in_child(node: ab.Node, subscription: object, publisher: object) -> int:
    """Try everything a child should not; 0 when each was a typed error and closing did nothing, quickly."""
    began = time.monotonic()
    tries = {
        "publish": lambda: publisher.publish(b"from the child"),  # type: ignore[attr-defined]
        "publisher": lambda: node.publisher("s"),
        "subscribe": lambda: node.subscribe("s", bytes),
        "iterate": lambda: next(iter(subscription)),  # type: ignore[call-overload]
        "stats": node.stats,
    }
    for name, attempt in tries.items():
        try:
            attempt()
        except ActorBusError:
            continue
        print(f"the child could {name}", file=sys.stderr)
        return 1
    offered = publisher.offer(b"from the child")  # type: ignore[attr-defined]
    if offered is ab.OfferResult.ACCEPTED:
        print("the child could offer", file=sys.stderr)
        return 1
    subscription.close()  # type: ignore[attr-defined]
    node.close()
    if time.monotonic() - began > 1:
        print(f"the child took {time.monotonic() - began:.1f} s", file=sys.stderr)
        return 1
    return 0


def run_forks(count: int) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # CPython's: this process has threads. That is the test.
    node = ab.Node.from_dict({**reader_node(Path("/unused")), "driver": {"mode": "embedded"}})
    with node, node.subscribe("s", bytes) as subscription, Load(node, "s") as load:
        drain = threading.Thread(target=lambda: [None for _ in subscription], daemon=True)
        drain.start()
        wait_for(lambda: load.sent > 100, 10, "load")
        for number in range(count):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    code = _in_child(node, subscription, load.publisher)
                except BaseException:  # noqa: BLE001 - the parent sees the code
                    traceback.print_exc()
                if number % 10:
                    os._exit(code)
                sys.exit(code)  # the long way: exit handlers of the child must not touch the parent's
            deadline = time.monotonic() + 20
            done, status = 0, 0
            while not done:
                assert time.monotonic() < deadline, "a child does not end"
                done, status = os.waitpid(child, os.WNOHANG)
                pace(0.002)
            assert status == 0, f"child {number} ended with {os.waitstatus_to_exitcode(status)}"
            before = load.sent
            wait_for(lambda: load.sent > before, 5, "a message after the fork")  # noqa: B023
        assert load.error is None, load.error
        subscription.close()
        drain.join(5)
    assert counting[0].wrong == 0, f"{counting[0].wrong} foreign or lost messages in the parent's stream"
    print(f"{count} forks under load, {counting[0].seen} messages in order")


def forks(count: int) -> str:
    """Fork under load in a process of its own; returns its figure."""
    return _own_process("fork", str(count), timeout_s=60 + count)


def _own_process(*arguments: str, timeout_s: float) -> str:
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-3000:]}"
    return done.stdout.strip().splitlines()[-1]


# -- a full /dev/shm ---------------------------------------------------------------------------------------------------


def full(times: int) -> str:
    """Fill the tmpfs of a driver with publications until one is refused; nothing is left, and it works again."""
    opened = 0
    with small_tmpfs("24m") as small:
        directory = small / "driver"
        with EmbeddedDriver(directory, DriverSettings.ci()), Client.connect(directory) as client:
            start = snapshot(directory)
            for _ in range(times):
                refused: ActorBusError | None = None
                publications: list[Publication] = []
                try:
                    for number in range(100):
                        publications.append(  # noqa: PERF401 - those before the refusal count
                            client.add_publication(
                                "aeron:ipc?term-length=1m",
                                10 + number,
                                frame=True,
                                format=0,
                                publisher=1,
                                types=[(1, 1)],
                            )
                        )
                except ActorBusError as error:
                    refused = error
                assert isinstance(refused, OutOfMemory), refused
                opened += len(publications)
                for publication in publications:
                    publication.close()
                wait_for(lambda: not list((directory / "publications").iterdir()), 10, "the files to go")
            left = left_since(start, shared_memory=directory)
            assert not left, left
    return f"{times} times full after {opened // times} publications: OutOfMemory, nothing left"


# -- descriptors -------------------------------------------------------------------------------------------------------


def run_descriptors() -> None:
    with tempfile.TemporaryDirectory(prefix="actorbus-test-", dir=SHM) as place, EmbeddedDriver(Path(place) / "driver"):
        pass  # the library keeps /dev/urandom open from its first driver on
    start = snapshot()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    refused: ActorBusError | None = None
    opened = 0
    with (
        tempfile.TemporaryDirectory(prefix="actorbus-test-", dir=SHM) as place,
        EmbeddedDriver(Path(place) / "driver", DriverSettings.ci()) as driver,
        Client.connect(driver.directory) as client,
    ):
        try:
            for _ in range(100):
                channel = "aeron:udp?endpoint=127.0.0.1:0"
                client.add_subscription(channel, 1, frame=True, format=0, types=[(1, 1, True)])
                opened += 1
        except ActorBusError as error:
            refused = error
    assert isinstance(refused, EnvironmentFault), refused
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    left = [line for line in left_since(start) if "actorbus-test-" not in line]
    assert not left, left
    print(f"ulimit -n 64: {type(refused).__name__} after {opened} subscriptions, nothing left")


def descriptors() -> str:
    """Run out of descriptors; and `run` of a topology that needs more than it may have."""
    figure = _own_process("descriptors", timeout_s=60)
    with free_ports(60) as port:
        took = run_refused(
            listener(port, 60),
            "error[AB",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        )
    return f"{figure}; run of 60 UDP streams: exit 3 in {took:.1f} s"


@contextlib.contextmanager
def free_ports(count: int) -> Generator[int]:
    """Yield the first of some ports in a row that were free a moment ago."""
    for _ in range(100):
        first = free_port()
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, OverflowError):
            for number in range(count):
                probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind(("127.0.0.1", first + number))
            stack.close()
            yield first
            return
    raise AssertionError(f"no {count} free ports in a row")


if __name__ == "__main__":
    import importlib

    module = importlib.import_module(MODULE)  # the module the topologies name, not __main__
    if sys.argv[1] == "fork":
        module.run_forks(int(sys.argv[2]))
    else:
        module.run_descriptors()
