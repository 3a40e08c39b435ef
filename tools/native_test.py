"""Build and run the C tests of native/tests in four ways: plain, ASan + UBSan, TSan, and under valgrind's memcheck.

    python tools/native_test.py                   all ways that this machine can
    python tools/native_test.py plain tsan        only these
    python tools/native_test.py --only test_slot  only the tests whose name contains this

Each `native/tests/test_*.c` is a program of its own, linked with all of `native/ab_*.c` and with the helpers beside it
(the other `.c` files there, like the fake Aeron). It ends with 0 when it holds. A test that cannot run one way says so
in its first lines: `/* not-under: tsan (forks) */`; that is printed. One that wants more of the linker does likewise:
`/* link: -Wl,--wrap=malloc */`. Built in native/build/, only where inputs changed.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
TESTS = NATIVE / "tests"
BUILD = NATIVE / "build"
TIMEOUT_S = 240
COMPILER = os.environ.get("CC") or next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), "cc")
COMMON = ["-std=gnu11", "-g", "-pthread", "-Wall", "-Wextra", "-Wno-unused-parameter", "-D_GNU_SOURCE=1"]
LIBRARIES = ["-ldl", "-lrt", "-lm"]
NOT_UNDER = re.compile(r"/\*\s*not-under:\s*(?P<ways>[\w ]+?)\s*\((?P<why>[^)]*)\)\s*\*/")


LINK = re.compile(r"/\*\s*link:\s*(?P<flags>-Wl,[\w=,-]+)\s*\*/")


class Way(NamedTuple):
    """One way to build and run every test."""

    build: str
    flags: tuple[str, ...]
    before: tuple[str, ...] = ()
    environment: Mapping[str, str] = MappingProxyType({})


def ways() -> dict[str, Way]:
    """Return the ways, by name."""
    # Warnings are errors here, and only here: sanitizers warn about what they cannot see, not about the code.
    strict = ("-O2", "-Werror")
    # Address space that is laid out at random confuses older TSan run-times; harmless where it is not needed.
    still = ("setarch", platform.machine(), "-R") if shutil.which("setarch") else ()
    asan = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"}
    memcheck = "valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible"
    sanitize = ("-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    return {
        "plain": Way("plain", strict),
        "asan": Way("asan", sanitize, environment=asan),
        "tsan": Way("tsan", ("-O1", "-fsanitize=thread"), still, {"TSAN_OPTIONS": "halt_on_error=1:exitcode=9"}),
        "valgrind": Way("plain", strict, tuple(memcheck.split())),
    }


def head_of(test: Path) -> str:
    """Return the lines where a test says how it is built and run."""
    return test.read_text(encoding="utf-8")[:2000]


def stale(target: Path, inputs: list[Path]) -> bool:
    """Return whether a target is missing or older than one of its inputs."""
    return not target.exists() or any(path.stat().st_mtime_ns > target.stat().st_mtime_ns for path in inputs)


def compile_one(source: Path, target: Path, flags: tuple[str, ...]) -> str:
    """Compile one source; return the compiler's complaint, empty when there is none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [COMPILER, *COMMON, *flags, f"-I{NATIVE}", f"-I{TESTS}", "-c", str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def build(way: Way, tests: list[Path], workers: ThreadPoolExecutor) -> dict[Path, Path]:
    """Build every test for a way; return test source to program. Ends the run on a compiler's complaint."""
    folder = BUILD / way.build
    headers = [*NATIVE.glob("*.h"), *NATIVE.glob("*.inc"), *TESTS.glob("*.h"), Path(__file__)]
    helpers = [path for path in TESTS.glob("*.c") if not path.name.startswith("test_")]
    sources = [*sorted(NATIVE.glob("ab_*.c")), *sorted(helpers), *tests]
    objects = {source: folder / f"{source.parent.name}-{source.stem}.o" for source in sources}
    todo = [source for source in sources if stale(objects[source], [source, *headers])]
    complaints = [text for text in workers.map(lambda each: compile_one(each, objects[each], way.flags), todo) if text]
    if complaints:
        raise SystemExit("\n".join(complaints))
    shared = [objects[source] for source in sources if source not in tests]

    def link(test: Path) -> str:
        target = folder / test.stem
        inputs = [objects[test], *shared]
        if not stale(target, inputs):
            return ""
        wish = LINK.search(head_of(test))
        flags = [wish["flags"]] if wish else []
        command = [COMPILER, *COMMON, *way.flags, *flags, *map(str, inputs), *LIBRARIES, "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"{test.name} does not link:\n{done.stderr}"

    complaints = [text for text in workers.map(link, tests) if text]
    if complaints:
        raise SystemExit("\n".join(complaints))
    return {test: folder / test.stem for test in tests}


def run(way: Way, program: Path) -> tuple[bool, str, float]:
    """Run one program; return whether it held, what it said, and how long it took in seconds."""
    began = time.monotonic()
    command = [*way.before, str(program)]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **way.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        return False, f"{said}\nstill running after {TIMEOUT_S} s", time.monotonic() - began
    return done.returncode == 0, f"{done.stdout}\nended with {done.returncode}", time.monotonic() - began


def excuse(test: Path, name: str) -> str | None:
    """Return why a test does not run this way, None when it does."""
    found = NOT_UNDER.search(head_of(test))
    return found["why"] if found and name in found["ways"].split() else None


def main() -> int:
    """Run what was asked for; return 0 when everything held."""
    known = ways()
    parser = argparse.ArgumentParser(description="Build and run the C tests of native/tests.")
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"of {', '.join(known)}; all when none is given")
    parser.add_argument("--only", default="", metavar="TEXT", help="only tests whose name contains this")
    chosen = parser.parse_args()
    if wrong := [name for name in chosen.ways if name not in known]:
        parser.error(f"{', '.join(wrong)}: not one of {', '.join(known)}")
    tests = [path for path in sorted(TESTS.glob("test_*.c")) if chosen.only in path.name]
    if not tests:
        parser.error(f"no test in native/tests has {chosen.only!r} in its name")
    failed: list[str] = []
    ran = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        for name in chosen.ways or known:
            if name == "valgrind" and shutil.which("valgrind") is None:
                print("native: valgrind is not installed, so memcheck is skipped (make test-system installs it)")
                continue
            way = known[name]
            programs = build(way, tests, workers)
            for test in tests:
                if why := excuse(test, name):
                    print(f"native: {name:8} {test.stem}: not run ({why})")
            due = [test for test in tests if excuse(test, name) is None]
            results = workers.map(run, [way] * len(due), [programs[test] for test in due])
            for test, (held, said, seconds) in zip(due, results, strict=True):
                ran += 1
                print(f"native: {name:8} {test.stem}: {'ok' if held else 'FAILED'} ({seconds:.1f} s)", flush=True)
                if not held:
                    failed.append(f"{test.stem} ({name})")
                    print(said)
    print(f"native: {ran - len(failed)} of {ran} runs held" + (f"; not: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
