"""What a person who writes a topology in an editor gets: yaml-language-server with the schema we ship.

Used by tests/system/test_editor.py and by line 2 of issue 5. `^` in a text of this file is the editor's cursor; it is
taken out before the server sees the text.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from actorbus.cli.init import TEMPLATES
from actorbus.topology.check import check_file
from tests.docs.shell import snippets
from tests.support.language_server import VERSION, LanguageServer

__all__ = ["in_an_editor"]

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = itertools.count(1)
MODELINE = re.compile(r"^# yaml-language-server: .*\n", re.MULTILINE)


class Broken(NamedTuple):
    """A mistake: the text, the line (from 1) that must be marked, and a word of what must be said there."""

    text: str
    line: int
    word: str


HEAD = "version: 1\nname: x\n"
STREAM = "streams:\n  s:\n    stream_id: 1\n"
HANDLER = f"{STREAM}handlers:\n  h:\n    class: count\n    stream: s\n"

BROKEN = {
    "unknown key at the top": Broken(f"{HEAD}{STREAM}straems: {{}}\n", 6, "straems"),
    "unknown key of a stream": Broken(f"{HEAD}{STREAM}    chanel: aeron:ipc\n", 6, "chanel"),
    "unknown key of a channel": Broken(f"{HEAD}{STREAM}    channel:\n      media: ipc\n      mut: 8k\n", 8, "mut"),
    "a text for a number": Broken(f"{HEAD}streams:\n  s:\n    stream_id: one\n", 5, "integer"),
    "a number for a duration": Broken(f"{HEAD}{STREAM}    back_pressure:\n      timeout: 5\n", 7, "string"),
    "a duration without its unit": Broken(f'{HEAD}{STREAM}    back_pressure:\n      timeout: "5"\n', 7, "pattern"),
    "a policy that is none": Broken(f"{HEAD}{STREAM}    back_pressure:\n      policy: blok\n", 7, "drop_newest"),
    "a format that is none": Broken(f"{HEAD}{STREAM}    codec:\n      format: jsn\n", 7, "msgpack"),
    "a dispatch that is none": Broken(f"{HEAD}{HANDLER}    dispatch: inlin\n", 10, "mailbox"),
    "a priority above the bound": Broken(f"{HEAD}{HANDLER}    priority: 1000001\n", 10, "1000000"),
    "a class that cannot be one": Broken(f'{HEAD}{STREAM}handlers:\n  h:\n    class: "a b"\n', 8, "pattern"),
    "a handler without its class": Broken(f"{HEAD}{STREAM}handlers:\n  h:\n    stream: s\n", 7, "class"),
    "a stream without its id": Broken(f"{HEAD}streams:\n  s:\n    messages: [Bar]\n", 4, "stream_id"),
    "a name that cannot be one": Broken(f"version: 1\nname: a b\n{STREAM}", 2, "pattern"),
    "a version of the future": Broken(f"version: 2\nname: x\n{STREAM}", 1, "1"),
    "a list for a mapping": Broken(f"{HEAD}streams:\n  - s\n", 4, "object"),
    "a channel of another kind": Broken(f"{HEAD}{STREAM}    channel: tcp://here\n", 6, "pattern"),
    "a key twice": Broken(f"{HEAD}{STREAM}    stream_id: 2\n", 6, "unique"),
}

OFFERED: dict[str, tuple[str, set[str]]] = {
    "keys at the top": (
        f"{HEAD}{STREAM}\n^\n",
        {"driver", "pollers", "profile", "sources", "handlers", "recorders", "supervision", "observability"},
    ),
    "keys of a stream": (
        f"{HEAD}{STREAM}    ^\n",
        {"channel", "messages", "codec", "frame", "back_pressure", "not_connected", "batch"},
    ),
    "keys of a stream in one line": (f"{HEAD}streams:\n  s: {{stream_id: 1, c^}}\n", {"channel", "messages", "codec"}),
    "keys of a handler": (f"{HEAD}{HANDLER}    ^\n", {"priority", "dispatch", "publishes", "options", "on_error"}),
    "keys of a source": (f"{HEAD}sources:\n  a:\n    ^\n", {"class", "stream", "options"}),
    "keys of a poller": (f"{HEAD}pollers:\n  fast:\n    ^\n", {"streams", "cpu", "idle"}),
    "keys of a channel": (
        f"{HEAD}{STREAM}    channel:\n      media: udp\n      ^\n",
        {"endpoint", "term_length", "mtu", "control_mode"},
    ),
    "values of dispatch": (f"{HEAD}{HANDLER}    dispatch: ^\n", {"inline", "mailbox", "process"}),
    "values of on_error": (f"{HEAD}{HANDLER}    on_error: ^\n", {"quarantine", "skip", "restart", "stop"}),
    "values of back_pressure.policy": (
        f"{HEAD}{STREAM}    back_pressure:\n      policy: ^\n",
        {"block", "drop_newest", "conflate", "raise"},
    ),
    "values of codec.format": (f"{HEAD}{STREAM}    codec: {{format: ^}}\n", {"msgpack", "json", "raw", "struct"}),
    "values of driver.mode": (f"{HEAD}driver:\n  mode: ^\n", {"embedded", "process", "external", "none"}),
    "values of log.level": (f"{HEAD}observability:\n  log:\n    level: ^\n", {"debug", "info", "warning", "error"}),
    "values of media": (f"{HEAD}{STREAM}    channel:\n      media: ^\n", {"ipc", "udp"}),
    "the profiles": (f"{HEAD}profile: ^\n", {"laptop", "low-latency", "ci"}),
}
EXACT = {name for name in OFFERED if name.startswith("values")} - {"values of codec.format"}
"""Where nothing but what is listed may be offered."""

SHOWN = {
    "the streams": (f"{HEAD}str^eams:\n  s: {{stream_id: 1}}\n", "The streams, by name."),
    "a stream's id": (f"{HEAD}streams:\n  s:\n    stre^am_id: 1\n", "Aeron stream id; unique on its channel."),
    "a priority": (f"{HEAD}{HANDLER}    prio^rity: 1\n", "Higher ones get a message first; ties: order in the file."),
    "a dispatch": (f"{HEAD}{HANDLER}    disp^atch: inline\n", "inline: on the poller's thread; mailbox: on its own"),
    "a policy": (f"{HEAD}{STREAM}    back_pressure:\n      pol^icy: raise\n", "block: wait up to"),
    "a profile": (f"{HEAD}prof^ile: ci\n", "laptop, low-latency, ci, or the path of a profile file."),
    "a source's options": (f"{HEAD}sources:\n  a:\n    opt^ions: {{}}\n", "Keyword arguments of its __init__."),
}


def header(folder: Path) -> str:
    """Put our schema beside the texts as `actorbus schema --output` does; return the line it says to begin with."""
    command = [sys.executable, "-m", "actorbus", "schema", "--output", "topology.schema.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def shipped() -> dict[str, str]:
    """Return every topology that we ship, as it is: samples, templates, examples, and those that pages show."""
    folders = [*(ROOT / "config" / "templates").rglob("*.yaml"), *(ROOT / "config" / "topologies").glob("*.yaml")]
    files = sorted([*folders, *(ROOT / "examples").rglob("*.yaml")])
    found = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for number, block in enumerate(snippets(page)):
            whole = block.language == "yaml" and re.search(r"^version: 1$", block.text, re.MULTILINE)
            if whole and block.name != "broken.yaml" and page.parent.name != "errors":
                found[f"{page.relative_to(ROOT).as_posix()}:{number}"] = block.text
    return found


class Editor:
    """An editor whose folder has the schema, and that says of each text what the server says."""

    def __init__(self, server: LanguageServer, line: str) -> None:
        self.server = server
        self.header = line

    def open(self, text: str) -> tuple[str, list[dict[str, Any]]]:
        """Open a text under our header; return the name it got and its diagnostics."""
        name = f"text-{next(NUMBERS)}.yaml"
        return name, self.server.diagnostics(name, self.header + MODELINE.sub("", text))

    def marked(self, text: str) -> list[tuple[int, str]]:
        """Return the diagnostics of a text: line from 1, without our header's, and message."""
        return sorted((found["range"]["start"]["line"], found["message"]) for found in self.open(text)[1])

    def offered(self, text: str) -> set[str]:
        """Return the names offered at the cursor."""
        name, (line, character) = self.open(text.replace("^", ""))[0], cursor(text)
        return set(self.server.completions(name, line + 1, character))

    def shown(self, text: str) -> str:
        """Return what is shown when the mouse rests on the cursor, without Markdown's escapes."""
        name, (line, character) = self.open(text.replace("^", ""))[0], cursor(text)
        return re.sub(r"\\(.)", r"\1", self.server.hover(name, line + 1, character))


def cursor(text: str) -> tuple[int, int]:
    """Return line and character, from 0, of the cursor."""
    before = text[: text.index("^")].split("\n")
    return len(before) - 1, len(before[-1])


def marked_by_check(text: str, folder: Path) -> set[int]:
    """Return the lines, from 1, where `actorbus check` sees a problem."""
    path = folder / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    return {problem.line for problem in check_file(path).problems if problem.line is not None}


# ---- what must hold -------------------------------------------------------------------------------------------------


def shipped_are_clean(editor: Editor) -> str:
    """Every topology we ship has no diagnostic, under the line that `actorbus schema` says to begin with."""
    texts = shipped()
    dirty = {name: found for name, text in texts.items() if (found := editor.marked(text))}
    assert not dirty, f"diagnostics of topologies that we ship: {dirty}"
    return f"{len(texts)} shipped topologies clean"


def projects_are_clean(server: LanguageServer) -> str:
    """What `actorbus init` makes is clean as it stands: its own first line finds the schema made beside it."""
    for template in TEMPLATES:
        folder = server.folder / template
        command = [sys.executable, "-m", "actorbus", "init", template, str(folder)]
        subprocess.run(command, stdout=subprocess.DEVNULL, timeout=60, check=True)
        text = (folder / "topology.yaml").read_text(encoding="utf-8")
        name = f"{template}/topology.yaml"
        assert server.diagnostics(name, text) == []
        wrong = server.diagnostics(f"{template}/wrong.yaml", text + "straems: {}\n")
        assert [found["range"]["start"]["line"] for found in wrong] == [text.count("\n")], (name, wrong)
    return f"{len(TEMPLATES)} projects of `actorbus init` clean"


def broken_are_marked(editor: Editor, folder: Path) -> str:
    """Every mistake is marked in its line, which is the line that `actorbus check` names."""
    for name, broken in BROKEN.items():
        marked = editor.marked(broken.text)
        assert {line for line, _ in marked} == {broken.line}, (name, marked)
        assert any(broken.word in message for _, message in marked), (name, marked)
        assert broken.line in marked_by_check(broken.text, folder), name
    return f"{len(BROKEN)} mistakes marked in the line that `check` names"


def names_are_offered(editor: Editor) -> str:
    """Completion offers our names, and at an enumeration nothing else."""
    for name, (text, wanted) in OFFERED.items():
        offered = editor.offered(text)
        assert offered == wanted if name in EXACT else offered >= wanted, (name, offered, wanted)
    return f"{len(OFFERED)} completions"


def descriptions_are_shown(editor: Editor) -> str:
    """Hovering a key shows its description."""
    for name, (text, wanted) in SHOWN.items():
        shown = editor.shown(text)
        assert wanted in shown, (name, shown)
    return f"{len(SHOWN)} hovers"


def in_an_editor(folder: Path) -> str:
    """All of it with one server, which asks the network for nothing."""
    with LanguageServer(folder) as server:
        editor = Editor(server, header(folder))
        held = [
            shipped_are_clean(editor),
            projects_are_clean(server),
            broken_are_marked(editor, folder),
            names_are_offered(editor),
            descriptions_are_shown(editor),
        ]
        assert server.wanted() == [], f"the server wanted {server.wanted()}"
    return f"yaml-language-server {VERSION}: {', '.join(held)}, no request to a network"
