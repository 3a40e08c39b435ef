"""Every module has its test at the mirrored path, and every unit test has its module."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"
NOT_MIRRORED = {"__init__.py", "__main__.py"}  # re-exports and one call: tests/meta/test_exports.py holds them

# Units that have no module of their own, and why.
WITHOUT_A_MODULE: dict[str, str] = {}


def expected_tests() -> dict[Path, Path]:
    """Return module to test, for the package and the shelf."""
    pairs: dict[Path, Path] = {}
    for folder, mirror in ((ROOT / "actorbus", UNIT), (ROOT / "handlers" / "actorbus_handlers", UNIT / "handlers")):
        for module in sorted(folder.rglob("*.py")):
            if module.name not in NOT_MIRRORED:
                place = mirror / module.relative_to(folder).parent
                pairs[module] = place / f"test_{module.stem.strip('_')}.py"
    return pairs


def test_every_module_has_its_test() -> None:
    missing = [
        f"{module.relative_to(ROOT)} -> {test.relative_to(ROOT)}"
        for module, test in expected_tests().items()
        if not test.is_file()
    ]
    assert not missing, f"{len(missing)} modules without their test:\n" + "\n".join(missing)


def test_every_unit_test_has_its_module() -> None:
    known = set(expected_tests().values())
    orphans = [
        str(path.relative_to(ROOT))
        for path in sorted(UNIT.rglob("test_*.py"))
        if path not in known and str(path.relative_to(UNIT)) not in WITHOUT_A_MODULE
    ]
    assert not orphans, "tests without a module (renamed? moved?):\n" + "\n".join(orphans)


def test_every_test_file_tests_something() -> None:
    empty = [
        str(test.relative_to(ROOT))
        for test in expected_tests().values()
        if test.is_file() and "def test_" not in test.read_text(encoding="utf-8")
    ]
    assert not empty, f"no test function in {empty}"
