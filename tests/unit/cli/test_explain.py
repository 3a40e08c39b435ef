"""`actorbus explain`: one code, all codes, and codes that are not."""

from __future__ import annotations

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.topology.catalogue import entries


@pytest.mark.parametrize("given", ["AB1203", "ab1203", "1203", "[AB1203]:"])
def test_a_code_is_explained_however_it_is_written(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["explain", given]) == 0
    out = capsys.readouterr().out
    assert out.startswith("error[AB1203]: a handler on streams of two pollers\n")
    assert "What to do: " in out


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["explain"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(entries())


def test_an_unknown_code_is_told_with_a_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["explain", "AB1239"]) == 2
    assert "there is no code 'AB1239'" in capsys.readouterr().err
