"""Rules of this machine: what the driver, the CPUs and the shared memory here can do."""

from __future__ import annotations

import os
import time
from pathlib import Path

from actorbus.errors import DirectoryRefused, EnvironmentFault
from actorbus.topology.facts import Facts
from actorbus.topology.memory import Budget, BudgetLine, driver_bytes, free_bytes, log_bytes
from actorbus.units import size_bytes

__all__ = ["aeron_default_directory", "check_machine"]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Aeron puts its files on Linux


def check_machine(facts: Facts) -> None:
    """Run every rule of this file."""
    _cpus(facts)
    _driver(facts)
    _memory(facts)


def aeron_default_directory() -> Path:
    """Return where an Aeron driver of this user runs when nobody says otherwise."""
    import getpass

    return SHARED_MEMORY / f"aeron-{getpass.getuser()}"


def _cpus(facts: Facts) -> None:
    count = os.cpu_count() or 1
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(count))
    pinned: dict[int, str] = {}
    for name, poller in facts.topology.pollers.items():
        path = ("pollers", name, "cpu")
        if poller.cpu is None:
            continue
        if poller.cpu >= count:
            hint = f"choose one from 0 to {count - 1}, or null"
            facts.report.add(
                "AB1701", f"this machine has {count} CPUs, there is no CPU {poller.cpu}", path=path, hint=hint
            )
        elif poller.cpu not in allowed:
            shown = ", ".join(map(str, sorted(allowed)))
            facts.report.add(
                "AB1701",
                f"this process may not run on CPU {poller.cpu}",
                path=path,
                hint=f"choose one of {shown}, or null",
            )
        elif (other := pinned.setdefault(poller.cpu, name)) != name:
            hint = "pin them to different CPUs, or put their streams into one poller"
            facts.report.add("AB1903", f"CPU {poller.cpu} is also that of poller {other!r}", path=path, hint=hint)


def _driver(facts: Facts) -> None:
    driver = facts.topology.driver
    if driver.mode == "none":
        for key, value in (("directory", driver.directory), ("threading", driver.threading)):
            if value is not None:
                facts.report.add(
                    "AB1213",
                    f"{key} is a media driver's, and mode none has none",
                    path=("driver", key),
                    key=True,
                    hint="remove it, or choose mode embedded, process or external",
                )
    if driver.mode == "external" and driver.threading is not None:
        facts.report.add(
            "AB1213",
            "threading is the external driver's own business",
            path=("driver", "threading"),
            key=True,
            hint="remove it; `actorbus driver --threading` sets it",
        )
    if driver.directory is None or driver.mode not in ("embedded", "process"):
        return
    refused = _refusal(Path(driver.directory))
    if refused is not None:
        message = f"{refused.what}: {refused.why}" if refused.why else refused.what
        facts.report.add("AB1703", message, path=("driver", "directory"), hint=refused.hint)


def _refusal(directory: Path) -> DirectoryRefused | None:
    """Return why a driver must never have that directory, or None.

    What may change before a start (another driver at work there, permissions) is left to the start.
    """
    from actorbus.transport.cnc import read_cnc
    from actorbus.transport.directory import inspect

    try:
        cnc = read_cnc(directory) if directory.is_dir() else None
        if cnc is None or cnc.problem is not None or not cnc.is_active(time.time_ns() // 1_000_000):
            _ = inspect(directory)
    except DirectoryRefused as error:
        return error
    except (OSError, EnvironmentFault):
        return None
    return None


def _memory(facts: Facts) -> None:
    driver = facts.topology.driver
    if driver.mode == "none":
        facts.budget = Budget((), "this process's own memory", None)
        return
    handled = {stream for streams in facts.streams_of.values() for stream in streams}
    lines: list[BudgetLine] = []
    for name, channel in facts.channels.items():
        size = log_bytes(channel.term_length)
        lines.append(BudgetLine(f"stream {name}: publication", size))
        if name in handled and not channel.channel.is_ipc:
            lines.append(BudgetLine(f"stream {name}: image", size))
    if driver.mode != "external":
        own = driver_bytes(size_bytes(facts.profile.driver.counters_length))
        lines.append(BudgetLine(f"driver ({driver.mode})", own))
    directory = Path(driver.directory) if driver.directory else SHARED_MEMORY
    budget = Budget(tuple(lines), str(directory), free_bytes(directory))
    facts.budget = budget
    if budget.free is not None and budget.total > budget.free:
        mebibytes = 1024 * 1024
        largest = max(facts.channels, key=lambda name: facts.channels[name].term_length, default=None)
        facts.report.add(
            "AB1702",
            f"the logs need {budget.total / mebibytes:,.1f} MiB in {directory}, "
            f"{budget.free / mebibytes:,.1f} MiB are free",
            path=("streams", largest, "channel") if largest is not None else ("streams",),
            hint=f"give shorter terms (term-length=1m), free some, or start the container with "
            f"--shm-size={-(-budget.total // mebibytes) + 16}m",
        )
