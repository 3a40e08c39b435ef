"""`actorbus doctor`: looks at the machine and says what would go wrong, and what to do. Changes and starts nothing.

Each check is a function that returns a `Finding`; what it looks at comes in as arguments, so that tests can say what a
machine is like. Exit code 3 when something is broken; advice alone exits with 0.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import click

from actorbus.cli.colour import Style, is_wanted, paint
from actorbus.cli.columns import left_aligned, shown_bytes
from actorbus.cli.versions import own_version
from actorbus.errors import EXIT_DONE, EXIT_ENVIRONMENT_WRONG, ActorBusError
from actorbus.topology.memory import free_bytes
from actorbus.topology.rules_machine import aeron_default_directory

__all__ = ["Finding", "command", "findings"]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Aeron puts its files on Linux
SHARED_MEMORY_WANTED = 64 * 1024 * 1024
"""The demo needs 18 MiB; a container's default of 64 MiB is soon too little."""
FILES_WANTED = 1024
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
SOCKET_BUFFERS = {"net.core.rmem_max": "rmem_max", "net.core.wmem_max": "wmem_max"}
SOCKET_BUFFER_WANTED = 2 * 1024 * 1024
"""Aeron's own advice for UDP: a window of 2 MiB."""

type State = Literal["ok", "advice", "broken"]
_STYLES: dict[State, Style] = {"ok": "ok", "advice": "warning", "broken": "error"}


class Finding(NamedTuple):
    """What one check found."""

    state: State
    what: str
    found: str
    advice: str = ""


@click.command("doctor")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Text, or JSON.")
def command(form: str) -> int:
    """Look at this machine: cores, shared memory, the Aeron library, limits, CPU governor, drivers at work."""
    found = list(findings())
    if form == "json":
        print(json.dumps([finding._asdict() for finding in found], indent=2))
    else:
        colour = is_wanted(sys.stdout)
        rows = left_aligned([(finding.state, finding.what, finding.found) for finding in found]).splitlines()
        for finding, row in zip(found, rows, strict=True):
            print(paint(finding.state, _STYLES[finding.state], colour=colour) + row[len(finding.state) :])
            if finding.advice:
                print(f"        {finding.advice}")
    broken = any(finding.state == "broken" for finding in found)
    return EXIT_ENVIRONMENT_WRONG if broken else EXIT_DONE


def findings() -> Iterator[Finding]:
    """Run every check."""
    yield interpreter()
    yield aeron()
    yield cores(os.cpu_count() or 1, len(os.sched_getaffinity(0)))
    yield shared_memory(SHARED_MEMORY, free_bytes(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None)
    yield files(*resource.getrlimit(resource.RLIMIT_NOFILE))
    yield locked(resource.getrlimit(resource.RLIMIT_MEMLOCK)[0])
    yield governor(GOVERNOR)
    yield from socket_buffers(Path("/proc/sys/net/core"))
    yield driver(aeron_default_directory())


def interpreter() -> Finding:
    """Tell Python and the system."""
    text = f"{platform.python_implementation()} {platform.python_version()}, actorbus {own_version()}, "
    return Finding("ok", "Python", text + f"{platform.system()} {platform.release()} {platform.machine()}")


def aeron() -> Finding:
    """Load the Aeron library, as a node would."""
    try:
        from actorbus.ffi import load

        found = load()
    except (ActorBusError, ImportError) as error:
        return Finding("broken", "Aeron", "no library", str(error))
    if not found.has_driver:
        advice = "it cannot run a media driver: use `driver: {mode: external}`, or `pip install pyaeron==0.1.0`"
        return Finding("advice", "Aeron", f"{found.text}, client only", advice)
    return Finding("ok", "Aeron", f"{found.text}, client and media driver")


def cores(count: int, usable: int) -> Finding:
    """Look at the cores this process may use."""
    text = f"{usable} usable of {count}"
    if usable < 2:
        advice = "one core for driver and pollers: keep to profile laptop; spinning threads would starve each other"
        return Finding("advice", "cores", text, advice)
    return Finding("ok", "cores", text)


def shared_memory(directory: Path, free: int | None) -> Finding:
    """Look at what is free where logs are made."""
    if free is None:
        advice = f"Aeron's files go there: mount a tmpfs on {directory}, or set `driver.directory`"
        return Finding("broken", "shared memory", f"there is no {directory}", advice)
    text = f"{shown_bytes(free)} free in {directory}"
    if not os.access(directory, os.W_OK | os.X_OK):
        return Finding("broken", "shared memory", text, f"this user may not write there: chmod 1777 {directory}")
    if free < SHARED_MEMORY_WANTED:
        advice = "a stream takes three terms (3 MiB by default): start the container with --shm-size=256m"
        return Finding("advice", "shared memory", text, advice)
    return Finding("ok", "shared memory", text)


def files(soft: int, hard: int) -> Finding:
    """Look at the limit of open files."""
    if soft in (resource.RLIM_INFINITY, -1):
        return Finding("ok", "open files", "no limit")
    text = f"at most {soft:,}"
    if soft < FILES_WANTED:
        most = FILES_WANTED if hard in (resource.RLIM_INFINITY, -1) else min(hard, FILES_WANTED)
        return Finding("advice", "open files", text, f"a stream takes some: ulimit -n {most}")
    return Finding("ok", "open files", text)


def locked(soft: int) -> Finding:
    """Tell the limit of locked memory: only worth knowing."""
    text = "no limit" if soft in (resource.RLIM_INFINITY, -1) else f"at most {shown_bytes(soft)}"
    return Finding("ok", "locked memory", text)


def governor(path: Path) -> Finding:
    """Look at the CPU frequency governor, where it can be read."""
    try:
        name = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return Finding("ok", "CPU governor", "cannot be read here (a virtual machine or container)")
    if name not in ("performance", "schedutil"):
        advice = "for low latency: cpupower frequency-set -g performance (as root)"
        return Finding("advice", "CPU governor", name, advice)
    return Finding("ok", "CPU governor", name)


def socket_buffers(folder: Path) -> Iterator[Finding]:
    """Look at the largest socket buffers: only UDP channels need them."""
    for name, file in SOCKET_BUFFERS.items():
        try:
            size = int((folder / file).read_text(encoding="ascii"))
        except (OSError, ValueError):
            yield Finding("ok", name, "cannot be read here")
            continue
        if size < SOCKET_BUFFER_WANTED:
            advice = f"for UDP channels: sysctl -w {name}={SOCKET_BUFFER_WANTED} (as root); IPC does not need it"
            yield Finding("advice", name, shown_bytes(size), advice)
        else:
            yield Finding("ok", name, shown_bytes(size))


def driver(directory: Path) -> Finding:
    """Look whether a driver is at work in Aeron's default directory."""
    import time

    from actorbus.transport.cnc import read_cnc

    try:
        found = read_cnc(directory)
    except ActorBusError as error:
        return Finding("advice", "media driver", f"in {directory}: not ours", str(error))
    if found is None:
        return Finding("ok", "media driver", f"none in {directory}; embedded ones need none")
    if found.problem is not None:
        return Finding("advice", "media driver", f"{found.path}: {found.problem}", f"remove {directory} when it is old")
    if found.is_active(time.time_ns() // 1_000_000):
        return Finding("ok", "media driver", f"process {found.pid} serves {directory}")
    return Finding("ok", "media driver", f"one that has ended left {directory}")
