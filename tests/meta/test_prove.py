"""`make prove ISSUE=n LINE=m` says PASS or FAIL with a figure, or what is wrong with the question."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.prove import Failed
from tests.prove.__main__ import find, main


def broken() -> str:
    raise Failed("3 of 1000 missing")


def crashing() -> str:
    raise OSError("no space left")


@pytest.fixture(autouse=True)
def issue_999(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tests.prove.issue_999")
    module.__dict__.update(line_1=lambda: "1000 of 1000", line_2=broken, line_3=crashing)
    module.__spec__ = sys.modules["tests.prove"].__spec__
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_a_line_that_holds_passes_with_its_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["999", "1"]) == 0
    assert capsys.readouterr().out.startswith("PASS issue 999 line 1: 1000 of 1000 (")


def test_a_line_that_does_not_hold_fails_with_its_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["999", "2"]) == 1
    assert capsys.readouterr().out.startswith("FAIL issue 999 line 2: 3 of 1000 missing (")


def test_a_line_that_breaks_fails_with_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["999", "3"]) == 1
    assert "FAIL issue 999 line 3: OSError: no space left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["999", "7"], "has no line 7: there are 1, 2, 3"),
        (["998", "1"], "issue 998 has no proofs here"),
        (["", ""], "ISSUE and LINE are numbers"),
        ([], "ISSUE and LINE are numbers"),
        (["3; rm", "1"], "ISSUE and LINE are numbers"),
    ],
)
def test_a_wrong_question_is_answered(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


def test_every_line_of_issue_3_has_its_proof() -> None:
    assert [line for line in range(1, 8) if isinstance(find("3", str(line)), str)] == []
