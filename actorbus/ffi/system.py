"""The calling thread's place and name, and the CPUs this process may use (native/ab_cpu).

Rules of this file:

* CPUs are the kernel's numbers, as ``taskset`` and ``/proc/cpuinfo`` count them. A process may have holes in its set.
* Everything but ``available_cpus`` acts on the thread that calls it. Nothing waits; all calls keep the GIL.
"""

from __future__ import annotations

from actorbus.errors import EnvironmentFault, InvalidValue
from actorbus.ffi.native import ffi, lib

__all__ = ["available_cpus", "current_cpu", "name_thread", "pin_thread", "thread_name", "trim_memory", "unpin_thread"]


def available_cpus() -> tuple[int, ...]:
    """Return the CPUs this process was given when it first asked, ascending; a thread pinned since changes nothing.

    Raises:
        EnvironmentFault: the kernel does not say.
    """
    count = lib.ab_cpu_available(ffi.NULL, 0)
    if count < 0:
        raise EnvironmentFault("cannot read the CPUs of this process", why="the kernel refused", hint="pin no thread")
    cpus = ffi.new("int32_t[]", count)
    lib.ab_cpu_available(cpus, count)
    return tuple(cpus[index] for index in range(count))


def current_cpu() -> int:
    """Return the CPU the calling thread runs on at this moment.

    Raises:
        EnvironmentFault: the kernel does not say.
    """
    cpu = lib.ab_cpu_current()
    if cpu < 0:
        raise EnvironmentFault("cannot read the current CPU", why="the kernel refused")
    return cpu


def pin_thread(cpu: int) -> None:
    """Let the calling thread run on one CPU only.

    Raises:
        InvalidValue: `cpu` is not one of ``available_cpus()``.
        EnvironmentFault: the kernel refused.
    """
    error = ffi.new("ab_error *")
    # Beyond an int32 cffi would raise OverflowError, which says nothing of CPUs: any number that is none will do.
    code = lib.ab_cpu_pin(cpu if 0 <= cpu < 2**31 else -1, error)
    if code != lib.AB_OK:
        text = ffi.string(error.text).decode(errors="replace")
        if code == lib.AB_INVALID:
            raise InvalidValue(text.replace("cpu -1 ", f"cpu {cpu} ", 1))
        raise EnvironmentFault(text)


def unpin_thread() -> None:
    """Let the calling thread run on every available CPU again.

    Raises:
        EnvironmentFault: the kernel refused.
    """
    error = ffi.new("ab_error *")
    if lib.ab_cpu_unpin(error) != lib.AB_OK:
        raise EnvironmentFault(ffi.string(error.text).decode(errors="replace"))


def name_thread(name: str) -> None:
    """Name the calling thread for ``ps``, ``top`` and debuggers, which show its first 15 bytes. Never raises.

    Python's ``Thread(name=...)`` is not shown there before 3.14.
    """
    lib.ab_cpu_name(name.encode(errors="replace").replace(b"\0", b"?"))


def thread_name() -> str:
    """Return the calling thread's name as ``ps`` shows it; empty when the kernel does not say."""
    name = ffi.new("char[]", lib.AB_CPU_NAME_MAX + 1)
    if lib.ab_cpu_name_of(name) != lib.AB_OK:
        return ""
    return ffi.string(name).decode(errors="replace")


def trim_memory() -> bool:
    """Give memory that was freed back to the operating system; False where the C library cannot. Any thread."""
    return lib.ab_memory_trim() == 1
