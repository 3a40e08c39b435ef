"""Where it ran and with what: a machine by its class, never by a name, and versions of what was used, nothing else."""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import msgspec

from actorbus.bench import peers, rig
from actorbus.bench.peers import java_archive

__all__ = ["Machine", "aeron_version", "commit", "file_system", "machine", "versions"]

ALWAYS = ("actorbus", "cffi", "msgspec", "pykka")
"""Ours, and what a node of ours is made of."""
CPU = Path("/sys/devices/system/cpu")
_AERON = re.compile(r"version=(\S+)")
_JAVA = re.compile(r'version "([^"]+)"')


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it ran; no names."""

    processor: str
    cores: int
    isolated: str
    memory_gb: float
    kernel: str
    load_before: float
    """The one-minute load average before the first scenario of this process: what else was going on."""
    virtual: bool = False
    """Whether a hypervisor is below: other guests may take its time (steal)."""
    governor: str = ""
    """Who sets the clock rate; empty: the kernel does not say, as in most virtual machines."""
    memory_files: str = ""
    """File system of shared memory: Aeron's terms, sockets."""
    disk_files: str = ""
    """File system below TMPDIR: recordings."""


def machine() -> Machine:
    """Describe this machine by class, not by name."""
    lines = (line.partition(":") for line in _text("/proc/cpuinfo").splitlines())
    facts = {key.strip(): value.strip() for key, _, value in lines}
    memory = next((line.split()[1] for line in _text("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "0")
    return Machine(
        processor=facts.get("model name", platform.machine()),
        cores=len(rig.cores()),
        isolated=_text(CPU / "isolated").strip() or "none",
        memory_gb=round(int(memory) / 1e6, 1),
        kernel=platform.release().split("-")[0],
        load_before=_load_before(),
        virtual="hypervisor" in facts.get("flags", "").split(),
        governor=_text(CPU / f"cpu{rig.cores()[0]}" / "cpufreq" / "scaling_governor").strip(),
        memory_files=file_system(rig.SHM),
        disk_files=file_system(Path(tempfile.gettempdir())),
    )


@functools.cache
def _load_before() -> float:
    """Return the one-minute load average as it was at the first call: later it is the bench's own."""
    return round(os.getloadavg()[0], 2)


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def file_system(folder: Path) -> str:
    """Return the type of the file system a folder is on; empty when the kernel does not tell."""
    mounts = [line.split() for line in _text("/proc/self/mounts").splitlines()]
    inside = [(len(fields[1]), fields[2]) for fields in mounts if folder.resolve().is_relative_to(fields[1])]
    return max(inside)[1] if inside else ""


def commit() -> str:
    """Return the commit this tree is at, `+` behind it when files differ from it; empty where there is no git tree."""
    if not (rig.ROOT / ".git").exists():
        return ""
    said = [_said("git", "-C", str(rig.ROOT), *words) for words in (("rev-parse", "--short=12", "HEAD"), CHANGED)]
    return said[0].strip() + ("+" if said[1].strip() and said[0] else "")


CHANGED = ("status", "--porcelain", "--untracked-files=no", "--", "actorbus", "native", "config")
"""What makes another program of it; a page that was just written does not."""


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout or (done.stderr if command[0] == "java" else "")


def aeron_version() -> str:
    """Return Aeron's version alone: `1.53.0-SNAPSHOT`."""
    from actorbus.ffi import load

    found = _AERON.search(load().text)
    return found[1] if found else load().text


def versions(systems: Iterable[str], *, arrays: bool = False) -> dict[str, str]:
    """Return the versions of what these systems are made of, Python's and Aeron's.

    Args:
        systems: those with a figure in the report.
        arrays: whether numpy was used.
    """
    used = set(systems)
    packages = [*ALWAYS, *(peers.package(name) for name in peers.PEERS if name in used), *(["numpy"] if arrays else [])]
    found = {"python": platform.python_version(), "Aeron": aeron_version()}
    for name in dict.fromkeys(package for package in packages if package):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if "pyzmq" in found:
        import zmq

        found["libzmq"] = zmq.zmq_version()
    if used & set(peers.RECORDERS):
        java = _JAVA.search(_said("java", "-version"))
        found |= {"java": java[1] if java else "unknown", "aeron-all": java_archive.VERSION}
    return found
