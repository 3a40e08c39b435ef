"""The public face: one sorted list of names, each defined in one place, light to import, and without `Any`."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import actorbus

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "click",
    "cryptography",
    "jsonschema_rs",
    "lz4",
    "numpy",
    "prometheus_client",
    "pyaeron",
    "ruamel",
    "structlog",
)
PACKAGES = sorted(
    ".".join(path.parent.relative_to(base).parts)
    for base in (ROOT, ROOT / "handlers")
    for path in base.glob("actorbus*/**/__init__.py")
)

# What interface.md promises by name, as far as it is built.
PROMISED = {
    "Bar", "BookUpdate", "Control", "Event", "Handler", "MarketData", "Message", "Meta", "News", "Node", "Order",
    "Output", "Quote", "Source", "Status", "StreamEvent", "Topology", "Trade", "TradePrint", "on", "price", "quick",
    "ActorBusError", "BackPressured", "BrokenError", "ClosedError", "ConfigError", "DecodeError", "DriverLost",
    "EncodeError", "FrameCorrupt", "InternalError", "MessageTooLarge", "NativeError", "NotConnected", "Refused",
    "UnknownType", "UsageError",
}  # fmt: skip


def public() -> Iterator[tuple[str, object]]:
    return ((name, getattr(actorbus, name)) for name in actorbus.__all__)


def public_callables(value: object) -> Iterator[object]:
    """Yield the functions a user calls or overrides: a function itself, or the public ones of a class of ours."""
    if inspect.isfunction(value):
        yield value
    elif inspect.isclass(value):
        for name, member in vars(value).items():
            if not name.startswith("_") or name in {"__init__", "__new__", "__call__", "__enter__", "__iter__"}:
                member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    yield member


def test_every_promised_name_is_there() -> None:
    assert PROMISED - set(actorbus.__all__) == set()


def test_every_name_of_the_face_can_be_imported() -> None:
    assert [name for name in actorbus.__all__ if not hasattr(actorbus, name)] == []


def _place(name: str) -> tuple[object, ...]:
    """Constants, classes, functions; numbers in names by their value (Int8 before Int16), as ruff sorts them."""
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name)]
    return (not name.isupper(), not name[0].isupper(), parts)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_names_sorted_and_once(package: str) -> None:
    names = getattr(importlib.import_module(package), "__all__", None)
    assert names is not None, f"{package}/__init__.py has no __all__"
    assert list(names) == sorted(names, key=_place)
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_computes_nothing_when_it_is_imported(package: str) -> None:
    source = Path(inspect.getsourcefile(importlib.import_module(package)) or "")
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.FunctionDef, ast.If)
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            assert isinstance(target, ast.Name), f"{source}:{node.lineno}"
            assert target.id.startswith("__") or target.id.isupper(), f"{source}:{node.lineno}: {target.id} is computed"
        else:
            assert isinstance(node, allowed), f"{source}:{node.lineno}: {type(node).__name__} in a list of names"


def test_a_public_name_is_defined_in_one_place() -> None:
    """A class or function of the face lives in one module of ours, and that module lists it."""
    wrong: list[str] = []
    for name, value in public():
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        home = importlib.import_module(value.__module__)
        if not value.__module__.startswith("actorbus."):
            wrong.append(f"{name} comes from {value.__module__}")
        elif value.__name__ not in getattr(home, "__all__", [value.__name__]):
            wrong.append(f"{name} is not in the __all__ of {value.__module__}")
    assert not wrong, "\n".join(wrong)


def test_every_public_class_and_function_says_what_it_does() -> None:
    silent = [
        name for name, value in public() if (inspect.isclass(value) or inspect.isfunction(value)) and not value.__doc__
    ]
    assert silent == []


def test_the_public_face_has_no_any() -> None:
    wrong = [
        f"{function.__qualname__}({parameter}: {annotation})"
        for _, value in public()
        for function in public_callables(value)
        if inspect.isfunction(function)
        for parameter, annotation in function.__annotations__.items()
        if re.search(r"\bAny\b", str(annotation))
    ]
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_the_face_holds_no_module_but_those_it_lists() -> None:
    """What `import actorbus` shows beside its list is a submodule of ours or underscored, nothing borrowed."""
    borrowed = [
        name
        for name, value in vars(actorbus).items()
        if not name.startswith("_") and name not in actorbus.__all__ and name != "annotations"
        if not (isinstance(value, ModuleType) and value.__name__.startswith("actorbus."))
    ]
    assert borrowed == []


def test_importing_actorbus_loads_nothing_heavy() -> None:
    program = f"import sys, actorbus; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]", f"import actorbus loads {done.stdout.strip()}: import them where they are used"


def test_the_package_is_typed() -> None:
    assert (ROOT / "actorbus" / "py.typed").is_file()
    assert (ROOT / "handlers" / "actorbus_handlers" / "py.typed").is_file()
