"""Classes by name: found, or told why not in the application's own terms."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.topology.classes import ClassFinder, first_on_path, shelf_classes


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with modules, first on sys.path; what they import is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "right_app.py").write_text("class Outer:\n    class Inner: ...\nVALUE = 3\n", encoding="utf-8")
    (tmp_path / "raising_app.py").write_text("\n\nraise ValueError('no luck')\n", encoding="utf-8")
    (tmp_path / "exiting_app.py").write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    (tmp_path / "syntax_app.py").write_text("x = 1\ndef broken(:\n", encoding="utf-8")
    (tmp_path / "nested_app.py").write_text("import no_such_dependency\n", encoding="utf-8")
    (tmp_path / "chain_app.py").write_text("import raising_app\n", encoding="utf-8")
    first_on_path(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.endswith("_app"):
            del sys.modules[name]


def test_the_shelf_is_found_with_its_entry_points_or_without() -> None:
    shelf = shelf_classes()

    assert shelf["csv_replay"] == "actorbus_handlers:CsvReplay"
    assert {"count", "print", "bars", "range_alarm"} <= set(shelf)


def test_a_name_of_the_shelf_is_its_class(app: Path) -> None:
    found = ClassFinder(app).find("count").found

    assert isinstance(found, type)
    assert issubclass(found, ab.Handler)


@pytest.mark.parametrize(
    "name", ["right_app:Outer", "right_app:Outer.Inner", "right_app:VALUE", "collections.abc:Mapping"]
)
def test_module_and_class_are_found(app: Path, name: str) -> None:
    assert ClassFinder(app).find(name).found is not None


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("cuont", "AB1301", "did you mean 'count'?"),
        ("rigth_app:Outer", "AB1302", "did you mean 'right_app'?"),
        ("right_app.sub:Outer", "AB1302", "right_app.sub"),
        ("raising_app:X", "AB1302", "raising_app.py:3: ValueError: no luck"),
        ("exiting_app:X", "AB1302", "SystemExit: 3"),
        ("syntax_app:X", "AB1302", "syntax_app.py:2: SyntaxError"),
        ("nested_app:X", "AB1302", "nested_app.py:1: ModuleNotFoundError: No module named 'no_such_dependency'"),
        ("chain_app:X", "AB1302", "chain_app.py:1: ValueError"),
        ("right_app:Outre", "AB1303", "did you mean 'Outer'?"),
        ("right_app:Outer.Iner", "AB1303", "did you mean 'Inner'?"),
    ],
)
def test_what_is_not_found_is_told(app: Path, name: str, code: str, told: str) -> None:
    lookup = ClassFinder(app).find(name)

    assert lookup.found is None
    assert lookup.code == code
    assert told in f"{lookup.message}; {lookup.hint}"


def test_a_module_that_raises_is_imported_once_a_check(app: Path) -> None:
    (app / "counting_app.py").write_text("import right_app\nright_app.VALUE += 1\nraise KeyError\n", encoding="utf-8")
    finder = ClassFinder(app)

    for _ in range(3):
        finder.find("counting_app:X")

    assert sys.modules["right_app"].VALUE == 4


def test_a_folder_is_put_first_once(app: Path) -> None:
    first_on_path(app.parent)
    first_on_path(app)
    first_on_path(app)

    assert sys.path[:2] == [str(app), str(app.parent)]
    assert sys.path.count(str(app)) == 1
