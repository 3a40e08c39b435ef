"""Runs a page of docs/ from top to bottom, as a reader would.

* A block that begins with `# name.py` or `# name.yaml` is a file; any other `python` block is run and must end with 0.
* In a `console` block each `$ actorbus ...` and `$ pytest ...` is run, in the folder that `$ cd` went to. The lines
  under it must be in its output; `...` stands for anything. `# exits with 2` says that it does; a final `&` leaves it
  running until the end of the page.
* A `text` block is not run: what it shows needs another program or machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs.shell import ROOT, TIMEOUT_S, Snippet, snippets

EXITS = re.compile(r"#\s*exits with (\d+)\s*$")
PROGRAMS = ("actorbus", "pytest")
READY_S = 20.0
LOOK_S = 0.05


class Command(NamedTuple):
    """One line of a console block and what is said to come of it."""

    text: str
    promised: list[str]

    @property
    def exit_code(self) -> int:
        found = EXITS.search(self.text)
        return int(found[1]) if found else 0

    @property
    def background(self) -> bool:
        return self.text.rstrip().endswith("&")

    @property
    def words(self) -> list[str]:
        return shlex.split(EXITS.sub("", self.text).rstrip().removesuffix("&"))


def commands(snippet: Snippet) -> list[Command]:
    """Return the commands of a console block."""
    found: list[Command] = []
    for line in snippet.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif line.strip() and found:
            found[-1].promised.append(line)
    return found


class Page:
    """A page on its way: where it is, and what it left running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.pathsep.join((str(ROOT), str(ROOT / "handlers")))
        self.environment = {**os.environ, "PYTHONPATH": path}
        self._running: list[subprocess.Popen[str]] = []

    def run(self, snippet: Snippet) -> None:
        """Do what one block says."""
        match snippet.language:
            case "python" | "yaml" if snippet.name is not None:
                (self.folder / snippet.name).write_text(snippet.text, encoding="utf-8")
            case "python":
                (self.folder / "snippet.py").write_text(snippet.text, encoding="utf-8")
                self._finish([sys.executable, "-W", "error", "snippet.py"], 0, [])
            case "console":
                for command in commands(snippet):
                    self._command(command)
            case "text":
                pass
            case other:
                raise AssertionError(f"a {other} block that is neither a file nor run: {snippet.text[:80]!r}")

    def _command(self, command: Command) -> None:
        words = command.words
        if words[0] == "cd":
            self.folder /= words[1]
            return
        assert words[0] in PROGRAMS, f"the tests do not run {command.text!r}: make it a text block"
        arguments = [sys.executable, "-m", *words]
        if command.background:
            self._start(arguments, words)
        else:
            self._finish(arguments, command.exit_code, command.promised)

    def _finish(self, arguments: list[str], exit_code: int, promised: list[str]) -> None:
        done = subprocess.run(
            arguments, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        told = f"{shlex.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == exit_code, told
        for output in (done.stdout, done.stderr):
            promised = unseen(promised, output)
        assert promised == [], f"{promised} did not come: {told}"

    def _start(self, arguments: list[str], words: list[str]) -> None:
        """Start a command and wait until its node, or its driver, is there."""
        process = subprocess.Popen(
            arguments, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._running.append(process)
        waited = threading.Event()
        for _ in range(int(READY_S / LOOK_S)):
            if self._is_ready(words, process.pid):
                return
            assert process.poll() is None, f"{shlex.join(words)} ended: {process.communicate()[1]}"
            waited.wait(LOOK_S)
        raise AssertionError(f"{shlex.join(words)} was not ready within {READY_S} s")

    def _is_ready(self, words: list[str], pid: int) -> bool:
        if words[1] == "driver":
            return (Path(words[words.index("--directory") + 1]) / "cnc.dat").is_file()
        from actorbus.metrics import StatisticsReader, list_statistics

        for path in list_statistics():
            with contextlib.suppress(Exception), StatisticsReader.open(path) as reader:
                if reader.snapshot().pid == pid:
                    return True
        return False

    def close(self) -> None:
        """End what runs, the last first: clients before their driver."""
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=30)
            finally:
                process.kill()


def unseen(promised: list[str], output: str) -> list[str]:
    """Return the promised lines that the output does not have."""
    return [line for line in promised if not _pattern(line).search(output)]


def _pattern(line: str) -> re.Pattern[str]:
    """Blanks in a promised line stand for any number of them: columns are aligned to what else is in a table."""
    pieces = [re.sub(r"(\\ )+", r"[ ]+", re.escape(piece)) for piece in line.strip().split("...")]
    return re.compile(".*".join(pieces))


def blocks(page: Path) -> Iterator[Snippet]:
    """Yield the fenced blocks of a page that say their language."""
    yield from snippets(page)
