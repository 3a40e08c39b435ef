"""Small version of issue 5, line 4: every verb from end to end, in pipes and in a real terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from actorbus.cli.main import VERBS
from tests.support.terminal import Terminal
from tests.support.without import without
from tests.system.verbs import (
    CASES,
    World,
    call,
    completed,
    interrupted,
    on_terminal,
    reader_gone,
    refused,
    without_extras,
    world,
)

COLOURED = [verb for verb, case in CASES.items() if case.coloured is not None]
ENDLESS = [verb for verb, case in CASES.items() if case.endless]


@pytest.fixture(scope="module")
def where() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(scope="module")
def terminal(where: World) -> Iterator[Terminal]:
    with Terminal(where.folder) as opened:
        yield opened


def test_every_verb_has_its_case() -> None:
    assert sorted(CASES) == sorted(VERBS)


@pytest.mark.parametrize("verb", CASES)
def test_a_verb_in_a_pipe_needs_no_extra_and_writes_for_programs(verb: str, where: World) -> None:
    without_extras(where, CASES[verb])


@pytest.mark.parametrize("verb", ["explain", "schema", "sub"])
def test_a_reader_that_goes_ends_a_verb_quietly(verb: str, where: World) -> None:
    reader_gone(where, CASES[verb])


@pytest.mark.parametrize("verb", CASES)
def test_wrong_input_is_told_without_a_traceback(verb: str, where: World) -> None:
    refused(where, CASES[verb])


@pytest.mark.parametrize("verb", ["check", "pub"])
def test_a_missing_package_is_one_line_with_the_command(verb: str, where: World) -> None:
    hidden = without(["ruamel.yaml"], where.folder / "without-yaml")
    ended = call(where, where.command(verb, CASES[verb].words), **hidden)
    (line,) = ended.err.splitlines()
    assert ended.code == 3
    assert re.fullmatch(r"error\[AB2216\]: .*'ruamel.yaml'.*; python -m pip install ruamel\.yaml", line)


def test_a_missing_peer_of_the_bench_names_the_command(where: World) -> None:
    hidden = without(["pyzmq"], where.folder / "without-zmq")
    python = "from actorbus.bench.peers import missing; print(missing('pyzmq'))"
    ended = call(where, f'{sys.executable} -c "{python}"', **hidden)
    assert ended.out.strip() == "pyzmq is not installed (python -m pip install pyzmq)", ended


def test_verbose_shows_the_traceback(where: World) -> None:
    hidden = without(["ruamel.yaml"], where.folder / "without-yaml")
    ended = call(where, "actorbus --verbose check small.yaml", **hidden)
    assert ended.code == 3
    assert "Traceback" in ended.err
    assert ended.err.splitlines()[-1].startswith("error[AB2216]: ")


def test_the_version_names_aeron_and_every_part(where: World) -> None:
    ended = call(where, "actorbus --version")
    assert re.search(r"aeron version=\d+\.\d+\.\d+.* commit=", ended.out)
    assert "missing" not in ended.out
    assert all(f"{part} " in ended.out for part in ("pyaeron", "msgspec", "Pykka", "cffi"))


@pytest.mark.tmux
@pytest.mark.parametrize("verb", COLOURED)
def test_colours_are_on_a_terminal_only_and_not_with_no_color(verb: str, where: World, terminal: Terminal) -> None:
    on_terminal(where, CASES[verb], terminal)


@pytest.mark.tmux
@pytest.mark.parametrize("verb", ENDLESS)
def test_ctrl_c_in_a_terminal_is_130_and_leaves_it_usable(verb: str, where: World, terminal: Terminal) -> None:
    interrupted(where, CASES[verb], terminal, no_colour=verb in ("bench", "tail"))


@pytest.mark.tmux
def test_a_real_bash_completes(where: World, terminal: Terminal) -> None:
    assert completed(where, terminal) >= 12
