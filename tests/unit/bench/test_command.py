"""`actorbus bench`: arguments in, files out. The measuring is a stand-in here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from actorbus.bench import command as verb
from actorbus.bench.record import Effort, Report
from tests.unit.bench.samples import report


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Effort]]:
    found: list[tuple[str, Effort]] = []

    def run(name: str, effort: Effort, _say: object) -> Report:
        found.append((name, effort))
        return report(name)

    monkeypatch.setattr(verb, "run", run)
    return found


def bench(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(verb.command, list(arguments), standalone_mode=False)
    code = done.return_value if isinstance(done.return_value, int) else done.exit_code
    return code, done.output + str(done.exception or "")


def test_one_scenario_writes_one_report(asked: list[tuple[str, Effort]], tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("b.json", "b.html", "b.md")]
    code, _ = bench("latency", "--json", str(files[0]), "--html", str(files[1]), "--markdown", str(files[2]))
    found = json.loads(files[0].read_text())

    assert code == 0
    assert {"scenario", "machine", "versions", "runs", "results"} <= set(found)
    assert {"system", "metric", "min", "median", "max", "percentiles_ns"} <= set(found["results"][0])
    assert "<svg" in files[1].read_text()
    assert "## latency" in files[2].read_text()


def test_all_runs_every_scenario(asked: list[tuple[str, Effort]]) -> None:
    bench("all")

    assert [name for name, _ in asked] == list(verb.SCENARIOS)


def test_quick_is_a_reduced_set(asked: list[tuple[str, Effort]]) -> None:
    bench("all", "--quick")

    assert [name for name, _ in asked] == list(verb.QUICK_SCENARIOS)
    assert all(effort.quick for _, effort in asked)


def test_peers_are_chosen_by_name(asked: list[tuple[str, Effort]]) -> None:
    bench("latency", "--peers", "pyzmq, floor")
    bench("latency", "--peers", "none")

    assert [effort.systems for _, effort in asked] == [("pyzmq", "floor"), ()]


def test_an_unknown_peer_is_refused(asked: list[tuple[str, Effort]]) -> None:
    _, words = bench("latency", "--peers", "kafka")

    assert "kafka: the bench knows actorbus" in words
    assert asked == []


def test_hold_fails_when_a_row_does_not(asked: list[tuple[str, Effort]]) -> None:
    code, words = bench("hold")

    assert code == 1
    assert "FAILS" in words
