"""The log of a command: rendered by structlog, from logging and from structlog alike."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from actorbus.cli.logs import configure_logging


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["json", "auto"])
def test_away_from_a_terminal_the_log_is_json_lines(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(form, "info")

    logging.getLogger("actorbus.test").info("café %d", 3)
    logging.getLogger("actorbus.test").debug("not shown")

    lines = capsys.readouterr().err.splitlines()
    record = json.loads(lines[0])
    assert len(lines) == 1
    assert record.pop("time").endswith("Z")
    assert record == {"level": "info", "logger": "actorbus.test", "message": "café 3"}


def test_an_exception_is_part_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")

    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("actorbus.test").exception("what")

    assert "ValueError: why" in json.loads(capsys.readouterr().err)["exception"]


def test_what_a_record_carries_beside_its_text_is_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")

    logging.getLogger("actorbus.handlers.risk").warning("over the limit", extra={"symbol": "EURUSD"})

    record = json.loads(capsys.readouterr().err)
    assert (record["message"], record["symbol"]) == ("over the limit", "EURUSD")


def test_text_is_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "warning")

    logging.getLogger("actorbus.test").info("not shown")
    logging.getLogger("actorbus.test").warning("shown", extra={"symbol": "EURUSD"})

    (line,) = capsys.readouterr().err.splitlines()
    assert line[2] == line[5] == ":", "the time of day"
    assert line[8:] == " [warning  ] shown [actorbus.test] symbol=EURUSD"


def test_text_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text", "info")

    logging.getLogger("actorbus.test").info("a\x1b[2Jb")

    assert "a?[2Jb" in capsys.readouterr().err


def test_a_handler_that_logs_through_structlog_is_heard_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")

    structlog.get_logger("app.risk").bind(account="A1").info("limit %d", 5)
    structlog.get_logger("app.risk").debug("not shown")

    lines = capsys.readouterr().err.splitlines()
    record = json.loads(lines[0])
    assert len(lines) == 1
    assert (record["logger"], record["level"], record["message"], record["account"]) == (
        "app.risk", "info", "limit 5", "A1",
    )  # fmt: skip


def test_a_structlog_that_the_application_configured_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def mine(_logger: object, _method: str, event: object) -> str:
        return f"mine: {event}"

    structlog.configure(processors=[mine])
    configure_logging("json", "info")

    assert structlog.get_config()["processors"] == [mine]
