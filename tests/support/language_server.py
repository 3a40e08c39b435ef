"""yaml-language-server as an editor has it: installed from npm once, spoken to over stdio.

Rules of this file:
* Only what the tests need of the Language Server Protocol: open a text, its diagnostics, completion, hover.
* The version is pinned: VERSION is the last that runs on Node 20 (2.0.0 wants 22). It is kept in `.cache`, which a
  clone begins without; installing takes some seconds and npm's registry, running it neither network nor settings.
* The server is told to use no schema store; a schema comes from the modeline of a text alone. Node's sockets are closed
  to it (WATCH is loaded before it), and every place it wanted to reach is in `wanted()`.
* Every wait has a deadline; the server ends with the `with` block, also when the test fails.

Lines and characters are counted from 0, as the protocol does.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["VERSION", "LanguageServer", "install", "missing"]

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1.25.0"
INSTALL_S = 120
DEADLINE_S = 20
WATCH = """\
const net = require("net");
net.Socket.prototype.connect = function (...given) {
  const [first] = given.flat();
  require("fs").writeSync(2, "wanted " + (first.host || first.path || first) + "\\n");
  process.nextTick(() => this.destroy(new Error("no network in this test")));
  return this;
};
"""

type Json = dict[str, Any]


def missing() -> str | None:
    """Return why the server cannot run here, or None."""
    absent = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    return f"needs {' and '.join(absent)} for yaml-language-server (Debian: nodejs, npm)" if absent else None


def install() -> Path:
    """Install the server below `.cache` unless it is there; return its program.

    Raises:
        AssertionError: npm could not install it; says what npm said.
    """
    place = ROOT / ".cache" / f"yaml-language-server-{VERSION}"
    program = place / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if program.is_file():
        return program
    work = place.with_name(f"{place.name}.{os.getpid()}")
    work.mkdir(parents=True, exist_ok=True)
    (work / "package.json").write_text("{}\n", encoding="utf-8")
    what = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"yaml-language-server@{VERSION}"]
    try:
        done = subprocess.run(
            what, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
        assert done.returncode == 0, f"{' '.join(what)} ended with {done.returncode}: {done.stderr[-2000:]}"
        if not program.is_file():
            shutil.rmtree(place, ignore_errors=True)
            work.rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return program


class LanguageServer:
    """A running server. `folder` is where the texts are said to lie, so that `$schema=./x.json` finds its file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.Queue[Json]] = {}
        self._diagnostics: dict[str, queue.Queue[Json]] = {}
        program = install()
        self._watch = tempfile.TemporaryDirectory(prefix="language-server-")
        watch = Path(self._watch.name) / "watch.cjs"
        watch.write_text(WATCH, encoding="utf-8")
        self._said = Path(self._watch.name) / "stderr"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                ["node", "--require", str(watch), str(program), "--stdio"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
        self._reader = threading.Thread(target=self._read, name="language-server", daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        workspace = {"configuration": True, "didChangeConfiguration": {}}
        completion = {"completionItem": {"snippetSupport": False, "documentationFormat": ["plaintext"]}}
        document = {
            "completion": completion,
            "hover": {"contentFormat": ["plaintext"]},
            "publishDiagnostics": {},
        }
        self.ask(
            "initialize",
            processId=os.getpid(),
            rootUri=self.folder.as_uri(),
            capabilities={"workspace": workspace, "textDocument": document},
        )
        self._tell("initialized")
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self.ask("shutdown")
                self._tell("exit")
                self._process.wait(DEADLINE_S)
        finally:
            self._process.kill()
            self._process.wait(DEADLINE_S)
            self._reader.join(DEADLINE_S)
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                pipe.close()
            self._watch.cleanup()

    # ---- what a test asks -------------------------------------------------------------------------------------------

    def diagnostics(self, name: str, text: str) -> list[Json]:
        """Open a text under a name that was not used before; return what the server has to say about it."""
        uri = (self.folder / name).as_uri()
        arrived = self._diagnostics[uri] = queue.Queue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        return arrived.get(timeout=DEADLINE_S)["diagnostics"]

    def completions(self, name: str, line: int, character: int) -> list[str]:
        """Return the labels offered at a place of an opened text."""
        answer = self.ask("textDocument/completion", **self._at(name, line, character))
        return [item["label"] for item in answer["items"]]

    def hover(self, name: str, line: int, character: int) -> str:
        """Return what is shown over a place of an opened text; empty when nothing is."""
        answer = self.ask("textDocument/hover", **self._at(name, line, character))
        return answer["contents"]["value"] if answer else ""

    def wanted(self) -> list[str]:
        """Return the hosts that the server tried to reach, oldest first; it reached none."""
        said = self._said.read_text(encoding="utf-8", errors="replace")
        return [line.removeprefix("wanted ") for line in said.splitlines() if line.startswith("wanted ")]

    def _at(self, name: str, line: int, character: int) -> Json:
        uri = (self.folder / name).as_uri()
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}

    # ---- the protocol -----------------------------------------------------------------------------------------------

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a request; return its result.

        Raises:
            AssertionError: the server answered with an error.
            queue.Empty: it did not answer within DEADLINE_S.
        """
        number = next(self._ids)
        answer = self._answers[number] = queue.Queue()
        self._send({"id": number, "method": method, "params": parameters})
        got = answer.get(timeout=DEADLINE_S)
        assert "error" not in got, f"{method}: {got['error']}"
        return got["result"]

    def _tell(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        """Take what comes until the server closes its end; on the reader's thread."""
        source = self._process.stdout
        assert source is not None
        while line := source.readline():
            name, _, value = line.partition(b":")
            if name.lower() != b"content-length":
                continue
            while source.readline().strip():
                pass
            self._took(json.loads(source.read(int(value))))

    def _took(self, message: Json) -> None:
        method = message.get("method")
        parameters = message.get("params") or {}
        if method is None:
            self._answers.pop(message["id"]).put(message)
        elif method == "textDocument/publishDiagnostics":
            if parameters["uri"] in self._diagnostics:
                self._diagnostics[parameters["uri"]].put(parameters)
        elif method == "workspace/configuration":
            self._send({"id": message["id"], "result": [self._settings(item) for item in parameters["items"]]})
        elif "id" in message:
            self._send({"id": message["id"], "result": None})

    @staticmethod
    def _settings(item: Json) -> Json:
        """Return the settings of an editor's section: no schema but what a text names."""
        ours = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
        return ours if item.get("section") == "yaml" else {}
