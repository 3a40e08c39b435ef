from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from actorbus.transport import exits

PROGRAM = """
import os
from actorbus.transport.exits import forget, remember

class Thing:
    def __init__(self, name): self.name = name
    def close(self):
        print("closed", self.name)
        if self.name == "bad": raise OSError("cannot")

things = [Thing(name) for name in ("driver", "bad", "gone", "client")]
for thing in things: remember(thing)
forget(things[2])
if {fork} and os.fork() == 0:
    raise SystemExit(0)
if {fork}: os.wait()
"""


def run(*, fork: bool) -> str:
    root = Path(exits.__file__).parents[2]
    command = [sys.executable, "-W", "error", "-c", PROGRAM.format(fork=fork)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.stderr == ""
    return done.stdout


def test_what_is_left_open_is_closed_at_exit_newest_first_whatever_fails() -> None:
    assert run(fork=False).split("\n")[:-1] == ["closed client", "closed bad", "closed driver"]


def test_a_forked_child_closes_nothing_of_its_parents() -> None:
    assert run(fork=True).count("closed") == 3


class Thing:
    def close(self) -> None: ...


def test_forgetting_what_was_never_remembered_is_fine() -> None:
    exits.forget(Thing())
