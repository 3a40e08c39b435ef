from __future__ import annotations

import re
import runpy
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actorbus.ffi.native import ffi, lib

ROOT = Path(__file__).resolve().parents[3]
NATIVE = ROOT / "native"


def build() -> dict[str, Any]:
    return runpy.run_path(str(NATIVE / "build_native.py"), run_name="build_native")


def test_the_stub_is_made_from_the_headers_as_they_are() -> None:
    stub = runpy.run_path(str(NATIVE / "make_stub.py"), run_name="make_stub")
    render: Callable[[str], str] = stub["render"]
    text = (ROOT / "actorbus" / "_native.pyi").read_text(encoding="utf-8")
    assert text == render(build()["declarations"]()), "run: python native/make_stub.py"


def test_every_declared_function_and_constant_is_in_the_module() -> None:
    stub = (ROOT / "actorbus" / "_native.pyi").read_text(encoding="utf-8")
    body = stub[stub.index("class _Lib:") :]
    names = re.findall(r"^    (?:def )?(\w+)[:(]", body, re.MULTILINE)
    assert len(names) > 100
    assert [name for name in names if not hasattr(lib, name)] == []


def test_every_waiting_function_releases_the_gil_and_no_other_does() -> None:
    """Architecture D3: the wrappers are the only place where the state is saved, and cffi's macros do nothing."""
    cdef = build()["declarations"]()
    preamble = build()["preamble"](cdef)
    released = set(re.findall(r"static [\w ]+\**\s*_gil_(\w+)\(.*PyEval_SaveThread", preamble))
    declared = set(re.findall(r"\b(ab_\w+)\s*\(", cdef))
    assert released == {name for name in declared if name.endswith("_wait")} | {"ab_wait"}
    assert {"ab_event_wait", "ab_client_connect_wait", "ab_driver_start_wait"} <= released
    tail = preamble[preamble.index("#undef Py_BEGIN_ALLOW_THREADS") :]
    assert "#define Py_BEGIN_ALLOW_THREADS {\n#define Py_END_ALLOW_THREADS }\n" in tail
    for path in NATIVE.glob("*.inc"):
        assert "SaveThread" not in path.read_text(encoding="utf-8")


def test_other_threads_run_while_one_waits() -> None:
    event = lib.ab_event_create()
    seen = lib.ab_event_word(event)
    result: list[int] = []
    deadline = time.monotonic_ns() + 60_000_000_000
    waiter = threading.Thread(target=lambda: result.append(lib.ab_event_wait(event, seen, ffi.NULL, deadline)))
    waiter.start()
    while lib.ab_event_sleepers(event) == 0:  # this thread runs: the waiter gave the GIL away
        assert time.monotonic_ns() < deadline
    lib.ab_event_bump(event)
    waiter.join(60)
    assert result == [lib.AB_WAKE]
    lib.ab_event_release(event)


def test_a_module_that_is_not_built_says_how_to_build_it() -> None:
    source = (ROOT / "actorbus" / "ffi" / "native.py").read_text(encoding="utf-8")
    assert "python native/build_native.py" in source
    assert (NATIVE / "build_native.py").exists()
