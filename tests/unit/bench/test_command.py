"""`actorbus bench`: arguments in, files out. The measuring is a stand-in here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from actorbus.bench import command as verb
from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import Interrupted
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
    assert {"scenario", "machine", "versions", "runs", "results", "conditions", "commit"} <= set(found)
    assert {"system", "metric", "min", "median", "max", "percentiles_ns"} <= set(found["results"][0])
    assert "<svg" in files[1].read_text()
    assert "## latency" in files[2].read_text()


def test_a_file_that_cannot_be_written_ends_it_before_anything_runs(
    asked: list[tuple[str, Effort]], tmp_path: Path
) -> None:
    _, words = bench("latency", "--json", str(tmp_path / "none" / "b.json"))

    assert "cannot be written" in words
    assert asked == []


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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"results": []}, "latency: nothing was measured"),
        ({"lacking": {"pyzmq": "not installed"}}, "pyzmq is of every report, and could not run: not installed"),
    ],
)
def test_a_run_that_lacks_something_fails_and_says_so(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], words: str
) -> None:
    monkeypatch.setattr(verb, "run", lambda name, *_: report(name, **changes))
    code, output = bench("latency")

    assert code == 1
    assert words in output


def test_a_run_that_is_stopped_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(name: str, *_: object) -> Report:
        if name == verb.QUICK_SCENARIOS[1]:
            raise Interrupted(report(name))
        return report(name)

    monkeypatch.setattr(verb, "run", run)
    bench("all", "--quick", "--json", str(tmp_path / "b.json"))

    found = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert [each["scenario"] for each in found] == list(verb.QUICK_SCENARIOS[:2])
