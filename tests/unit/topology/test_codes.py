"""The catalogue: stable codes, each raised somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from actorbus.topology.codes import CATALOGUE, MACHINE_CODES, is_warning

PACKAGE = Path(__file__).resolve().parents[3] / "actorbus"


def test_codes_have_the_form_that_the_interface_shows() -> None:
    assert all(re.fullmatch(r"AB1\d{3}", code) for code in CATALOGUE)


def test_every_code_is_raised_somewhere_and_every_code_raised_is_in_the_catalogue() -> None:
    folders = (PACKAGE / "topology", PACKAGE / "channel", PACKAGE / "cli")
    sources = [path for folder in folders for path in folder.glob("*.py") if path.name != "codes.py"]
    raised = {code for path in sources for code in re.findall(r'"(AB1\d{3})"', path.read_text(encoding="utf-8"))}

    assert raised == set(CATALOGUE)


def test_warnings_are_those_of_the_last_hundred() -> None:
    assert {code for code in CATALOGUE if is_warning(code)} == {f"AB190{number}" for number in range(1, 9)}


def test_what_is_the_machines_fault_is_no_warning() -> None:
    assert set(CATALOGUE) > MACHINE_CODES
    assert not any(is_warning(code) for code in MACHINE_CODES)
