"""A node inside an application: a real web server, a real notebook kernel, and what it must leave alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from actorbus.cli.init import STARTS
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.system.processes import environment, free_port, wait_for

ALONE = """
import logging
import signal
import sys

import structlog

import actorbus as ab
from actorbus.cli import main  # also the command line's modules change nothing when they are imported


def state():
    def spoken(handlers):  # a library's NullHandler (Pykka has one) says nothing
        return [handler for handler in handlers if not isinstance(handler, logging.NullHandler)]

    loggers = {name: (spoken(logger.handlers), logger.level, logger.propagate, logger.disabled, logger.filters[:])
               for name, logger in logging.Logger.manager.loggerDict.items() if isinstance(logger, logging.Logger)
               and not name.startswith("actorbus")}
    root = logging.getLogger()
    return {
        "root": (root.handlers[:], root.level, root.filters[:], logging.root.manager.disable),
        "loggers": loggers,
        "factory": (logging.getLogRecordFactory(), logging.getLoggerClass(), logging.lastResort),
        "structlog": (structlog.is_configured(), structlog.get_config()),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        "hooks": (sys.excepthook, sys.unraisablehook, sys.getswitchinterval()),
    }


class Mine(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


mine = Mine()
CONFIGURED = sys.argv[1] == "configured"
if CONFIGURED:
    logging.basicConfig(level=logging.WARNING, handlers=[mine])
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
before = state()
with ab.quick() as node:
    node.stream("s", ab.Quote)
    node.on("s", lambda message: logging.getLogger("actorbus.handlers.notes").warning("seen %s", message.symbol))
    node.publisher("s", ab.Quote).publish(ab.Quote("EURUSD", bid=1, ask=2))
    node.wait(until_idle_ns=50_000_000)
    during = state()
for now in (during, state()):
    new = {name: found for name, found in now["loggers"].items() if name not in before["loggers"]}
    assert all(found == ([], 0, True, False, []) for found in new.values()), new  # of packages imported since
    now["loggers"] = {name: found for name, found in now["loggers"].items() if name not in new}
    assert now == before, [(key, now[key], before[key]) for key in before if now[key] != before[key]]
ours = [name for name, logger in logging.Logger.manager.loggerDict.items()
        if name.startswith("actorbus") and isinstance(logger, logging.Logger)
        and (logger.handlers or logger.level or not logger.propagate)]
assert ours == [], ours
if CONFIGURED:
    assert [record.getMessage() for record in mine.records] == ["seen EURUSD"]
print("as it was")
"""


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("how", ["configured", "untouched"])
def test_a_node_leaves_logging_structlog_and_signals_of_its_application_alone(how: str, tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text(ALONE, encoding="utf-8")
    done = python("alone.py", how, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "as it was\n"), done.stderr


def get(url: str, method: str = "GET") -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("fastapi_cli", ["fastapi", "run", "app.py"]),  # what the template says
        ("uvicorn", ["uvicorn", "app:app", "--loop", "asyncio"]),
        ("uvloop", ["uvicorn", "app:app", "--loop", "uvloop"]),
    ],
    ids=["as documented", "asyncio", "uvloop"],
)
def test_a_web_server_runs_the_template(needs: str, words: list[str], tmp_path: Path) -> None:
    for module in ("fastapi", "uvicorn", needs):
        pytest.importorskip(module, reason=f"{module} is not installed")
    assert STARTS["fastapi"][0] == "fastapi run app.py"
    assert _main(["init", "fastapi", str(tmp_path / "web")]) == 0
    port = free_port()
    log = (tmp_path / "server.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", *words, "--host", "127.0.0.1", "--port", str(port)],
        cwd=tmp_path / "web",
        env=environment(),
        stdout=log,
        stderr=log,
    )
    told = tmp_path / "server.log"
    try:
        wait_for(lambda: "Uvicorn running" in told.read_text() or server.poll() is not None, 40, "the server")
        assert server.poll() is None, told.read_text()
        base = f"http://127.0.0.1:{port}"
        assert get(f"{base}/quotes/EURUSD?bid=1.0850&ask=1.0852", "POST") == (200, {"sequence": 0})
        wait_for(lambda: get(f"{base}/quotes/EURUSD")[0] == 200, 10, "the quote")
        assert get(f"{base}/quotes/EURUSD")[1] == {"symbol": "EURUSD", "bid": "1.085000000", "ask": "1.085200000"}
        assert get(f"{base}/quotes/GBPUSD")[0] == 404
        assert get(f"{base}/quotes/EURUSD?bid=1.1x&ask=1", "POST")[0] == 422
        assert get(f"{base}/health") == (200, {"ready": True, "problems": []})
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        assert "Application shutdown complete" in told.read_text()
        assert "Traceback" not in told.read_text()
    finally:
        server.kill()
        server.wait()
        log.close()


def test_a_notebook_runs_in_a_real_kernel(tmp_path: Path) -> None:
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    assert _main(["init", "notebook", str(tmp_path / "lab")]) == 0
    script = (
        "import json, nbformat\n"
        "from nbclient import NotebookClient\n"
        "notebook = nbformat.read('notebook.ipynb', as_version=4)\n"
        "NotebookClient(notebook, timeout=60, kernel_name='python3').execute()\n"
        "cells = [cell for cell in notebook.cells if cell.cell_type == 'code']\n"
        "print(json.dumps([[out.get('data', {}).get('text/plain', out.get('text', '')) for out in cell.outputs]\n"
        "                  for cell in cells]))\n"
    )
    (tmp_path / "lab" / "execute.py").write_text(script, encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "execute.py"],
        cwd=tmp_path / "lab",
        env={**environment(), "HOME": str(home), "IPYTHONDIR": str(home), "JUPYTER_PLATFORM_DIRS": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = json.loads(done.stdout)
    assert shown[1] == ["5"], "the cell that counts what was seen"
    assert "received=200" in shown[3][-1], shown
