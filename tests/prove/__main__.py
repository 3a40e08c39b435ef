"""Run one line of one issue's "Done when": `python -m tests.prove ISSUE LINE`.

Prints `PASS issue N line M: figure (seconds)` or `FAIL …` and ends with 0 or 1; 2 when there is no such line.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
import traceback
from collections.abc import Callable
from types import ModuleType

from tests.prove import Failed


def lines_of(module: ModuleType) -> dict[int, Callable[[], str]]:
    """Return the lines a module of proofs holds, by number."""
    return {
        int(name.removeprefix("line_")): function
        for name, function in vars(module).items()
        if name.startswith("line_") and name.removeprefix("line_").isdigit()
    }


def find(issue: str, line: str) -> Callable[[], str] | str:
    """Return the function of a line, or the sentence that says what is wrong with the question."""
    if not (issue.isdigit() and line.isdigit()):
        return f"ISSUE and LINE are numbers, got {issue!r} and {line!r}: make prove ISSUE=3 LINE=1"
    name = f"tests.prove.issue_{int(issue)}"
    if importlib.util.find_spec(name) is None:
        return f"issue {issue} has no proofs here: {name.replace('.', '/')}.py does not exist"
    lines = lines_of(importlib.import_module(name))
    found = lines.get(int(line))
    if found is None:
        return f"issue {issue} has no line {line}: there are {', '.join(map(str, sorted(lines))) or 'none'}"
    return found


def main(arguments: list[str]) -> int:
    """Run the line that the two arguments name."""
    issue, line = (*arguments, "", "")[:2]
    found = find(issue, line)
    if isinstance(found, str):
        print(found, file=sys.stderr)
        return 2
    began = time.monotonic()
    try:
        figure, word = found(), "PASS"
    except Failed as failed:
        figure, word = str(failed), "FAIL"
    except Exception as error:  # noqa: BLE001 - a proof that breaks is a line that does not hold, and the next must run
        traceback.print_exc()
        figure, word = f"{type(error).__name__}: {error}", "FAIL"
    print(f"{word} issue {issue} line {line}: {figure} ({time.monotonic() - began:.1f} s)", flush=True)
    return 0 if word == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
