"""Every verb of `actorbus` from end to end, as a person meets it: one row of CASES a verb, and the ways it is tried.

    piped, without_extras     stdout is no terminal: no escape codes, JSON lines where they are promised
    reader_gone               `| head -1`: ends quietly
    refused                   wrong input: one code, no traceback
    on_terminal, interrupted  tests/support/terminal.py: colours unless NO_COLOR, Ctrl-C is 130 and the shell goes on

A verb without a row is a test that fails. Words of a row are a shell's; `{n}` is a number nobody used, `{name}` that of
the running topology.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Literal, NamedTuple

from actorbus.journal import QuarantineBook
from tests.support.tapes import record_quotes
from tests.support.terminal import COLOUR, ROOT, Terminal, shell_environment
from tests.support.without import extra_packages, without
from tests.system.processes import SHM, wait_for

APP = """\
from collections.abc import Iterator

import actorbus as ab


class Quotes(ab.Source[ab.Quote]):
    def __init__(self, *, count: int = 1_000_000_000, pause: float = 0.01) -> None:
        self.count, self.pause_ns = count, round(pause * 1e9)

    def produce(self) -> Iterator[ab.Quote]:
        for number in range(self.count):
            yield ab.Quote("AB"[number % 2], bid=number, ask=number + 1)
            if not self.clock.sleep_until_ns(self.clock.monotonic_ns() + self.pause_ns):
                return


class Notes(ab.Handler):
    def on_start(self) -> None:
        self.log.warning("taking notes")

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None: ...
"""
TOPOLOGY = """\
version: 1
name: {name}
profile: ci
driver: {{mode: embedded{driver}}}
streams: {{quotes: {{stream_id: 1, messages: [Quote]}}}}
sources: {{quotes: {{stream: quotes, class: "app:Quotes", options: {{{options}}}}}}}
handlers: {{notes: {{stream: quotes, class: "app:Notes"}}}}
"""
BROKEN = "version: 1\nname: broken\nstrems: {}\n"
ESCAPE = "\x1b"
WITHIN_S = 60.0
_numbers = itertools.count(1)

type Form = Literal["text", "json", "lines", "none"]


class Case(NamedTuple):
    """How one verb is tried."""

    verb: str
    words: str
    """In a pipe it ends with 0."""
    form: Form
    """What stdout is then: text, one JSON document, a JSON object a line, or nothing."""
    says: str
    """A pattern of stdout and stderr then."""
    wrong: str
    """Words that are refused."""
    code: int
    """And its exit code."""
    coloured: str | None = None
    """Words that give colours on a terminal; None: the verb has none."""
    endless: str = ""
    """Words with which it runs until Ctrl-C; empty: it always ends by itself."""
    working: str = ""
    """A pattern of the screen once it works at `endless`."""
    until: str = ""
    """In a pipe it ends by SIGTERM, once stdout has this; empty: by itself."""


CASES = {
    case.verb: case
    for case in (
        Case("bench", "idle --quick --peers none", "text", r"% of a core", "no-such-scenario", 2,
             endless="idle --peers none", working=r"bench  \[\.+\]   0%  "),
        Case("check", "small.yaml", "text", r"no problems|warning", "broken.yaml", 2, coloured="broken.yaml"),
        Case("doctor", "", "text", r"media driver", "--format nothing", 2, coloured=""),
        Case("driver", "--directory {shm}/driver-{n}", "text", r"media driver is ready", "--threading many", 2,
             endless="--directory {shm}/driver-{n}", working="is ready", until="is ready"),
        Case("explain", "", "text", r"AB1102", "AB9999", 2),
        Case("init", "minimal made-{n}", "text", r"now: cd made-\d+", "no-such-template x", 2),
        Case("journal", "export tape", "lines", r'"type":"Quote"', "verify nowhere", 2),
        Case("plan", "small.yaml", "text", r"quotes", "broken.yaml", 2),
        Case("pub", """quotes '{{"symbol": "A", "bid": "1", "ask": "2"}}'""", "none", r"published 1 message",
             "no-such-stream '{{}}'", 2, endless="quotes", working="pub quotes"),
        Case("record", "made-{n} --channel aeron:ipc --stream-id 1 --directory {shm}/running --for 500ms", "none",
             r"recorded \d+ messages of aeron:ipc stream 1", "topology.yaml", 2,
             endless="made-{n} --channel aeron:ipc --stream-id 1 --directory {shm}/running",
             working=r"record  \d+ records"),
        Case("redrive", "tape --list --format json", "lines", r'"error": ?"ValueError', "nowhere", 2),
        Case("replay", "tape", "lines", r'"type":"Quote"', "nowhere", 2, endless="tape --speed original",
             working=r'"sequence":1,'),
        Case("run", "small.yaml --for 10s --until-idle 200ms --summary json", "json", r"taking notes", "broken.yaml", 2,
             coloured="small.yaml --until-idle 200ms", endless="endless.yaml", working="taking notes"),
        Case("schema", "", "json", r"actorbus topology", "--output /no/such/folder/x", 3),
        Case("stat", "{name} --format json", "lines", r"heartbeat_age_ns", "no-such-process", 3),
        Case("sub", "quotes -n 3", "lines", r'"type":"Quote"', "no-such-stream", 2, coloured="quotes -n 3",
             endless="quotes", working=r"quotes \d+ Quote"),
        Case("tail", "-w symbol=A -n 3", "lines", r'"symbol":"A"', "no-such-stream", 2, coloured="-n 3",
             endless="-w symbol=B", working=r"quotes \d+ Quote  symbol=B"),
    )
}  # fmt: skip


class World(NamedTuple):
    """A folder with topologies, one of which runs."""

    folder: Path
    shm: Path
    name: str

    def command(self, verb: str, words: str) -> str:
        """Return the command line of a verb, for a shell in this folder."""
        filled = words.format(n=next(_numbers), name=self.name, shm=self.shm)
        return f"actorbus {verb} {filled}".rstrip()

    def environment(self) -> dict[str, str]:
        """Return what a verb runs in."""
        return shell_environment(self.folder)


@contextlib.contextmanager
def world() -> Generator[World]:
    """Run a topology whose quotes go on coming."""
    folder = Path(tempfile.mkdtemp(prefix="actorbus-verbs-"))
    shm = Path(tempfile.mkdtemp(prefix="actorbus-test-", dir=SHM))
    made = World(folder, shm, folder.name)
    (folder / "app.py").write_text(APP, encoding="utf-8")
    for file, name, options, driver in (
        ("topology.yaml", made.name, "", f", directory: {shm}/running"),
        ("small.yaml", f"{made.name}-small", "count: 20, pause: 0.0", ""),
        ("endless.yaml", f"{made.name}-endless", "", ""),
    ):
        (folder / file).write_text(TOPOLOGY.format(name=name, options=options, driver=driver), encoding="utf-8")
    (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    record_quotes(folder / "tape", 1000)
    book = QuarantineBook({"quotes": folder / "tape"})
    book.keep("notes", "quotes", (5, 64, 0, 1, 7, 0, 1, 1, 1), None, "ValueError: not that")
    book.close()
    log = (folder / "run.log").open("w+", encoding="utf-8")
    running = subprocess.Popen(
        ["actorbus", "run", "topology.yaml"], cwd=folder, env=made.environment(), stdin=subprocess.DEVNULL,
        stdout=log, stderr=log,
    )  # fmt: skip
    try:
        wait_for(lambda: "taking notes" in (folder / "run.log").read_text(), WITHIN_S, "the topology's start")
        yield made
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(20)
        finally:
            running.kill()
            running.wait()
            log.close()
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(shm, ignore_errors=True)


class Ended(NamedTuple):
    """What a process did."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"ended with {self.code}\n{self.out[-2000:]}\n{self.err[-2000:]}"


def call(where: World, command: str, *, until: str = "", **environment: str) -> Ended:
    """Run a command line with pipes; with `until`, SIGTERM ends it once stdout has that."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=where.folder, env={**where.environment(), **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    guard = threading.Timer(WITHIN_S, process.kill)
    guard.start()
    try:
        head = ""
        if until:
            assert process.stdout is not None
            while until not in head and (line := process.stdout.readline()):
                head += line
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    finally:
        guard.cancel()
        process.kill()
        process.wait()
    return Ended(process.returncode, head + out, err)


def piped(where: World, case: Case, **environment: str) -> Ended:
    """A verb whose output is read by a program."""
    ended = call(where, where.command(case.verb, case.words), until=case.until, **environment)
    what = f"{case.verb}: {ended}"
    assert ended.code == 0, what
    assert re.search(case.says, ended.out + ended.err), what
    assert ESCAPE not in ended.out + ended.err, f"escape codes in a pipe: {what}"
    assert "\r" not in ended.err, f"a progress bar in a pipe: {what}"
    assert "Traceback" not in ended.err, what
    match case.form:
        case "json":
            json.loads(ended.out)
        case "lines":
            assert all(isinstance(json.loads(line), dict) for line in ended.out.splitlines()), what
            assert ended.out, what
        case "none":
            assert ended.out == "", what
        case _:
            assert ended.out.strip(), what
    return ended


def without_extras(where: World, case: Case) -> Ended:
    """The same where no extra is installed."""
    return piped(where, case, **without(extra_packages(), where.folder / "without"))


def reader_gone(where: World, case: Case) -> None:
    """A verb whose reader goes after one line."""
    if case.until:  # what never ends by itself: a reader that goes is told by SIGTERM alone
        return
    command = where.command(case.verb, case.words)
    ended = call(where, "bash -c " + shlex.quote(f"{command} | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"))
    assert ended.code == 0, f"{case.verb}: {ended}"
    assert "Traceback" not in ended.err, f"{case.verb}: {ended}"
    assert "Broken" not in ended.err, f"{case.verb}: {ended}"


def refused(where: World, case: Case) -> None:
    """A verb whose input is wrong."""
    ended = call(where, where.command(case.verb, case.wrong))
    assert ended.code == case.code, f"{case.verb}: {ended}"
    assert "Traceback" not in ended.out + ended.err, f"{case.verb}: {ended}"
    assert re.search(r"rror(\[AB\d{4}\])?:", ended.out + ended.err), f"{case.verb}: {ended}"


def on_terminal(where: World, case: Case, terminal: Terminal) -> None:
    """A verb on a terminal: with colours if it has some, and without them where NO_COLOR is set."""
    words = case.words if case.coloured is None else case.coloured
    if case.until:
        return  # `interrupted` looks at it
    expected = (0,) if case.coloured is None else (0, 2)
    code, shown = terminal.run(where.command(case.verb, words), WITHIN_S)
    assert code in expected, f"{case.verb} ended with {code}:\n{shown}"
    assert bool(COLOUR.search(shown)) is (case.coloured is not None), f"{case.verb}: colours?\n{shown!r}"
    if case.coloured is not None:
        code, shown = terminal.run(f"NO_COLOR=1 {where.command(case.verb, words)}", WITHIN_S)
        assert code in expected, f"{case.verb} ended with {code}:\n{shown}"
        assert not COLOUR.search(shown), f"{case.verb} has colours in spite of NO_COLOR:\n{shown!r}"


def interrupted(where: World, case: Case, terminal: Terminal, *, no_colour: bool = False) -> None:
    """A verb that runs on, and Ctrl-C: 130, no traceback, and the terminal as it was before."""
    _, before = terminal.run("stty -g")
    command = where.command(case.verb, case.endless)
    number = terminal.start(f"NO_COLOR=1 {command}" if no_colour else command)
    terminal.wait_for(case.working)
    if case.verb == "pub":
        terminal.type('{"symbol": "A", "bid": "1", "ask": "2"}\n')  # it reads the terminal by now, or will
        wait_for(lambda: "actorbus pub" in terminal.screen(), 5, "the verb")
        _until_it_reads(terminal)
    shown = terminal.screen(colours=True)
    assert not (no_colour and COLOUR.search(shown)), f"{case.verb}: colours in spite of NO_COLOR:\n{shown!r}"
    terminal.press("C-c")
    code = terminal.ended(number, 30)
    shown = terminal.screen()
    assert code == 130, f"{case.verb} ended with {code} after Ctrl-C:\n{shown}"
    assert "Traceback" not in shown, f"{case.verb}:\n{shown}"
    assert terminal.asked("cursor_flag") == "1", f"{case.verb} left the cursor hidden"
    assert terminal.asked("alternate_on") == "0", f"{case.verb} left the other screen on"
    _, after = terminal.run("stty -g")
    assert _mode(before) == _mode(after), f"{case.verb} left the terminal in another mode"


COMPLETIONS = (
    ("actorbus expl", "actorbus explain$"),
    ("actorbus --vers", "actorbus --version$"),
    ("actorbus explain AB120", "AB1201 .*AB1202"),
    ("actorbus explain ab170", "actorbus explain AB170"),
    ("actorbus check bro", "actorbus check broken.yaml$"),
    ("actorbus check --for", "actorbus check --format$"),
    ("actorbus check --format gi", "actorbus check --format github$"),
    ("actorbus init note", "actorbus init notebook$"),
    ("actorbus sub qu", "actorbus sub quotes$"),
    ("actorbus sub -t other.yaml ra", "actorbus sub -t other.yaml rare$"),
    ("actorbus tail quotes --wh", "actorbus tail quotes --where$"),
    ("actorbus stat {begin}", "actorbus stat {name}$"),
    ("actorbus driver --profile low", "actorbus driver --profile low-latency$"),
    ("actorbus bench lat", "actorbus bench latency$"),
    ("actorbus run --app-dir pla", "actorbus run --app-dir place/"),
)
"""What is typed before Tab, and the pattern of the screen then."""


def completed(where: World, terminal: Terminal) -> int:
    """Turn completion on as docs/howto/shell.md says, and press Tab; returns how many words were completed."""
    page = (ROOT / "docs" / "howto" / "shell.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if "bash_source" in line).partition("#")[0].strip()
    other = "streams: {rare: {stream_id: 1, codec: {format: raw}}}\n"
    (where.folder / "other.yaml").write_text(other, encoding="utf-8")
    (where.folder / "place").mkdir()
    code, shown = terminal.run(line)
    assert code == 0, shown
    terminal.run("bind 'set show-all-if-ambiguous on'; bind 'set bell-style none'")
    for typed, pattern in COMPLETIONS:
        terminal.clear()
        terminal.type(typed.format(begin=where.name[:-2]) + "\t")
        terminal.wait_for(f"(?m){pattern.format(name=where.name)}", 20)
        terminal.press("C-u")
    return len(COMPLETIONS)


def _mode(shown: str) -> str:
    found = re.search(r"^[0-9a-f]+(:[0-9a-f]+){20,}$", shown, re.MULTILINE)
    assert found is not None, shown
    return found[0]


def _until_it_reads(terminal: Terminal) -> None:
    """Wait until Python's own handler of Ctrl-C is there: the process has joined the driver, which maps its file."""
    shell = terminal.asked("pane_pid")

    def reads() -> bool:
        children = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=False).stdout.split()
        return any("cnc.dat" in Path(f"/proc/{child}/maps").read_text() for child in children)

    wait_for(reads, 30, "the verb's connection")


__all__ = [
    "CASES", "COMPLETIONS", "Case", "Ended", "World", "call", "completed", "interrupted", "on_terminal", "piped",
    "reader_gone", "refused", "without_extras", "world",
]  # fmt: skip
