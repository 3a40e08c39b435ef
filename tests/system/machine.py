"""Open, close, offer, poll, wait and fork in any order, with closes that race with who is inside: nothing crashes.

    python -m tests.system.machine EXAMPLES STEPS memory|driver [NATIVE]

The machine runs over the in-process transport (the same native handles, frames, batches and closes as with Aeron, in
memory that a sanitizer sees to the byte), or over a real media driver. NATIVE names another build of the native
module: `asan_build()` makes one under AddressSanitizer, and `under_asan()` runs the machine on it, with libasan loaded
first and leak detection off (CPython leaves blocks at its end).

Model: a handle is open or closed. What an open publication accepts, every subscription opened before gets in order, as
long as both are open; a closed handle answers AB_STALE or ClosedError, always, and never dies.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import actorbus  # noqa: F401 - before its native module is replaced

# Another build of the native module, before anything of ours asks for one.
if not TYPE_CHECKING and __name__ == "__main__" and len(sys.argv) == 5:
    _spec = importlib.util.spec_from_file_location("actorbus._native", sys.argv[4])
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["actorbus._native"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["actorbus._native"])

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from actorbus.errors import ActorBusError, ClosedError
from actorbus.ffi import Event, Idle, PollSet
from actorbus.ffi.native import lib
from actorbus.transport import Client, DriverSettings, EmbeddedDriver, LocalDriver
from actorbus.transport.local import connect
from tests.system.processes import ROOT, SHM, environment, wait_for

ENDS_MAX = 4
WAIT_NS = 2_000_000
REFUSED = {lib.AB_NOT_CONNECTED, lib.AB_BACK_PRESSURED, lib.AB_ADMIN_ACTION}
CHANNEL = "aeron:ipc?term-length=64k"

place: dict[str, Any] = {"checked": 0, "alone": False}
"""The driver of this run; whether this process has no threads but its own."""
CHILD_S = 60


class Out:
    """A publication and what it accepted."""

    def __init__(self, client: Client, publisher: int) -> None:
        self.end = client.add_publication(CHANNEL, 7, frame=True, format=0, publisher=publisher, types=[(1, 1)])
        self.port = self.end.make_port(None, lambda _message, _body, code: code)
        self.publisher = publisher
        self.accepted = 0
        self.open = True


class In:
    """A subscription and what it gave."""

    def __init__(self, client: Client) -> None:
        self.end = client.add_subscription(CHANNEL, 7, frame=True, format=0, types=[(1, 1, True)])
        self.port = self.end.port
        self.next: dict[int, int] = {}
        self.open = True


class Machine(RuleBasedStateMachine):
    """The rules."""

    def __init__(self) -> None:
        super().__init__()
        self.client: Client = place["connect"]()
        self.outs: list[Out] = []
        self.ins: list[In] = []
        self.views: list[memoryview] = []
        self.forked = False
        self.publishers = 0

    def teardown(self) -> None:
        for view in self.views:
            view.release()
        self.client.close()

    def out(self, number: int) -> Out:
        return self.outs[number % len(self.outs)]

    def into(self, number: int) -> In:
        return self.ins[number % len(self.ins)]

    # -- rules -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: sum(out.open for out in self.outs) < ENDS_MAX)
    @rule()
    def open_publication(self) -> None:
        self.publishers += 1
        self.outs.append(Out(self.client, self.publishers))

    @precondition(lambda self: sum(into.open for into in self.ins) < ENDS_MAX)
    @rule()
    def open_subscription(self) -> None:
        self.ins.append(In(self.client))

    @precondition(lambda self: self.outs)
    @rule(number=st.integers(0, 20), size=st.sampled_from([0, 1, 31, 500, 2000, 8000]), count=st.integers(1, 30))
    def offer(self, number: int, size: int, count: int) -> None:
        out = self.out(number)
        for _ in range(count):
            answer = out.port.offer(bytes([out.accepted % 251]) * size)
            if not out.open:
                assert answer == lib.AB_STALE, answer
                return
            if answer < 0:
                assert answer in REFUSED, answer
                return
            assert answer == out.accepted, f"sequence {answer}, expected {out.accepted}"
            out.accepted += 1

    @precondition(lambda self: self.outs)
    @rule(number=st.integers(0, 20), kind=st.integers(1, 3))
    def control(self, number: int, kind: int) -> None:
        out = self.out(number)
        answer = out.port.control(kind)
        assert answer == lib.AB_STALE if not out.open else answer in {*REFUSED, lib.AB_OK}, answer

    @precondition(lambda self: self.ins)
    @rule(number=st.integers(0, 20), passes=st.integers(1, 8), hold=st.booleans())
    def poll(self, number: int, passes: int, hold: bool) -> None:
        for turn in range(passes):
            self.take(self.into(number), hold=hold and turn == passes - 1)

    @precondition(lambda self: self.outs and self.ins)
    @rule(number=st.integers(0, 20), count=st.integers(1, 50))
    def cross(self, number: int, count: int) -> None:
        """Offer and poll, so that most examples have messages on their way."""
        self.offer(number, 31, count)
        for into in self.ins:
            for _ in range(4):
                self.take(into)

    def take(self, into: In, *, hold: bool = False) -> None:
        """Poll once and hold what comes against the model."""
        try:
            count = into.port.poll()
        except BufferError:
            assert self.views
            return
        if not into.open:
            assert count == lib.AB_STALE, count
            return
        assert count >= lib.AB_POLL_NOTICES, count
        if count == lib.AB_POLL_NOTICES:
            into.port.notices()
        elif count > 0:
            bodies, records = into.port.bodies(), into.port.records()
            assert len(bodies) == len(records) == count
            for body, (_, _, _, sequence, publisher, *_) in zip(bodies, records, strict=True):
                due = into.next.get(publisher, sequence)
                assert sequence == due, f"publisher {publisher}: {sequence}, expected {due}"
                into.next[publisher] = sequence + 1
                place["checked"] += 1
                assert body == body[:1] * len(body)
                assert not body or body[0] == sequence % 251
            if hold and len(self.views) < 3:
                self.views.append(memoryview(into.port))

    @precondition(lambda self: self.views)
    @rule()
    def let_go(self) -> None:
        view = self.views.pop()
        assert len(bytes(view)) == len(view)  # readable to the last byte, whatever was closed meanwhile
        view.release()

    @precondition(lambda self: self.outs)
    @rule(number=st.integers(0, 20))
    def close_publication(self, number: int) -> None:
        out = self.out(number)
        out.end.close()
        out.open = False

    @precondition(lambda self: self.ins)
    @rule(number=st.integers(0, 20))
    def close_subscription(self, number: int) -> None:
        into = self.into(number)
        into.end.close()
        into.open = False

    @precondition(lambda self: self.ins)
    @rule(number=st.integers(0, 20))
    def close_while_it_waits(self, number: int) -> None:
        """A poller's thread is inside the native wait, without the GIL, when its subscription is closed."""
        into = self.into(number)
        if not into.open or self.views:
            return
        event, inside = Event(), threading.Event()
        waiting = PollSet()
        waiting.add(into.end)
        waiter = waiting.waiter(event, Idle("yield"))

        def poller() -> None:
            inside.set()
            with contextlib.suppress(ActorBusError):
                waiter.wait(event.value, time.monotonic_ns() + WAIT_NS)

        thread = threading.Thread(target=poller)
        thread.start()
        inside.wait()
        into.end.close()
        into.open = False
        thread.join(10)
        assert not thread.is_alive()
        waiting.close()

    @precondition(lambda self: self.outs)
    @rule(number=st.integers(0, 20))
    def close_while_it_offers(self, number: int) -> None:
        out = self.out(number)
        if not out.open:
            return
        started = threading.Event()

        def offers() -> None:
            started.set()
            for _ in range(20_000):
                answer = out.port.offer(bytes([out.accepted % 251]))
                if answer == lib.AB_STALE:
                    return
                out.accepted += answer >= 0

        thread = threading.Thread(target=offers)
        thread.start()
        started.wait()
        out.end.close()
        out.open = False
        thread.join(10)
        assert not thread.is_alive()

    @precondition(lambda self: len(self.outs) + len(self.ins) > 5)
    @rule()
    def close_client(self) -> None:
        self.client.close()
        for end in (*self.outs, *self.ins):
            end.open = False
        try:
            self.client.add_subscription(CHANNEL, 7, frame=True, format=0, types=[(1, 1, True)])
        except ClosedError:
            self.client = place["connect"]()
        else:
            raise AssertionError("a closed client opened a subscription")

    @precondition(lambda self: not self.forked)
    @rule()
    def fork(self) -> None:
        """In the child every handle is dead; the parent's go on."""
        self.forked = True
        if place["alone"]:  # a thread that was joined may still be on its way out, inside the sanitizer's allocator:
            wait_for(lambda: len([*Path("/proc/self/task").iterdir()]) == 1, 10, "the end of joined threads")
        child = os.fork()
        if child == 0:
            os._exit(self.in_child())
        watched = os.pidfd_open(child)
        hangs = not select.select([watched], [], [], CHILD_S)[0]
        os.close(watched)
        if hangs:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert not hangs, f"the child did not end within {CHILD_S} s"
        assert status == 0, f"the child ended with {os.waitstatus_to_exitcode(status)}"

    def in_child(self) -> int:
        """Return 0 when everything is stale."""
        try:
            for out in self.outs:
                if out.port.offer(b"x") != lib.AB_STALE or out.port.control(2) != lib.AB_STALE:
                    return 1
            for into in self.ins:
                if not self.views and into.port.poll() != lib.AB_STALE:
                    return 2
                into.end.close()
            self.client.close()
        except ClosedError:
            return 0
        except BaseException:  # noqa: BLE001 - the parent sees the number
            return 3
        return 0


def run(examples: int, steps: int, where: str) -> str:
    """Run the machine in this process; returns the figure."""
    warnings.simplefilter("ignore", DeprecationWarning)  # CPython's, about forks with threads: that is the test
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    with contextlib.ExitStack() as stack:
        place["alone"] = where == "memory" and Path("/proc/self/task").is_dir()
        if where == "memory":
            bus = stack.enter_context(LocalDriver())
            place["connect"] = lambda: connect(bus, "machine")
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="actorbus-test-", dir=SHM)))
            driver = stack.enter_context(EmbeddedDriver(folder / "driver", DriverSettings.ci()))
            place["connect"] = lambda: Client.connect(driver.directory, conductor_idle_ns=500_000)
        run_state_machine_as_test(Machine, settings=chosen)
    return f"{examples} examples of {steps} steps over {where}, {place['checked']} messages in order"


def own_process(examples: int, steps: int, where: str, *native: str, **more: str) -> str:
    """Run the machine in a process of its own, which may die; returns the figure."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.system.machine", str(examples), str(steps), where, *native],
        env={**environment(), **more},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {(done.stdout + done.stderr)[-4000:]}"
    return done.stdout.strip().splitlines()[-1]


def asan_library() -> str | None:
    """Return the run-time library of AddressSanitizer that goes with the compiler, or None."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    found = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return str(Path(found).resolve()) if Path(found).is_absolute() else None


def asan_build(folder: Path) -> Path:
    """Build the native module under AddressSanitizer and UBSan, beside the real one; returns its path."""
    script = (
        "import sys; sys.path.insert(0, 'native'); import build_native as b; m = b.make_builder(None); "
        "kwds = m._assigned_source[3]; kwds['extra_compile_args'] = [*kwds['extra_compile_args'], '-O1', '-g', "
        "'-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']; "
        "kwds['extra_link_args'] = [*kwds['extra_link_args'], '-fsanitize=address,undefined']; "
        f"print(m.compile(tmpdir={str(folder)!r}, target='_native.abi3.so'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Path(done.stdout.strip().splitlines()[-1])


def under_asan(examples: int, steps: int, where: str = "memory") -> str:
    """Run the machine on an ASan build of the native module; returns the figure."""
    library = asan_library()
    assert library is not None, "the compiler has no libasan"
    with tempfile.TemporaryDirectory(prefix="actorbus-asan-") as folder:
        native = asan_build(Path(folder))
        figure = own_process(
            examples,
            steps,
            where,
            str(native),
            LD_PRELOAD=library,
            ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:handle_segv=1",
            PYTHONMALLOC="malloc",
        )
    return f"{figure} under ASan"


if __name__ == "__main__":
    print(run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
