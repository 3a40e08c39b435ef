"""`actorbus tail`: all streams or some, filtered, as text for people."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from actorbus.cli import watch
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.unit.cli.conftest import Running


def test_only_what_the_filter_wants_is_printed(quoting: Running, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["tail", "-w", "symbol=B", "-w", "type=Quote", "-n", "2", "--for", "20s", "-t", quoting.file]
    assert _main(arguments) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"]["symbol"] for line in lines] == ["B", "B"]


def test_text_has_one_line_a_message_with_the_fields_that_say_something(
    quoting: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(["tail", "quotes", "-n", "1", "--for", "20s", "--format", "text", "-t", quoting.file]) == 0
    out = capsys.readouterr().out
    assert " quotes " in out
    assert "symbol=" in out
    assert "metadata" not in out


def test_it_ends_with_an_error_when_the_driver_goes(
    running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = threading.Thread(target=running.node.close, name="closing")
    until = watch._Funnel.until

    def close_and_go_on(*arguments: Any) -> Iterator[Any]:
        closing.start()
        return until(*arguments)

    monkeypatch.setattr(watch._Funnel, "until", close_and_go_on)
    assert _main(["tail", "--for", "30s", "-t", running.file]) == 1
    closing.join()
    err = capsys.readouterr().err
    assert err.startswith("error[AB2201]: the connection to the media driver is lost")
    assert err.count("\n") == 1


def test_a_condition_without_a_value_is_refused(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["tail", "-w", "symbol", "-t", running.file]) == 2
    assert "write FIELD=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("foo=1", "none of Quote, News, bytes has a field 'foo'"),
        ("simbol=A", "did you mean 'symbol'?"),
        ("type=Qoute", "there is no type 'Qoute' here; did you mean 'Quote'?"),
        ("stream=nope", "there is no stream 'nope' here"),
    ],
)
def test_a_filter_that_nothing_can_match_is_refused(
    condition: str, said: str, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(["tail", "-w", condition, "-t", running.file]) == 2
    assert said in capsys.readouterr().err


def test_of_one_stream_the_fields_are_its_own(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["tail", "quotes", "-w", "headline=x", "-t", running.file]) == 2
    assert "Quote has no field 'headline'" in capsys.readouterr().err
