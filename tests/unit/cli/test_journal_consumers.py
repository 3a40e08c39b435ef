"""`journal consumers` and `journal forget`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.journal import Consumer, open_recording, positions_of
from tests.support.tapes import record_quotes


def test_who_resumes_is_shown_and_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 20)
    assert _main(["journal", "consumers", str(tmp_path)]) == 0
    assert "no consumer" in capsys.readouterr().out
    with open_recording(tmp_path) as recording:
        uuid, end = recording.uuid, recording.end_position
    with Consumer(tmp_path, uuid, "audit") as consumer:
        consumer.store(1000)
        assert _main(["journal", "forget", str(tmp_path), "audit"]) != 0
        assert "in use" in capsys.readouterr().err
    assert _main(["journal", "consumers", str(tmp_path)]) == 0
    assert "audit" in capsys.readouterr().out.splitlines()[1]
    assert _main(["journal", "consumers", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"consumer": "audit", "position": 1000, "behind_bytes": end - 1000}
    assert _main(["journal", "forget", str(tmp_path), "audit"]) == 0
    assert "position 1,000" in capsys.readouterr().out
    assert positions_of(tmp_path, uuid) == {}


def test_a_name_that_is_none_is_told_with_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 3)
    with open_recording(tmp_path) as recording:
        uuid = recording.uuid
    with Consumer(tmp_path, uuid, "audit") as consumer:
        consumer.store(0)
    assert _main(["journal", "forget", str(tmp_path), "adit"]) != 0
    assert "it has: audit" in capsys.readouterr().err
