"""House rules that no linter knows, over every file of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("actorbus", "native", "handlers", "config", "tests", "examples", "docs", "tools", ".ci")
SUFFIXES = {".py", ".pyi", ".c", ".h", ".inc", ".md", ".yaml", ".toml", ".sh", ".json", ""}
MADE = {"__pycache__", "build"}
LINES_MAX = 400
COLUMNS_MAX = {".c": 140, ".h": 140, ".inc": 140, ".sh": 140, ".yaml": 140}  # Python's 120 are ruff's to hold

# Files that may be longer, and why (each says at its head how to read it).
LONGER: dict[str, str] = {
    "native/tests/test_poll.c": "one fake stream, a section for each rule of ab_poll.h; its head says how to read it",
    "native/tests/test_wait.c": "likewise for ab_wait.h",
}

LEFTOVER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
# Paths of one machine and hosts of package registries: a clone works anywhere, with anyone's mirror.
# Each is cut in two so that this file does not name it either.
PLACES = re.compile(
    "|".join(
        re.escape(start + end)
        for start, end in (
            ("/wor", "k/"), ("/ro", "ot/"), ("pypi.o", "rg"), ("pythonhoste", "d."), ("npmjs.", "org"),
            ("npmjs.", "com"), ("crates.", "io"), ("proxy.gola", "ng"), ("deb.debi", "an"),
        )
    )
)  # fmt: skip
EXCEPTION = re.compile(r"#\s*(?:noqa|pyright:\s*ignore|type:\s*ignore)\b(?P<what>[^#\n]*)")
WITH_REASON = re.compile(r"(?::\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|\[[\w, -]+\])\s+- \S.*")


def files(*suffixes: str) -> Iterator[Path]:
    """Yield every file of ours with one of these suffixes (all of SUFFIXES when none is given)."""
    wanted = set(suffixes) or SUFFIXES
    paths = [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in sorted(paths):
        if path.is_file() and path.suffix in wanted and not MADE & set(path.relative_to(ROOT).parts):
            yield path


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").split("\n")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def matches(pattern: re.Pattern[str], *suffixes: str) -> list[str]:
    return [
        f"{name(path)}:{number}: {line.strip()[:100]}"
        for path in files(*suffixes)
        for number, line in enumerate(lines(path), 1)
        if pattern.search(line)
    ]


def test_no_source_file_is_longer_than_a_reader_can_hold() -> None:
    long = [
        f"{name(path)}: {count} lines, at most {LINES_MAX}"
        for path in files(".py", ".c", ".h", ".inc", ".sh")
        if (count := len(lines(path)) - 1) > LINES_MAX and name(path) not in LONGER
    ]
    assert not long, "\n".join(long)


def test_no_merge_is_left_half_done() -> None:
    """The changelog had both sides of one, and the page of the site showed them."""
    assert matches(re.compile(r"^(?:<{7}|>{7}) ")) == []


def test_no_line_of_code_is_longer_than_the_page() -> None:
    wide = [
        f"{name(path)}:{number}: {len(line)} columns"
        for path in files(*COLUMNS_MAX)
        for number, line in enumerate(lines(path), 1)
        if len(line) > COLUMNS_MAX[path.suffix]
    ]
    assert not wide, "\n".join(wide)


def test_files_end_with_one_newline_and_have_no_trailing_blanks() -> None:
    untidy: list[str] = []
    for path in files(".py", ".pyi", ".c", ".h", ".inc", ".md", ".yaml", ".toml", ".sh"):
        text = path.read_text(encoding="utf-8")
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            untidy.append(f"{name(path)}: does not end with exactly one newline")
        untidy += [
            f"{name(path)}:{n}: trailing blanks" for n, line in enumerate(text.split("\n"), 1) if line != line.rstrip()
        ]
    assert not untidy, "\n".join(untidy)


def test_nothing_is_left_over() -> None:
    assert not (found := matches(LEFTOVER, ".py", ".pyi", ".c", ".h", ".inc", ".sh", ".yaml", ".toml")), "\n".join(
        found
    )


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert not (found := matches(PLACES)), "\n".join(found)


def test_tests_never_sleep() -> None:
    """A test waits for an event with a deadline; a sleep is either too short or too long."""
    sleeping = [
        f"{name(path)}:{node.lineno}"
        for path in files(".py")
        if path.is_relative_to(ROOT / "tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr == "sleep")
            or (isinstance(node.func, ast.Name) and node.func.id == "sleep")
        )
    ]
    assert not sleeping, "\n".join(sleeping)


def test_every_exception_to_a_rule_says_why() -> None:
    unexplained = [
        f"{name(path)}:{number}: {line.strip()[-90:]}"
        for path in files(".py", ".pyi")
        if not path.is_relative_to(ROOT / "tests")
        for number, line in enumerate(lines(path), 1)
        for found in [*EXCEPTION.finditer(line)][-1:]
        if not WITH_REASON.match(found["what"])
    ]
    assert not unexplained, "write `# noqa: CODE - reason`:\n" + "\n".join(unexplained)


def test_every_file_begins_with_the_rules_of_its_room() -> None:
    headless = [
        name(path)
        for path in files(".py")
        if path.is_relative_to(ROOT / "actorbus")
        or path.is_relative_to(ROOT / "handlers")
        or path.parent.name == "tools"
        if path.read_text(encoding="utf-8").strip()
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    headless += [
        name(path)
        for path in files(".c", ".h", ".inc")
        if not path.read_text(encoding="utf-8").lstrip().startswith("/*")
    ]
    assert not headless, "\n".join(headless)
