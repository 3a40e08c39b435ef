"""`actorbus init`: every template makes a project that checks and runs; nothing is overwritten."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from actorbus.cli.init import DEFAULT, STARTS, TEMPLATES, template_files
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.topology.profiles import config_directory
from tests.docs.shell import run


def test_the_templates_are_those_that_are_shipped() -> None:
    assert set(TEMPLATES) == {path.name for path in (config_directory() / "templates").iterdir()}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_checks_and_runs(template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "my project"
    assert _main(["init", template, str(project)]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(f"now: cd {shlex.quote(str(project))} && actorbus check topology.yaml && ")
    assert STARTS.get(template, ("actorbus run topology.yaml --until-idle 1s",))[0] in told
    assert {path.name for path in project.iterdir()} == {
        *(path.name for path in template_files(template)),
        "topology.schema.json",
    }
    text = (project / "topology.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=./topology.schema.json\n")
    assert "name: my-project\n" in text
    done = run(
        ["actorbus", "run", "topology.yaml", "--until-idle", "100ms", "--for", "1s", "--summary", "json"], project
    )
    summary = json.loads(done.stdout)
    assert summary["name"] == "my-project"
    assert all(stream["published"] == stream["received"] for stream in summary["streams"].values())
    assert ("1 warning (" in done.stderr) == (template == "fastapi"), "its quotes come from the web"
    assert all(handler["errors"] == 0 for handler in summary["handlers"].values())


def test_without_a_template_it_is_the_smallest(tmp_path: Path) -> None:
    assert _main(["init", str(tmp_path / "9 lives")]) == 0
    assert "class Ticks" in (tmp_path / "9 lives" / "app.py").read_text()
    assert DEFAULT == "minimal"
    assert "name: project-9-lives\n" in (tmp_path / "9 lives" / "topology.yaml").read_text()


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text("years of work")
    assert _main(["init", str(tmp_path)]) == 2
    assert "already has app.py" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_a_misspelt_template_is_told_with_the_right_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["init", "market", str(tmp_path / "x")]) == 2
    assert "market-data" in capsys.readouterr().err
    assert _main(["init"]) == 2


def test_templates_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["init", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(TEMPLATES)


def test_the_cells_of_the_notebook_run(tmp_path: Path) -> None:
    assert _main(["init", "notebook", str(tmp_path)]) == 0
    cells = json.loads((tmp_path / "notebook.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (tmp_path / "cells.py").write_text(
        code + "\nassert len(seen) == 5\nassert node.stats().streams['ticks'].received == 200\n"
    )
    run(["python", "-W", "error", "cells.py"], tmp_path)


async def ask(app: Any, method: str, path: str, query: str = "") -> tuple[int, Any]:
    """Send one request to an ASGI application, without a server."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": query.encode(), "headers": [],
        "server": ("test", 80), "client": ("test", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)


def test_the_web_application_publishes_and_answers(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed")
    assert _main(["init", "fastapi", str(tmp_path)]) == 0
    script = tmp_path / "talk.py"
    script.write_text(
        "import asyncio, json, sys\n"
        "sys.path.insert(0, '.')\n"
        "import app as module\n"
        "from tests.unit.cli.test_init import ask\n"
        "async def talk():\n"
        "    app = module.app\n"
        "    async with app.router.lifespan_context(app):\n"
        "        first = await ask(app, 'POST', '/quotes/EURUSD', 'bid=1.0850&ask=1.0852')\n"
        "        while (found := await ask(app, 'GET', '/quotes/EURUSD'))[0] == 404:\n"
        "            await asyncio.sleep(0.01)\n"
        "        wrong = await ask(app, 'POST', '/quotes/EURUSD', 'bid=1.1x&ask=1')\n"
        "        return first, found, wrong, await ask(app, 'GET', '/health')\n"
        "print(json.dumps(asyncio.run(asyncio.wait_for(talk(), 20))))\n"
    )
    first, found, wrong, health = json.loads(run(["python", "talk.py"], tmp_path).stdout)
    assert first == [200, {"sequence": 0}]
    assert found == [200, {"symbol": "EURUSD", "bid": "1.085000000", "ask": "1.085200000"}]
    assert wrong[0] == 422, "a price that is none is the caller's mistake"
    assert "1.1x" in wrong[1]["detail"]
    assert health == [200, {"ready": True, "problems": []}]
