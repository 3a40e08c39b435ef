"""One process of a case: `python -m actorbus.bench.side MODULE:FUNCTION ARGUMENTS`, the arguments one JSON object.

It pins itself before it imports anything that starts a thread, calls the function with the arguments and prints its
answer as the last line, one JSON object. A parent that dies takes it along (stdin ends, and a deadline).
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
import threading

from actorbus.bench.words import READY, Words

__all__ = ["main", "ready"]

LIMIT_S = 900.0


def ready(words: Words, side: int = 0) -> None:
    """Tell that this side may be sent to."""
    words[READY + side] = 1


def main(arguments: list[str]) -> None:
    """Run one side."""
    target, text = arguments
    given: dict[str, object] = json.loads(text)
    cpu = given.pop("pin", None)
    if isinstance(cpu, int):
        os.sched_setaffinity(0, {cpu})
    faulthandler.dump_traceback_later(float(str(given.pop("limit_s", LIMIT_S))), exit=True)
    threading.Thread(target=_follow_parent, daemon=True).start()
    module, _, function = target.partition(":")
    answer = getattr(importlib.import_module(module), function)(**given)
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()


def _follow_parent() -> None:
    """End with the parent: it holds the other end of stdin. The one blocking read of this thread costs nothing."""
    os.read(0, 1)
    os._exit(70)


if __name__ == "__main__":
    main(sys.argv[1:])
