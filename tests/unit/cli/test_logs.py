"""The log of a command."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from actorbus.cli.logs import configure_logging


@pytest.fixture(autouse=True)
def _root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("form", ["json", "auto"])
def test_away_from_a_terminal_the_log_is_json_lines(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(form, "info")

    logging.getLogger("actorbus.test").info("café %d", 3)
    logging.getLogger("actorbus.test").debug("not shown")

    lines = capsys.readouterr().err.splitlines()
    record = json.loads(lines[0])
    assert len(lines) == 1
    assert record["time"].endswith("Z")
    assert (record["level"], record["logger"], record["message"]) == ("info", "actorbus.test", "café 3")


def test_an_exception_is_part_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")

    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("actorbus.test").exception("what")

    assert "ValueError: why" in json.loads(capsys.readouterr().err)["exception"]


def test_text_is_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "warning")

    logging.getLogger("actorbus.test").info("not shown")
    logging.getLogger("actorbus.test").warning("shown")

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("WARNING actorbus.test: shown")
