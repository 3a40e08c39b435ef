"""Build `actorbus._native`, the one cffi module (architecture D3, D8).

How a build goes
  1. The regions between `/* cffi:begin */` and `/* cffi:end */` of the headers in HEADERS, in that order, become
     the cdef: the headers are the manual and the declaration at once.
  2. The preamble includes `ab.h` (all headers), hand-written wrappers that release the GIL for the functions that wait,
     and `ab_ports.c.inc` (builtins and types for the per-message path). Then it redefines Py_BEGIN/END_ALLOW_THREADS as
     `{` and `}`: cffi's generated code follows, so **every other call keeps the GIL**.
  3. All `native/ab_*.c` are compiled into the module; CPython's limited API 3.12, so one abi3 file serves every
     later one.

Two ways in, the same result: setuptools (`cffi_modules=["native/build_native.py:ffibuilder"]`, paths relative to
the project as setuptools wants them), and `python native/build_native.py`, which puts `actorbus/_native.abi3.so` in
place. The second may be run by several at once: each builds in a directory of its own and moves the file in at the
end.

A function waits when its name ends in `_wait` or is in WAITING.
tests/unit/ffi/test_native.py holds that no other releases the GIL.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from cffi import FFI

NATIVE = Path(__file__).resolve().parent if "__file__" in globals() else Path("native").resolve()
ROOT = NATIVE.parent
MODULE = "actorbus._native"

# In order: a header may use the types of those before it.
HEADERS = (
    "ab_result.h",
    "ab_aeron.h",
    "ab_slot.h",
    "ab_clock.h",
    "ab_cpu.h",
    "ab_memory.h",
    "ab_counters.h",
    "ab_histogram.h",
    "ab_stats_layout.h",
    "ab_stats.h",
    "ab_frame.h",
    "ab_layout.h",
    "ab_msgpack.h",
    "ab_wait.h",
    "ab_quarantine.h",
    "ab_endpoint.h",
    "ab_offer.h",
    "ab_gather.h",
    "ab_poll.h",
    "ab_driver.h",
    "ab_client.h",
    "ab_local.h",
    "ab_record.h",
    "ab_crc32c.h",
    "ab_journal.h",
    "ab_journal_port.h",
    "ab_marks.h",
    "ab_replay.h",
    "ab_floor.h",
)

# Functions that wait although their name does not end in `_wait`.
WAITING = ("ab_wait",)

DEFINES = [("Py_LIMITED_API", "0x030C0000"), ("_GNU_SOURCE", "1")]
FLAGS = [
    "-std=gnu11",
    "-O2",
    "-pthread",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Werror=implicit-function-declaration",
    "-Werror=incompatible-pointer-types",
]
# The table calls clock_gettime, dlopen, pthread_*: all in libc since glibc 2.34; asked for by name for older ones.
LIBRARIES = ["pthread", "dl", "rt", "m"] if sys.platform.startswith("linux") else []

_REGION = re.compile(r"/\* cffi:begin \*/(.*?)/\* cffi:end \*/", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_PROTOTYPE = re.compile(r"^\s*([A-Za-z_][\w\s]*?[\s*]+)(ab_\w+)\s*\(([^()]*)\)\s*;", re.MULTILINE)


def declarations() -> str:
    """Return the cdef: the cffi regions of the headers, comments removed."""
    parts: list[str] = []
    for name in HEADERS:
        regions = _REGION.findall((NATIVE / name).read_text(encoding="utf-8"))
        parts.extend(_COMMENT.sub("", region) for region in regions)
    return "\n".join(parts)


def waiting_functions(cdef: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return (result type, name, [(parameter type, parameter name)]) of the functions that release the GIL."""
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    for result, name, parameters in _PROTOTYPE.findall(cdef):
        if not (name.endswith("_wait") or name in WAITING):
            continue
        pairs: list[tuple[str, str]] = []
        for parameter in parameters.split(","):
            text = " ".join(parameter.split())
            if text in {"", "void"}:
                continue
            match = re.fullmatch(r"(.*?[\s*])(\w+)", text)
            if match is None:
                raise SystemExit(f"build_native: parameter {text!r} of {name} has no name; give it one in its header")
            pairs.append((match[1].strip(), match[2]))
        found.append((" ".join(result.split()), name, pairs))
    return found


def gil_wrapper(result: str, name: str, parameters: list[tuple[str, str]]) -> str:
    """Return C that makes calls of `name` release the GIL."""
    declared = ", ".join(f"{kind} {word}" for kind, word in parameters) or "void"
    passed = ", ".join(word for _, word in parameters)
    keep, give = ("", "") if result == "void" else (f"{result} value_ = ", " return value_;")
    return (
        f"static {result} _gil_{name}({declared}) {{ PyThreadState *state_ = PyEval_SaveThread(); "
        f"{keep}{name}({passed}); PyEval_RestoreThread(state_);{give} }}\n#define {name} _gil_{name}\n"
    )


def preamble(cdef: str) -> str:
    """Return the C that stands before cffi's generated wrappers."""
    wrappers = "".join(gil_wrapper(*function) for function in waiting_functions(cdef))
    return (
        f'#include "ab.h"\n{wrappers}#include "ab_ports.c.inc"\n'
        "#undef Py_BEGIN_ALLOW_THREADS\n#undef Py_END_ALLOW_THREADS\n"
        "#define Py_BEGIN_ALLOW_THREADS {\n#define Py_END_ALLOW_THREADS }\n"
    )


def make_builder(base: Path | None) -> FFI:
    """Return the cffi builder with paths relative to `base` (None: absolute)."""

    def located(path: Path) -> str:
        return str(path) if base is None else os.path.relpath(path, base)

    cdef = declarations()
    builder = FFI()
    builder.cdef(cdef)
    builder.set_source(
        MODULE,
        preamble(cdef),
        sources=[located(path) for path in sorted(NATIVE.glob("ab_*.c"))],
        depends=[located(path) for path in sorted([*NATIVE.glob("ab*.h"), *NATIVE.glob("*.inc")])],
        include_dirs=[located(NATIVE)],
        define_macros=DEFINES,
        extra_compile_args=FLAGS,
        extra_link_args=["-pthread"],
        libraries=LIBRARIES,
        py_limited_api=True,
    )
    return builder


def build_in_place() -> Path:
    """Compile and move the module to `actorbus/_native.abi3.so`; return its path."""
    target = ROOT / "actorbus" / "_native.abi3.so"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="actorbus-native-") as work:
        built = make_builder(None).compile(tmpdir=work, target="_native.abi3.so")
        staged = target.with_name(f".{target.name}.{os.getpid()}")
        staged.write_bytes(Path(built).read_bytes())
        staged.chmod(0o755)
        os.replace(staged, target)
    return target


if __name__ == "__main__":
    print(build_in_place())
else:
    ffibuilder = make_builder(ROOT)
