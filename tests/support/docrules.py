"""The rule for docstrings of the public face, as functions: what is asked, of whom, and what is missing.

Asked of every name of `actorbus` and `actorbus.testing`, of the public members of their classes, and of the fields of
their records:

* summary: a first sentence of three words or more that ends.
* parameters: each is named in the docstring (for `__init__`: in its own or the class's); so is what is returned.
* units: a time, size, price or position (by its name) has its unit said; an array has its shape.
* fields: each field of a record is named in the class's docstring, has a text under it, or a description.
* errors: each error that the body, or a function of ours that it calls, raises or declares in `Raises:` is under
  `Raises:` of it or of its class (or a parent of it is). InternalError need not: it is a bug of ours.
* thread: a class with behaviour, and a function, says "thread" in its docstring or at the head of its file. Values
  (errors, enumerations, numbers, immutable records, types) are any thread's and need not say so.
* source: a number that a file of the face fixes says where it comes from, in a text under it or a comment.

Every check returns sentences; none means that it holds. Pure functions of source and annotations.
"""

from __future__ import annotations

import ast
import enum
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, get_origin

import msgspec

from tests.support.raised import raised_by

__all__ = ["Asked", "asked", "constants", "missing"]

ROOT = Path(__file__).resolve().parents[2]
QUANTITIES = re.compile(
    r"(^|_)(ns|time|timeout|within|interval|delay|deadline|seconds|bytes|length|position|price|quantity|size)$"
)
UNITS = re.compile(
    r"\bseconds?\b|\bnanoseconds?\b|\bns\b|\bepoch\b|\bbytes?\b|\b1e-\d|`?\"?\d+(?:ms|s|m|k)\"?\b|\btimedelta\b"
    r"|\bduration\b|\bPrice\b|\bQuantity\b"
)
VALUES = (BaseException, enum.Enum, int, str)


class Asked(NamedTuple):
    """One thing of the face: where it is, what it is, its docstring, and that of the class it belongs to."""

    name: str
    value: object
    text: str
    owner: type | None

    @property
    def function(self) -> Callable[..., object] | None:
        """The function behind a function, method, class method or property."""
        value = self.value.fget if isinstance(self.value, property) else getattr(self.value, "__func__", self.value)
        return value if inspect.isfunction(value) else None


def asked(module: ModuleType) -> Iterator[Asked]:
    """Yield what a module's `__all__` names, and the public members of its classes."""
    for name in module.__all__:
        value: object = getattr(module, name)
        if inspect.isclass(value) and get_origin(value) is None:
            yield Asked(name, value, inspect.getdoc(value) or "", None)
            yield from _members(name, value)
        elif inspect.isfunction(value) or isinstance(value, ModuleType):
            yield Asked(name, value, inspect.getdoc(value) or "", None)
        else:
            yield Asked(name, value, _text_under(module, name), None)


def _members(name: str, cls: type) -> Iterator[Asked]:
    for member_name, member in vars(cls).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        is_constructor = member_name == "__init__" and not issubclass(cls, msgspec.Struct)
        if not inspect.isfunction(function) or not (is_constructor or not member_name.startswith("_")):
            continue
        if not (inspect.getsourcefile(function) or "").startswith(str(ROOT)):
            continue  # made by Protocol or NamedTuple
        text = inspect.getdoc(getattr(cls, member_name)) or ""
        if is_constructor:
            ours = [base for base in cls.__mro__ if base.__module__.startswith("actorbus")]
            shared = ours if issubclass(cls, BaseException) else ours[:1]  # what, where, why, hint: said once
            text = "\n\n".join([*(inspect.getdoc(base) or "" for base in shared), function.__doc__ or ""])
        yield Asked(f"{name}.{member_name}", member, text, cls)


def _text_under(module: ModuleType, name: str) -> str:
    """Return the text under an assignment, wherever in the package it is made."""
    homes = sorted((ROOT / "actorbus").rglob("*.py"))
    for home in homes:
        source = home.read_text(encoding="utf-8")
        if re.search(rf"^(type )?{re.escape(name)}\b[^(\n]*=", source, re.MULTILINE):
            body = ast.parse(source).body
            for statement, text in itertools.pairwise(body):
                if name in _targets(statement) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                    return str(text.value.value)
    return ""


def _targets(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Assign(targets=targets):
            flat = [one for target in targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
        case ast.AnnAssign(target=target) | ast.TypeAlias(name=target):
            flat = [target]
        case _:
            flat = []
    return [one.id for one in flat if isinstance(one, ast.Name)]


# ---- the checks ------------------------------------------------------------------------------------------------------


def missing(one: Asked) -> list[str]:
    """Return what a docstring lacks, a sentence each."""
    found = _summary(one)
    function = one.function
    if function is not None:
        found += _parameters(one, function) + _errors(one, function)
    if inspect.isclass(one.value):
        found += _fields(one.value)
    return [f"{one.name}: {text}" for text in [*found, *_thread(one)]]


def _summary(one: Asked) -> list[str]:
    first = " ".join(one.text.strip().split("\n\n")[0].split())
    if len(first.split()) < 3:
        return [f"its summary is {first!r}: three words or more"]
    return [] if re.search(r"[.!?:]\W*$", first) else [f"its summary does not end: {first[-40:]!r}"]


def _parameters(one: Asked, function: Callable[..., object]) -> list[str]:
    found: list[str] = []
    signature = inspect.signature(function)
    for name, parameter in signature.parameters.items():
        if name in ("self", "cls"):
            continue
        if not _named(name, one.text):
            found.append(f"parameter {name} is not named")
        found += _unit(name, str(parameter.annotation), one.text)
    answer = str(signature.return_annotation)
    said = re.search(r"\b(return|yield|make|give|read|get|take)s?\b", one.text, re.IGNORECASE)
    if not isinstance(one.value, property) and answer not in ("None", "Self", "NoReturn") and not said:
        found.append(f"it does not say what it returns ({answer})")
    return found + _unit(one.name.rpartition(".")[2], answer, one.text)


def _unit(name: str, annotation: str, text: str) -> list[str]:
    if "ndarray" in annotation and "shape" not in text:
        return [f"the shape of {name} is not said"]
    is_number = re.search(r"\b(int|float|str|Price|Quantity)\b", annotation)
    if is_number and QUANTITIES.search(name) and not UNITS.search(text):
        return [f"the unit of {name} is not said"]
    return []


def _named(name: str, text: str) -> bool:
    """A parameter is named as it is written, or as the word it is: `stream` in "of a stream", `types` in "type"."""
    word = re.escape(name.removesuffix("s"))
    return re.search(rf"(?<![A-Za-z0-9]){word}s?(?![A-Za-z0-9])", text, re.IGNORECASE) is not None


def _fields(cls: type) -> list[str]:
    if not issubclass(cls, (msgspec.Struct, tuple)) or cls.__module__.startswith("msgspec"):
        return []
    under = texts_of_fields(cls)
    found: list[str] = []
    doc = inspect.getdoc(cls) or ""
    head = inspect.getdoc(inspect.getmodule(cls)) or ""
    for name, annotation in inspect.get_annotations(cls).items():
        if "ClassVar" in str(annotation):
            continue
        text = under.get(name, "")
        own = f"{text}\n{annotation}\n{doc}"
        if not (text or _named(name, doc) or _named(name, head) or "description=" in str(annotation)):
            found.append(f"field {name} is not described")
        elif _unit(name, str(annotation), f"{own}\n{head}"):
            found.append(f"the unit of field {name} is not said")
    return found


def texts_of_fields(cls: type) -> dict[str, str]:
    """Return the text under each field of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    return {
        field.target.id: str(text.value.value)
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _errors(one: Asked, function: Callable[..., object]) -> list[str]:
    of_class = inspect.getdoc(one.owner) or "" if one.owner is not None else ""
    section = one.text.partition("Raises:")[2] + of_class.partition("Raises:")[2]
    found: list[str] = []
    for error in sorted(raised_by(function, one.owner), key=lambda error: error.__name__):
        parents = [parent.__name__ for parent in error.__mro__ if parent not in (BaseException, Exception, object)]
        if not any(re.search(rf"\b{parent}\b", section) for parent in parents or [error.__name__]):
            found.append(f"it can raise {error.__name__}, which Raises: does not say")
    return found


def _thread(one: Asked) -> list[str]:
    value = one.value
    is_value = (inspect.isclass(value) and (issubclass(value, VALUES) or _is_record(value))) or one.owner is not None
    if is_value or not (inspect.isclass(value) or inspect.isfunction(value)):
        return []
    head = inspect.getdoc(inspect.getmodule(value)) or ""
    said = re.search(r"\bthreads?\b", one.text, re.IGNORECASE) or re.search(r"\bThread:|any thread\b", head)
    return [] if said else ["it does not say on which thread"]


def _is_record(cls: type) -> bool:
    return issubclass(cls, tuple) or (issubclass(cls, msgspec.Struct) and cls.__struct_config__.frozen)


# ---- constants -------------------------------------------------------------------------------------------------------


def constants(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the numbers a file fixes at its top level, `file:line NAME`, and whether each says where it comes from.

    It does in a text under it (one text may serve a group of neighbours), a comment beside it or right above it.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    body = ast.parse("\n".join(lines)).body
    for place, statement in enumerate(body):
        names = [name for name in _targets(statement) if re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name)]
        value = getattr(statement, "value", None)
        if not names or value is None or not _is_number(value):
            continue
        above, beside = lines[statement.lineno - 2].strip(), lines[statement.lineno - 1]
        said = above.startswith("#") or " # " in beside or _text_after(body, place)
        yield f"{path.relative_to(ROOT)}:{statement.lineno} {', '.join(names)}", said


def _text_after(body: list[ast.stmt], place: int) -> bool:
    for statement in body[place + 1 :]:
        if isinstance(statement, ast.Expr):
            return isinstance(statement.value, ast.Constant)
        before = body[body.index(statement) - 1]
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.lineno > (before.end_lineno or 0) + 1:
            return False
    return False


def _is_number(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=number):
            return isinstance(number, (int, float)) and not isinstance(number, bool)
        case ast.UnaryOp(operand=operand):
            return _is_number(operand)
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case ast.Tuple(elts=parts):
            return bool(parts) and all(_is_number(part) for part in parts)
        case _:
            return False
