"""A real terminal around a real bash, by tmux: what is typed goes in, what the screen shows comes out.

    with Terminal(folder) as terminal:
        code, shown = terminal.run("actorbus check topology.yaml")    # with the colours as escape codes
        terminal.type("actorbus expl\\t")                             # keys; bash completes
        terminal.wait_for("explain")

* A tmux server of its own, without anybody's configuration; it ends with the block.
* `actorbus` in it is ours, run by the tests' interpreter. NO_COLOR is not set.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
COLOUR = re.compile(r"\x1b\[[0-9;]+m")
"""An escape code that sets a colour or a weight (SGR; the resetting ones alone are tmux's)."""
_numbers = itertools.count(1)


def program_folder(place: Path) -> Path:
    """Make a folder for PATH with `actorbus` in it: this checkout, by this interpreter."""
    folder = place / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "actorbus"
    paths = os.pathsep.join((str(ROOT), str(ROOT / "handlers")))
    lines = (
        "#!/bin/sh",
        f'export PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}{paths}"',
        f'exec {shlex.quote(sys.executable)} -m actorbus "$@"',
    )
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


def shell_environment(place: Path) -> dict[str, str]:
    """Return an environment in which a shell finds our `actorbus`, and nothing asks for colours or against them."""
    dropped = {"NO_COLOR", "ACTORBUS_TOPOLOGY", "TMUX", "TMUX_PANE", "PROMPT_COMMAND", "PYTHONPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = f"{program_folder(place)}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "PS1": "ready> ", "HISTFILE": "", "LC_ALL": "C.UTF-8"}


class Terminal:
    """One window with a bash in it."""

    def __init__(self, folder: Path, *, columns: int = 150, rows: int = 60) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="actorbus-terminal-"))
        self._socket = str(self._place / "tmux")
        shell = ["env", f"PS1={'ready> '}", "bash", "--norc", "--noprofile"]
        subprocess.run(
            [
                "tmux", "-S", self._socket, "-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", str(columns),
                "-y", str(rows), "-c", str(folder), shlex.join(shell),
            ],
            env=shell_environment(self._place), check=True, timeout=30, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.wait_for("ready>")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the shell, what it runs, and the server."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], check=False, timeout=30, capture_output=True)
        shutil.rmtree(self._place, ignore_errors=True)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout

    def type(self, text: str) -> None:
        """Type text; `\\n` is Enter and `\\t` Tab."""
        for part in re.split(r"([\n\t])", text):
            if part in ("\n", "\t"):
                self._tmux("send-keys", "-t", "t", {"\n": "Enter", "\t": "Tab"}[part])
            elif part:
                self._tmux("send-keys", "-t", "t", "-l", part)

    def press(self, key: str) -> None:
        """Press a key by tmux's name for it: C-c."""
        self._tmux("send-keys", "-t", "t", key)

    def screen(self, *, colours: bool = False) -> str:
        """Return what the screen shows, lines that scrolled off it included."""
        return self._tmux("capture-pane", "-t", "t", "-p", "-S", "-", *(["-e"] if colours else []))

    def asked(self, what: str) -> str:
        """Return what tmux knows of the window: `cursor_flag`, `alternate_on`."""
        return self._tmux("display-message", "-t", "t", "-p", f"#{{{what}}}").strip()

    def wait_for(self, pattern: str, timeout_s: float = 30.0) -> re.Match[str]:
        """Wait until the screen has it; AssertionError with the screen when it does not come."""
        deadline, pause = time.monotonic() + timeout_s, threading.Event()
        while True:
            shown = self.screen()
            found = re.search(pattern, shown)
            if found is not None:
                return found
            assert time.monotonic() < deadline, f"{pattern!r} does not come within {timeout_s:g} s:\n{shown.rstrip()}"
            pause.wait(0.03)

    def clear(self) -> None:
        """Forget what was shown."""
        self.type("clear\n")
        self.wait_for(r"\Aready>\s*\Z")
        self._tmux("clear-history", "-t", "t")

    def start(self, command: str) -> int:
        """Type a command on a clean screen; returns the number that `ended` wants."""
        self.clear()
        number = next(_numbers)
        self.type(f'{command}; echo "ended-{number}-$?"\n')
        return number

    def ended(self, number: int, timeout_s: float = 60.0) -> int:
        """Wait for the end of a command; returns its exit code."""
        return int(self.wait_for(rf"ended-{number}-(\d+)", timeout_s)[1])

    def run(self, command: str, timeout_s: float = 60.0) -> tuple[int, str]:
        """Run a command; returns its exit code and what was shown, colours as escape codes."""
        code = self.ended(self.start(command), timeout_s)
        return code, self.screen(colours=True)
