"""Issue 5, line 1: broken topologies say what is wrong, and where; hostile ones end in time and memory.

`golden_faults` reads the golden files against the rule; `mutations` breaks a right topology at random; `hostile` gives
the reader files that mean harm. `line_1` is all of them at full size, CI runs them at the same or a smaller one.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from actorbus.errors import Problem
from actorbus.topology.check import Checked, check_file
from tests.prove import Failed
from tests.support.hostile_topologies import hostile_files
from tests.support.mutations import lines_named, mutate
from tests.support.pacing import slowness

__all__ = ["golden_faults", "hostile", "line_1", "mutations"]

DATA = Path(__file__).resolve().parents[1] / "data"
BROKEN = DATA / "broken"
RICH = DATA / "mutated" / "rich.yaml"

GOLDENS_LEAST = 60
MUTATIONS = 500
HOSTILE_FILES = 200
SECONDS_MAX = 2.0
MIB_MAX = 64

_LINE = re.compile(
    r"^(?P<file>[\w.]+):(?P<line>\d+):(?P<column>\d+): (error|warning)\[(?P<code>AB\d{4})\]: (?P<rest>.+)$"
)

BOUNDS = {
    "AB1002": r"expected|found|not allowed|must not stand|no anchor|not UTF-8|plain text|not part of",
    "AB1007": r"plain values",
    "AB1008": r"set it, or give a default: \$\{",
    "AB1009": r"write \$\{NAME\} or",
    "AB1011": r"start with `version: 1`|keep one",
    "AB1110": r"did you mean|there is: |: error\[AB\d{4}\]: ",
    "AB1206": r"did you mean|there is: |looked in|cannot be imported",
    "AB1207": r"ab\.Message",
    "AB1208": r"another type_id",
    "AB1209": r"add `messages|use format",
    "AB1210": r"add `codec|frame actorbus",
    "AB1211": r"add `stream|into `streams`",
    "AB1212": r"one of the two",
    "AB1213": r"(goes with|business|mode none|of dispatch mailbox)",
    "AB1214": r"add `key|did you mean|there is: |use block",
    "AB1215": r"did you mean|there is: |no other handler|for ever: |give both a stream",
    "AB1216": r"another port|write the same",
    "AB1218": r"write Annotated\[|fixed length",
    "AB1316": r"add `codec|subclass",
    "AB1317": r"use dispatch inline",
    "AB1241": r"add `streams",
    "AB1242": r"of its own|name a folder",
    "AB1243": r"a power of two from 64k to 1g|holds records of \d+|less than \d+ segments",
    "AB1244": r"write live, earliest, ",
    "AB1245": r"add it to a recorder|one stream's recording|its dispatch is inline|has no effect|remove `",
    "AB1221": r"write ",
    "AB1222": r"did you mean|known are",
    "AB1223": r"write |allowed are |leave out",
    "AB1224": r"give |write |use |starts at",
    "AB1225": r"leave one out",
    "AB1302": r"looked in|cannot be imported: .+: \w+",
    "AB1304": r"ab\.(Handler|Source)",
    "AB1306": r"add `options: \{\w+: ",
    "AB1307": r"expected .+, got .+|is not one of|does not fit",
    "AB1309": r"add `publishes: ",
    "AB1312": r"@ab\.on|one method",
    "AB1314": r"dispatch: mailbox",
    "AB1501": r"\(planned\).*; (use|remove) ",
    "AB1601": r"file:PATH or env:NAME",
    "AB1703": r"write it in full|new folder|empty",
    "AB1901": r" -> .+ -> ",
    "AB1902": r"priority -?\d+",
    "AB1904": r"another process",
    "AB1905": r"another process",
    "AB1906": r"fc=min",
    "AB1003": r"the first is in line \d+",
    "AB1005": r"deeper than \d+",
    "AB1006": r"more than \d+",
    "AB1101": r"did you mean|there is: ",
    "AB1102": r"add `\w+: \.\.\.`|begin with",
    "AB1103": r"expected .+, got .+|an empty text",
    "AB1104": r"is not one of \S+",
    "AB1105": r"at (least|most) -?\d+",
    "AB1106": r"ms|out of range",
    "AB1107": r"64k|0 or more",
    "AB1108": r"letters, digits|module:Class|write [\w.:]+",
    "AB1109": r"reads 1",
    "AB1201": r"did you mean|there is: |declares no streams",
    "AB1202": r"a stream has one",
    "AB1203": r"one poller",
    "AB1204": r"\d+ is free",
    "AB1217": r"up to \d+ bytes",
    "AB1301": r"did you mean|there is: ",
    "AB1303": r"did you mean|there is: |it has no classes",
    "AB1305": r"did you mean|there is: |takes no options",
    "AB1308": r"did you mean|there is: |declares no ab.Output",
    "AB1310": r"it carries ",
    "AB1311": r"it carries ",
    "AB1313": r"it carries ",
    "AB1701": r"0 to \d+|one of",
    "AB1702": r"need [\d,.]+ MiB .* [\d,.]+ MiB are free",
    "AB1903": r"process has \d+|CPU \d+",
    "AB1907": r"after \d+ s",
    "AB1908": r"\d+ bytes",
}
"""The bound, or the set of right names, that a text of a code must give."""


def golden_faults() -> list[str]:
    """Read every golden line against the rule place, value, bound, hint; return what does not hold."""
    faults: list[str] = []
    for golden in sorted(BROKEN.glob("*.golden")):
        source = golden.with_suffix(".yaml").read_text("utf-8", "replace").splitlines()
        told = golden.read_text(encoding="utf-8").splitlines()
        faults += [f"{golden.name}: says nothing"] * (not told)
        faults += [f"{line}: {fault}" for line in told for fault in _faults(line, source)]
    return faults


def _faults(told: str, source: list[str]) -> Iterator[str]:
    match = _LINE.match(told)
    if match is None:
        yield "no place"
        return
    line, column, code, rest = int(match["line"]), int(match["column"]), match["code"], match["rest"]
    message, separator, hint = rest.rpartition("; ")
    if not 1 <= line <= len(source) + 1 or (line <= len(source) and column > len(source[line - 1]) + 1):
        yield "the place is not in the file"
    if not separator or len(hint.split()) < 2:
        yield "no hint"
    if code not in BOUNDS or not re.search(BOUNDS[code], rest):
        yield f"no bound or right names: {BOUNDS.get(code, 'the code has no row in BOUNDS')}"
    if not _names_value(message, source[line - 1][max(0, column - 1) :] if line <= len(source) else "", code):
        yield "does not name what is there"


def _names_value(message: str, there: str, code: str) -> bool:
    """Whether the text repeats what stands at its place: a word of it, its shape, or that there is nothing."""
    if code == "AB1601":
        return "(hidden)" in message
    if code in ("AB1011", "AB1102") or "nothing (null)" in message or not there.strip():
        return True
    if there.startswith(("[", "{")) and ("a list" in message or "a mapping" in message):
        return True
    if (
        there.lstrip("\"'").startswith("$")
        or there[0] == "\ufffd"
        or not there[0].isprintable()
        or there.startswith(('""', "''"))
    ):
        # An expanded variable is told by its value, a control character by its number, an empty text by its quotes.
        return "'" in message or "U+" in message or "byte 0x" in message or "variable" in message
    words = re.findall(r"[^\s\"',:{}\[\]]+", there)[:1] + re.findall(r"[\w.-]{2,}", there)[:30]
    return any(word[:60] in message for word in words or there[:1])


def mutations(count: int, first_seed: int = 1) -> tuple[int, int, list[str]]:
    """Break the rich topology so many times; returns refusals, acceptances and what does not hold."""
    text = RICH.read_text(encoding="utf-8")
    refused = accepted = 0
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mutated.yaml"
        for seed in range(first_seed, first_seed + count):
            mutation = mutate(text, seed)
            file.write_text(mutation.text, encoding="utf-8")
            errors = [problem for problem in _checked(file).problems if problem.is_error]
            refused += bool(errors)
            accepted += not errors
            if mutation.right is not None and mutation.right == bool(errors):
                faults.append(f"{mutation.what}: {'refused' if errors else 'accepted'}: {errors[:1]}")
            node = range(mutation.first, mutation.last + 1)
            faults += [
                f"{mutation.what}: lines {mutation.first} to {mutation.last}: {problem.format_text()}"
                for problem in errors
                if not _is_about(problem, node)
            ]
    return refused, accepted, faults


def _checked(file: Path) -> Checked:
    before = list(sys.path)
    try:
        return check_file(file, env={}, app_dir=BROKEN)
    finally:
        sys.path[:] = before


def _is_about(problem: Problem, node: range) -> bool:
    return problem.line in node or bool(lines_named(problem.message) & set(node))


class Harm(NamedTuple):
    """What hostile files did."""

    files: int
    seconds: float
    """Of the processor, the longest."""
    clock: float
    """By the clock, the longest; more where the machine does other work."""
    mebibytes: float
    """More anonymous memory than before, the most."""
    codes: Counter[str]
    faults: list[str]


def hostile(count: int = HOSTILE_FILES) -> Harm:
    """Check hostile files, one after the other, in this process."""
    faults: list[str] = []
    codes: Counter[str] = Counter()
    figures: list[_Figures] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hostile.yaml"
        file.write_text("version: 1\nname: first\n", encoding="utf-8")
        _ = check_file(file, env={})  # what is imported once is not the file's doing
        for name, data in hostile_files(count):
            file.write_bytes(data)
            try:
                figure = _measured(file)
            except Exception as error:  # noqa: BLE001 - what gets out of the check is what is looked for
                faults.append(f"{name}: {type(error).__name__}: {str(error)[:100]}")
                continue
            figures.append(figure)
            codes.update({problem.code for problem in figure.checked.problems} or {"accepted"})
            if figure.seconds > SECONDS_MAX * figure.slowness or figure.mebibytes > MIB_MAX:
                slow = f" of a machine {figure.slowness:.1f} times as slow as usual" if figure.slowness > 1 else ""
                faults.append(f"{name}: {figure.seconds:.1f} s{slow}, {figure.mebibytes:.0f} MiB")
    return Harm(
        len(figures),
        max(figure.seconds for figure in figures),
        max(figure.clock for figure in figures),
        max(figure.mebibytes for figure in figures),
        codes,
        faults,
    )


class _Figures(NamedTuple):
    seconds: float
    clock: float
    mebibytes: float
    slowness: float
    checked: Checked


def _measured(file: Path) -> _Figures:
    """Check a file while a thread looks at the anonymous memory of this process every 5 ms."""
    peak = before = _anonymous_kib()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, _anonymous_kib())

    watcher = threading.Thread(target=watch)
    slow = slowness()
    watcher.start()
    began, clock = time.thread_time(), time.monotonic()
    try:
        checked = check_file(file, env={})
    finally:
        seconds, clock = time.thread_time() - began, time.monotonic() - clock
        done.set()
        watcher.join()
    slow = max(slow, slowness())  # the machine changes its speed within seconds
    return _Figures(seconds, clock, (max(peak, _anonymous_kib()) - before) / 1024, slow, checked)


def _anonymous_kib() -> int:
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("RssAnon")).split()[1])


def line_1() -> str:
    """Goldens against the rule, 500 mutations, 200 hostile files."""
    goldens = len(list(BROKEN.glob("*.golden")))
    faults = golden_faults()
    refused, accepted, wrong = mutations(MUTATIONS)
    harm = hostile()
    faults += wrong + harm.faults
    if goldens < GOLDENS_LEAST or harm.files < HOSTILE_FILES:
        faults.append(f"only {goldens} goldens, {harm.files} hostile files")
    if faults:
        raise Failed(f"{len(faults)} do not hold: " + " | ".join(faults[:5]))
    return (
        f"{goldens} broken topologies read against the rule, 0 faults; {MUTATIONS} mutations (seeds 1 to {MUTATIONS}): "
        f"{refused} refused, each problem on or naming a line of the node, {accepted} accepted, 0 faults; "
        f"{harm.files} hostile files: at most {harm.seconds:.2f} s of the processor ({harm.clock:.2f} s by the clock) "
        f"and {harm.mebibytes:.1f} MiB more, {len(harm.codes) - ('accepted' in harm.codes)} codes, "
        f"{harm.codes['accepted']} accepted"
    )
