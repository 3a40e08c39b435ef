"""The numbers of docs/limits.md are those the code has."""

from __future__ import annotations

import re

import pytest

from actorbus import limits
from actorbus.actors import outbox
from actorbus.journal import table
from actorbus.topology import yaml_reader
from tests.docs.shell import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
MIB = limits.MIB


@pytest.mark.parametrize(
    ("what", "numbers"),
    [
        ("a message", (f"at most {limits.MESSAGE_MAX_BYTES // MIB} MiB",)),
        ("a topology file", (f"{yaml_reader.DEPTH_MAX} levels", f"{yaml_reader.ALIASES_MAX} aliases")),
        (
            "quarantine of a stream",
            (f"{limits.QUARANTINE_MESSAGES_MAX:,} messages", f"{limits.QUARANTINE_BYTES_MAX // MIB} MiB"),
        ),
        ("addresses kept for `redrive`", (f"{limits.QUARANTINE_FILE_BYTES_MAX // MIB} MiB",)),
        ("a mailbox", (f"{limits.MAILBOX_MESSAGES:,} messages", f"{limits.MAILBOX_BYTES // MIB} MiB")),
        ("what handlers on a poller", (f"{outbox.MESSAGES_MAX:,} messages", f"{outbox.BYTES_MAX // MIB} MiB")),
        ("a record of a recording", (f"{table.STREAMS_MAX:,} streams",)),
        ("nested values", (f"{limits.MSGPACK_DEPTH_MAX} levels",)),
        ("built-in type ids", (f"below {limits.TYPE_ID_FIRST_OF_USERS}", f"to {limits.TYPE_ID_MAX}")),
    ],
)
def test_a_number_is_that_of_the_code(what: str, numbers: tuple[str, ...]) -> None:
    (row,) = re.findall(rf"^\| {re.escape(what)}.*$", PAGE, re.MULTILINE)
    assert [number for number in numbers if number not in row] == []
