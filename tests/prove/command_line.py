"""Issue 5, lines 4 and 7: every verb from end to end, and what `import actorbus` costs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from actorbus.cli.main import VERBS
from tests.prove import Failed
from tests.support.terminal import Terminal
from tests.support.without import without
from tests.system.processes import environment
from tests.system.verbs import (
    CASES,
    call,
    completed,
    interrupted,
    on_terminal,
    piped,
    reader_gone,
    refused,
    without_extras,
    world,
)

__all__ = ["HEAVY", "IMPORT_MS_MAX", "Imports", "imports", "line_4", "line_7"]

IMPORT_MS_MAX = 120.0
HEAVY = ("numpy", "cryptography", "prometheus_client", "ruamel.yaml", "rich")
LOOK = """
import json, sys, time
began = time.perf_counter()
import {module}
took = time.perf_counter() - began
print(json.dumps([took * 1000, [name for name in {heavy!r} if name in sys.modules]]))
"""


class Imports(NamedTuple):
    """What importing cost in fresh processes, in ms, and which heavy packages came with actorbus."""

    ours: list[float]
    asyncio: list[float]
    heavy: set[str]


def imports(times: int) -> Imports:
    """Import actorbus and asyncio in turns, each in a process of its own."""
    found = Imports([], [], set())
    for number in range(times + 1):
        for module, costs in (("actorbus", found.ours), ("asyncio", found.asyncio)):
            code = LOOK.format(module=module, heavy=HEAVY)
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=True
            )
            took_ms, heavy = json.loads(done.stdout)
            if number:  # the first one may compile
                costs.append(took_ms)
            if module == "actorbus":
                found.heavy.update(heavy)
    return found


def line_4() -> str:
    """Every verb in a pipe, without extras, with a reader that goes, with wrong input, on a terminal, with NO_COLOR."""
    if set(CASES) != set(VERBS):
        raise Failed(f"verbs without a case: {sorted(set(VERBS) ^ set(CASES))}")
    began, stopped = time.monotonic(), 0
    with world() as where:
        for case in CASES.values():
            piped(where, case)
            without_extras(where, case)
            reader_gone(where, case)
            refused(where, case)
        hidden = without(["pyzmq"], where.folder / "without-zmq")
        ended = call(where, "actorbus bench throughput --quick --peers pyzmq", **hidden)
        if "python -m pip install pyzmq" not in ended.out:
            raise Failed(f"the bench does not say how to get a peer: {ended}")
        with Terminal(where.folder) as terminal:
            for case in CASES.values():
                on_terminal(where, case, terminal)
                if case.endless:
                    interrupted(where, case, terminal)
                    interrupted(where, case, terminal, no_colour=True)
                    stopped += 2
            words = completed(where, terminal)
    coloured = sum(case.coloured is not None for case in CASES.values())
    return (
        f"{len(CASES)} verbs x (pipe, pipe without extras, reader gone, wrong input, terminal), {coloured} have colours"
        f" that NO_COLOR turns off, {stopped} x Ctrl-C is 130 with a usable terminal, {words} words completed in bash, "
        f"in {time.monotonic() - began:.0f} s"
    )


def line_7() -> str:
    """`import actorbus`: median of 20 under 120 ms beside `import asyncio`, and nothing heavy with it."""
    found = imports(20)
    ours, theirs = statistics.median(found.ours), statistics.median(found.asyncio)
    figure = f"import actorbus {ours:.1f} ms, import asyncio {theirs:.1f} ms (medians of 20, in turns)"
    if found.heavy:
        raise Failed(f"{figure}; it imports {', '.join(sorted(found.heavy))}")
    if ours >= IMPORT_MS_MAX:
        raise Failed(f"{figure}; at most {IMPORT_MS_MAX:g} ms")
    return f"{figure}; none of {', '.join(HEAVY)}"
