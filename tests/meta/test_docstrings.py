"""Every public name says what it is, takes, returns and raises, in which units, on which thread, and from where.

The rule is tests/support/docrules.py; here it is held for the whole face, and shown to refuse what it should.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

import actorbus as ab
from actorbus.errors import ClosedError, InvalidValue, UsageError
from actorbus.units import duration_ns
from tests.support import docrules
from tests.support.docrules import Asked
from tests.support.raised import raised_by

FACES: tuple[ModuleType, ...] = (ab, ab.testing)
ROOT = Path(__file__).resolve().parents[2]


def face() -> Iterator[Asked]:
    for module in FACES:
        yield from docrules.asked(module)


def files_of_the_face() -> list[Path]:
    """Return the files that define a public name, and the one of all bounds."""
    homes = {inspect.getsourcefile(one.function or one.value) for one in face() if _has_source(one)}
    return sorted({Path(home) for home in homes if home} | {ROOT / "actorbus" / "limits.py"})


def _has_source(one: Asked) -> bool:
    return one.function is not None or inspect.isclass(one.value)


def test_every_public_name_says_what_the_rule_asks() -> None:
    found = list(face())
    lacking = [text for one in found for text in docrules.missing(one)]
    assert lacking == [], f"{len(lacking)} of {len(found)}:\n" + "\n".join(lacking)


def test_every_number_of_the_face_says_where_it_comes_from() -> None:
    silent = [name for path in files_of_the_face() for name, said in docrules.constants(path) if not said]
    assert silent == [], "\n".join(silent)


def test_the_rule_looks_at_all_there_is() -> None:
    names = {one.name for one in face()}
    assert set(ab.__all__) | set(ab.testing.__all__) <= names
    assert {"Node.from_yaml", "Handler.every", "Meta.sequence", "Quote.bid_decimal", "Bus.expect"} <= names
    assert len(names) > 200


# ---- the rule refuses what it should ---------------------------------------------------------------------------------


def raising(value: int) -> int:
    """Return the value that was given, on any thread."""
    if value < 0:
        raise UsageError("below zero")
    return value


def calling(text: str) -> int:
    """Return what the text means, on any thread."""
    return duration_ns(text)


def catching(text: str) -> int:
    """Return what the text means, or zero, on any thread."""
    try:
        return duration_ns(text)
    except UsageError:
        return 0


def waiting(timeout: float) -> None:
    """Wait for the timeout to pass, on any thread."""


def silent_on_a_parameter(value: int, other: int) -> int:
    """Return the value that was given, on any thread."""
    return value


def silent_on_its_answer(value: int) -> int:
    """Double the value, on any thread."""
    return 2 * value


class Living:
    """Does something with a resource."""

    def close(self) -> None:
        """Close it; idempotent."""
        self._close()

    def _close(self) -> None:
        raise ClosedError("twice")


class Record(msgspec.Struct, frozen=True):
    """What a run counted, by name."""

    name: str
    waited_ns: int
    """How long it took."""
    unsaid: int


def of(value: object, owner: type | None = None) -> str:
    name = getattr(value, "__name__", "?")
    return "\n".join(docrules.missing(Asked(name, value, inspect.getdoc(value) or "", owner)))


@pytest.mark.parametrize(
    ("value", "owner", "says"),
    [
        (raising, None, "it can raise UsageError"),
        (calling, None, "it can raise InvalidValue"),
        (waiting, None, "the unit of timeout is not said"),
        (silent_on_a_parameter, None, "parameter other is not named"),
        (silent_on_its_answer, None, "does not say what it returns (int)"),
        (Living.close, Living, "it can raise ClosedError"),
        (Record, None, "the unit of field waited_ns is not said"),
        (Record, None, "field unsaid is not described"),
    ],
)
def test_a_docstring_that_lacks_something_is_refused(value: object, owner: type | None, says: str) -> None:
    assert says in of(value, owner)


def test_a_class_with_behaviour_must_say_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "__doc__", "The head of a file that says nothing of it.")
    assert "on which thread" in of(Living)
    assert "on which thread" not in of(Record)


def test_an_error_that_is_caught_is_not_asked_for() -> None:
    assert raised_by(calling) == {InvalidValue}
    assert raised_by(catching) == set()


def test_a_number_without_a_source_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docrules, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text(
        'A = 5\n\nB = 2 * 8  # [A] Aeron\'s\nC = 1\nD = 2\n"""Both measured."""\nE = "text"\n'
    )
    assert list(docrules.constants(tmp_path / "a.py")) == [
        ("a.py:1 A", False), ("a.py:3 B", True), ("a.py:4 C", True), ("a.py:5 D", True),
    ]  # fmt: skip
