"""`actorbus journal`: its verbs, and that none of them needs a driver or Aeron's library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.cli.journal import VERBS
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.journal import Consumer, recording_table
from actorbus.journal.table import Backend
from tests.support.tapes import damage, record_quotes

MORE = {"forget": ("audit",)}
"""What a verb wants behind the folder."""
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


@pytest.mark.parametrize("backend", ["journal", "jsonl"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_needs_a_driver_or_loads_the_transport(verb: str, backend: Backend, tmp_path: Path) -> None:
    record_quotes(tmp_path, 3, backend)
    Consumer(tmp_path, recording_table(tmp_path).uuid, "audit").close()
    environment = {**os.environ, "ACTORBUS_AERON_LIB": "/no/such/library.so"}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, "journal", verb, str(tmp_path), *MORE.get(verb, ())],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_where_no_recording_is_the_input_is_wrong(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        assert _main(["journal", verb, str(place), *MORE.get(verb, ())]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith(f"error[AB4004]: no recording in {place}: ")


def test_damage_in_a_journal_is_named_stepped_over_and_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_quotes(tmp_path, 400, "journal")
    path = damage(tmp_path, 7)
    assert _main(["journal", "verify", str(tmp_path)]) == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path}:")
    assert "record 7: " in first
    assert last.startswith("399 records in ")
    assert _main(["journal", "export", str(tmp_path), "--skip-corrupt"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 399
    assert _main(["journal", "repair", str(tmp_path)]) == 0
    assert "1 holes" in capsys.readouterr().out
    assert _main(["journal", "repair", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing to repair; the next record is 400\n"
