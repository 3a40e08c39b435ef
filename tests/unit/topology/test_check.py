"""Every problem at once: the broken topologies of tests/data/broken against their golden outputs, and more.

To write the golden files anew after a change of words: ACTORBUS_WRITE_GOLDEN=1, then read the difference.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actorbus as ab
from actorbus.errors import Problem
from actorbus.topology.check import check_file, check_python
from actorbus.topology.codes import CATALOGUE

ROOT = Path(__file__).resolve().parents[3]
BROKEN = ROOT / "tests" / "data" / "broken"
NAMES = sorted(file.stem for file in BROKEN.glob("*.yaml"))
MIB = 1 << 20


@pytest.fixture
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend a machine of four CPUs and 64 MiB of shared memory; work in the folder of the broken topologies."""
    monkeypatch.chdir(BROKEN)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3})
    monkeypatch.setattr("actorbus.topology.rules_machine.free_bytes", lambda _directory: 64 * MIB)


def told(name: str) -> str:
    """Return what `check` says of a broken topology, without what differs between machines."""
    checked = check_file(f"{name}.yaml", env={})
    text = "\n".join(problem.format_text() for problem in checked.problems) + "\n"
    return text.replace(str(BROKEN), "FOLDER")


def test_there_are_enough_broken_topologies() -> None:
    assert len(NAMES) >= 25


@pytest.mark.usefixtures("_machine")
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_topology_is_told_as_its_golden_file_says(name: str) -> None:
    golden = BROKEN / f"{name}.golden"
    text = told(name)
    if os.environ.get("ACTORBUS_WRITE_GOLDEN") == "1":
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.usefixtures("_machine")
@pytest.mark.parametrize("name", NAMES)
def test_every_problem_has_file_place_code_and_hint(name: str) -> None:
    for problem in check_file(f"{name}.yaml", env={}).problems:
        assert problem.file == f"{name}.yaml"
        assert problem.code in CATALOGUE
        assert problem.hint, problem
        unreadable = problem.code in {"AB1001", "AB1004"} or (problem.code == "AB1002" and problem.line is None)
        assert unreadable or (problem.line is not None and problem.column is not None), problem


@pytest.mark.usefixtures("_machine")
def test_the_broken_topologies_together_show_most_codes() -> None:
    seen = {problem.code for name in NAMES for problem in check_file(f"{name}.yaml", env={}).problems}
    elsewhere = {"AB1000", "AB1001", "AB1004", "AB1005", "AB1006", "AB1010", "AB1212", "AB1213", "AB1225", "AB1315"}

    assert set(CATALOGUE) - seen - elsewhere == set()


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "topologies").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_topology_has_no_problem(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))

    assert check_file(path, env={}).problems == ()


def test_a_file_that_is_not_there_is_a_problem_and_not_an_exception(tmp_path: Path) -> None:
    (problem,) = check_file(tmp_path / "missing.yaml").problems

    assert problem.code == "AB1001"


def minimal(**changes: object) -> dict[str, object]:
    return {"version": 1, "name": "x", "streams": {"s": {"stream_id": 1, "messages": ["Bar"]}}, **changes}


def errors_of(values: dict[str, object], **more: object) -> list[Problem]:
    return [problem for problem in check_python(values, **more).problems if problem.is_error]  # pyright: ignore[reportArgumentType]


def test_a_mapping_is_checked_like_a_file_without_lines() -> None:
    (problem,) = errors_of(minimal(profile="laptp"))

    assert (problem.code, problem.path, problem.line) == ("AB1110", "profile", None)


def test_structs_are_checked_like_a_file() -> None:
    topology = ab.Topology(name="x", streams={"s": ab.StreamSpec(stream_id=1, messages=[ab.Bar, ab.Quote])})

    checked = check_python(topology)

    assert not checked.has_errors
    assert checked.facts is not None
    assert checked.facts.types["s"].types == (ab.Bar, ab.Quote)


def test_an_override_replaces_a_value_and_is_checked() -> None:
    (problem,) = errors_of(minimal(), overrides={"streams.s.stream_id": "one"})

    assert (problem.code, problem.path) == ("AB1103", "streams.s.stream_id")


def test_an_override_makes_the_mappings_on_its_way() -> None:
    checked = check_python(minimal(), overrides={"observability.log.level": "debug"})

    assert checked.facts is not None
    assert checked.facts.topology.observability.log.level == "debug"


def test_an_override_through_a_text_is_refused() -> None:
    (problem,) = errors_of(minimal(), overrides={"name.first": "x"})

    assert problem.code == "AB1010"


def test_an_override_of_a_name_with_dots_takes_the_longest_key() -> None:
    values = minimal(streams={"a.b": {"stream_id": 1, "messages": ["Bar"]}})
    checked = check_python(values, overrides={"streams.a.b.stream_id": 9})

    assert checked.facts is not None
    assert checked.facts.topology.streams["a.b"].stream_id == 9


def test_the_check_ends_after_a_thousand_problems(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text("version: 1\nname: x\n" + "".join(f"k{number}: 1\n" for number in range(9_000)), encoding="utf-8")

    problems = check_file(file).problems

    assert len(problems) == 1001
    assert problems[-1].code == "AB1000"


def test_modules_beside_the_topology_are_found_and_app_dir_changes_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for folder, name in (("here", "beside_the_file"), ("there", "in_the_app_dir")):
        (tmp_path / folder).mkdir()
        text = "import actorbus as ab\nclass H(ab.Handler):\n    @ab.on(ab.Bar)\n    def bar(self, m): ...\n"
        (tmp_path / folder / f"{name}.py").write_text(text, encoding="utf-8")
    file = tmp_path / "here" / "t.yaml"
    file.write_text(
        "version: 1\nname: x\nstreams: {s: {stream_id: 1, messages: [Bar]}}\n"
        "handlers: {h: {stream: s, class: '${MODULE}:H'}}\n",
        encoding="utf-8",
    )

    beside = check_file(file, env={"MODULE": "beside_the_file"})
    there = check_file(file, env={"MODULE": "in_the_app_dir"}, app_dir=tmp_path / "there")

    assert not beside.has_errors
    assert not there.has_errors
    assert sys.path[0] == str(tmp_path / "there")


HOSTILE = {
    "deep flow": "[" * 131_072,
    "deep mappings": "{" * 131_072,
    "deep lines": "[\n" * 65_000,
    "deep dashes": "- " * 65_000,
    "alias bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)),
    "own alias": "a: &a [*a]",
    "too many aliases": "a: &a 1\n" + "".join(f"b{n}: *a\n" for n in range(101)),
    "object tag": "!!python/object/apply:os.system [ls]",
    "nul": "a: \0",
    "surrogate": "a: \ud800",
    "duplicate keys": "a: 1\n" * 30_000,
    "many keys": "".join(f"k{n}: 1\n" for n in range(12_000)),
    "environment": "a: ${A:-" + "${" * 1_000,
    "merge": "name: {<<: {b: 1}}",
    "directives": "%a\n" * 40_000,
    "documents": "---\n" * 30_000,
    "comments": "#\n" * 65_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_time(name: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_bytes(HOSTILE[name][: 128 * 1024].encode("utf-8", "surrogatepass"))
    started = time.monotonic()

    checked = check_file(file, env={})

    assert checked.has_errors
    assert time.monotonic() - started < 10.0  # 2 s are promised (issue 5) on a machine that does nothing else


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (128 * 1024 + 1))

    (problem,) = check_file(file).problems

    assert problem.code == "AB1004"
    assert "131073" in problem.message


VALID = (BROKEN.parent / "valid.yaml").read_text(encoding="utf-8")
TOKENS = re.findall(r"[A-Za-z0-9_.:]+", VALID)


@given(
    st.integers(0, len(VALID) - 1), st.sampled_from(["", "{", "]", ": ", "x", "-", "\n", "'", "9", "*a", "&a", "${"])
)
def test_a_mutated_topology_never_raises(place: int, inserted: str) -> None:
    from actorbus.topology.model import Topology
    from actorbus.topology.report import Report
    from actorbus.topology.shape import decode
    from actorbus.topology.yaml_reader import read_text

    text = VALID[:place] + inserted + VALID[place + 1 :]
    report = Report("mutated.yaml")
    tree = read_text(text, report, {})
    if tree is None:
        assert report.has_errors
    else:
        report.root = tree
        decode(tree, Topology, report)
    for problem in report.problems():
        assert problem.line is None or 1 <= problem.line <= text.count("\n") + 1
