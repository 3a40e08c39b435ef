"""In an editor our schema completes, explains and validates topologies, and nothing is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.cli.schema import SCHEMA_FILE, header
from actorbus.topology.profiles import config_directory
from tests.support.language_server import LanguageServer
from tests.system import editor as system
from tests.system.editor import Editor

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("editor")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[LanguageServer]:
    with LanguageServer(folder) as server:
        yield server


@pytest.fixture(scope="module")
def editor(server: LanguageServer, folder: Path) -> Editor:
    return Editor(server, system.header(folder))


def test_every_topology_we_ship_is_clean(editor: Editor) -> None:
    assert system.shipped_are_clean(editor)


def test_what_init_makes_finds_its_own_schema(server: LanguageServer) -> None:
    assert system.projects_are_clean(server)


def test_mistakes_are_marked_in_the_line_that_check_names(editor: Editor, folder: Path) -> None:
    assert system.broken_are_marked(editor, folder)


def test_completion_offers_our_names(editor: Editor) -> None:
    assert system.names_are_offered(editor)


def test_hovering_shows_our_descriptions(editor: Editor) -> None:
    assert system.descriptions_are_shown(editor)


def test_the_schema_of_the_installation_serves_as_well(editor: Editor) -> None:
    line = header(config_directory() / SCHEMA_FILE)
    assert system.shipped_are_clean(Editor(editor.server, f"{line}\n"))


def test_nothing_was_asked_of_a_network(server: LanguageServer) -> None:
    assert server.wanted() == []


def test_a_server_that_fetches_would_be_seen(tmp_path: Path) -> None:
    with LanguageServer(tmp_path) as server:
        server.diagnostics("net.yaml", "# yaml-language-server: $schema=https://example.invalid/x.json\na: 1\n")
        assert server.wanted() == ["example.invalid"]
