"""`actorbus redrive`: lists what is kept, hands it to the mended handlers, notes it, and says what stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.journal import read_quarantine

APP = """\
import pathlib

import actorbus as ab


class Fussy(ab.Handler):
    alerts = ab.Output(ab.Event)

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote, meta: ab.Meta) -> None:
        if {condition}:
            raise ValueError(message.symbol)
        with pathlib.Path({out!r}).open("a") as file:
            print(message.symbol, meta.sequence, file=file)
        self.alerts.publish(ab.Event("alert", text=message.symbol))


class Alerts(ab.Handler):
    @ab.on(ab.Event)
    def alert(self, message: ab.Event) -> None:
        with pathlib.Path({out!r}).open("a") as file:
            print("alert", message.text, file=file)
"""
TOPOLOGY = """\
version: 1
name: redrive
profile: ci
driver: {mode: none}
streams: {quotes: {stream_id: 1, messages: [Quote]}, alerts: {stream_id: 2, messages: [Event]}}
handlers:
  fussy: {stream: quotes, class: "%s:Fussy", publishes: {alerts: alerts}}
  alarm: {stream: alerts, class: "%s:Alerts"}
recorders: {tape: {streams: [quotes], directory: tape, sync: none, segment: 1m}}
"""


def make(folder: Path, module: str, condition: str) -> Path:
    (folder / f"{module}.py").write_text(APP.format(condition=condition, out=str(folder / "out")), encoding="utf-8")
    path = folder / f"{module}.yaml"
    path.write_text(TOPOLOGY % (module, module), encoding="utf-8")
    return path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = make(tmp_path, f"broken_{tmp_path.name}", "message.symbol != 'A'")
    with ab.Node.from_yaml(made) as node:
        for symbol in "ABC":
            _ = node.publisher("quotes").publish(ab.Quote(symbol, bid=1, ask=2))
        _ = node.wait(until_idle_ns=200_000_000, for_ns=10_000_000_000)
    (tmp_path / "out").unlink()
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert _main(["redrive", *words]) == code
    done = capsys.readouterr()
    return done.out + done.err


def test_it_lists_what_is_kept(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = said(capsys, 0, "tape", "--list")
    assert "ValueError: B" in table
    assert "ValueError: C" in table
    lines = [json.loads(line) for line in said(capsys, 0, "tape", "--list", "--format", "json").splitlines()]
    assert [(one["handler"], one["stream"], one["sequence"], one["done"]) for one in lines] == [
        ("fussy", "quotes", 1, False),
        ("fussy", "quotes", 2, False),
    ]
    assert said(capsys, 0, "tape", "--list", "--handler", "alarm") == "nothing to redrive\n"
    assert _main(["journal", "inspect", "tape"]) == 0
    shown = capsys.readouterr().out
    assert "quarantined messages: 2" in shown
    assert "cut out" not in shown


def test_it_redrives_after_the_fix_once(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = make(world, f"half_{world.name}", "message.symbol == 'C'")
    told = said(capsys, 1, "tape", "-t", str(half))
    assert "1 done, 1 failed again, 0 not in the recording" in told
    assert "position" in told
    assert "ValueError: C" in told
    assert (world / "out").read_text().split("\n")[:-1] == ["B 1", "alert B"]
    whole = make(world, f"whole_{world.name}", "False")
    assert "1 done, 0 failed again, 0 not in the recording, 1 redriven before" in said(
        capsys, 0, "tape", "-t", str(whole)
    )
    assert "nothing to redrive in tape: 2 were redriven before" in said(capsys, 0, "tape", "-t", str(whole))
    assert "2 done" in said(capsys, 0, "tape", "-t", str(whole), "--again", "--handler", "fussy", "--stream", "quotes")
    assert all(entry.is_done for entry in read_quarantine(world / "tape")[0])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("nowhere",), "AB4004"),
        (("tape", "-t", "nowhere.yaml"), "nowhere.yaml"),
        (("tape", "-t", "FILE", "--handler", "fusy"), "no handler 'fusy'"),
        (("tape", "-t", "FILE", "--stream", "quotas"), "no stream 'quotas'"),
    ],
)
def test_wrong_words_are_refused(
    words: tuple[str, ...], text: str, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make(world, f"right_{world.name}", "False")
    told = said(capsys, 2, *(str(file) if word == "FILE" else word for word in words))
    assert text in told
