"""What the tests run as sides of a case."""

from __future__ import annotations

import os
import threading


def echo(value: int) -> dict[str, int]:
    return {"value": value, "cpus": len(os.sched_getaffinity(0))}


def fail() -> dict[str, int]:
    raise ValueError("the reason is told")


def wait_for_ever() -> dict[str, int]:
    threading.Event().wait(600)
    return {}
