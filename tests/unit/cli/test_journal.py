"""`actorbus journal`: its verbs, and that none of them needs a driver or Aeron's library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.cli.journal import VERBS
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.support.tapes import record_quotes

OFFLINE = """
import sys
from actorbus.cli.main import _main
code = _main(sys.argv[1:])
not_offline = ("actorbus.transport", "actorbus.actors", "pyaeron", "pykka")
loaded = [name for name in sys.modules if name.startswith(not_offline)]
sys.exit(f"loaded {loaded}" if loaded else code)
"""


def test_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["journal", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {verb} " in out for verb in VERBS)


def test_a_wrong_verb_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["journal", "verfy", "x"]) == 2
    assert "did you mean 'verify'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["ls"], ["inspect"], ["verify"], ["repair"], ["export"]])
def test_no_verb_needs_a_driver_or_loads_the_transport(words: list[str], tmp_path: Path) -> None:
    record_quotes(tmp_path, 3)
    environment = {**os.environ, "ACTORBUS_AERON_LIB": "/no/such/library.so"}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, "journal", *words, str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_where_no_recording_is_the_input_is_wrong(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        assert _main(["journal", verb, str(place)]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith(f"error[AB4004]: no recording in {place}: ")
