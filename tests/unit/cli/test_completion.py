"""What is proposed; that a real bash takes it is in tests/system/test_terminal.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import actorbus as ab
from actorbus.cli import completion
from actorbus.cli.completion import Completer
from actorbus.cli.pub import command as verb
from tests.unit.cli.conftest import Running

PARAMETER = click.Argument(["it"])


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[click.Context]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACTORBUS_TOPOLOGY", raising=False)
    with click.Context(verb, resilient_parsing=True) as context:
        yield context


def proposed(completer: Completer, ctx: click.Context, begun: str) -> list[tuple[str, str]]:
    return [(item.type, item.value) for item in completer(ctx, PARAMETER, begun)]


def names(completer: Completer, ctx: click.Context, begun: str) -> list[str]:
    return [value for _, value in proposed(completer, ctx, begun)]


def test_topology_files_are_proposed_and_no_others(ctx: click.Context, tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml", "a.py"):
        (tmp_path / name).touch()
    (tmp_path / "c.yaml").mkdir()
    assert names(completion.topologies, ctx, "") == ["a.yaml", "b.yml"]
    assert names(completion.topologies, ctx, f"{tmp_path}/a") == [f"{tmp_path}/a.yaml"]


def test_where_no_topology_fits_the_shell_completes_paths(ctx: click.Context) -> None:
    assert proposed(completion.topologies, ctx, "sub") == [("file", "sub")]
    assert proposed(completion.folders, ctx, "sub") == [("dir", "sub")]


def test_streams_are_those_of_the_topology_that_would_be_taken(
    ctx: click.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("topology", "named", "given"):
        (tmp_path / f"{name}.yaml").write_text(f"streams: {{{name}: {{}}, other: {{}}}}", encoding="utf-8")
    assert names(completion.streams, ctx, "t") == ["topology"]
    monkeypatch.setenv("ACTORBUS_TOPOLOGY", "named.yaml")
    assert names(completion.streams, ctx, "") == ["named", "other"]
    ctx.params["file"] = "given.yaml"
    assert names(completion.streams, ctx, "g") == ["given"]


@pytest.mark.parametrize("text", [None, "streams: [", "streams: 3", "- 1", "\x00"])
def test_a_topology_that_cannot_be_read_proposes_nothing_and_says_nothing(
    text: str | None, ctx: click.Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "topology.yaml").write_text(text, encoding="utf-8")
    assert names(completion.streams, ctx, "") == []
    assert capsys.readouterr() == ("", "")


def test_no_class_of_the_user_is_imported(ctx: click.Context, tmp_path: Path) -> None:
    (tmp_path / "shouts.py").write_text("raise SystemExit('imported')")
    (tmp_path / "topology.yaml").write_text('streams: {s: {}}\nhandlers: {h: {stream: s, class: "shouts:H"}}')
    assert names(completion.streams, ctx, "") == ["s"]


def test_processes_are_proposed_by_name_or_by_number(ctx: click.Context, running: Running) -> None:
    import os

    assert running.node.name in names(completion.processes, ctx, running.node.name[:5])
    assert str(os.getpid()) in names(completion.processes, ctx, str(os.getpid())[:1])


def test_a_failure_is_no_proposal(ctx: click.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_folder: object = None) -> list[Path]:
        raise ab.PermissionRefused("not yours")

    monkeypatch.setattr("actorbus.metrics.list_statistics", fails)
    assert names(completion.processes, ctx, "") == []


def test_a_filter_begins_with_what_every_line_has(ctx: click.Context) -> None:
    assert names(completion.where, ctx, "s") == ["stream=", "session="]


def test_a_list_goes_on_with_what_is_not_in_it(ctx: click.Context) -> None:
    peers = completion.one_of_list(["pyzmq", "pynng", "floor"])
    assert names(peers, ctx, "py") == ["pyzmq", "pynng"]
    assert names(peers, ctx, "pyzmq,py") == ["pyzmq,pynng"]
