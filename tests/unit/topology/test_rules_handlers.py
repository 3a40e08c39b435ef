"""Mailboxes and `after`. Each rule has a right and a wrong case."""

from __future__ import annotations

import pytest

from tests.support.topologies import codes, minimal

BARS = {"stream_id": 1, "messages": ["Bar"]}
QUOTES = {"stream_id": 2, "messages": ["Quote"]}


def errors(**handlers: dict[str, object]) -> list[str]:
    made = {name: {"stream": "bars", "class": "count", **changes} for name, changes in handlers.items()}
    found = codes(minimal(streams={"bars": BARS, "quotes": QUOTES}, handlers=made))
    return [code for code in found if not code.startswith("AB19")]


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ({"dispatch": "mailbox"}, None),
        ({"dispatch": "mailbox", "mailbox": {"messages": 10, "bytes": "1m", "overflow": "drop_oldest"}}, None),
        ({"mailbox": {"messages": 10}}, "AB1213"),
        ({"dispatch": "mailbox", "mailbox": {"overflow": "conflate", "key": "symbol"}}, None),
        ({"dispatch": "mailbox", "mailbox": {"overflow": "conflate"}}, "AB1214"),
        ({"dispatch": "mailbox", "mailbox": {"overflow": "conflate", "key": "symbl"}}, "AB1214"),
        ({"dispatch": "mailbox", "mailbox": {"key": "symbol"}}, "AB1213"),
    ],
)
def test_a_mailbox_goes_with_its_dispatch_and_its_key_with_conflate(
    handler: dict[str, object], code: str | None
) -> None:
    assert errors(h=handler) == ([code] if code else [])


@pytest.mark.parametrize(
    ("after", "other", "code"),
    [
        (["other"], {}, None),
        (["other"], {"dispatch": "mailbox"}, None),
        (["othr"], {}, "AB1215"),
        (["other", "other"], {}, "AB1212"),
        (["other"], {"stream": "quotes"}, "AB1215"),
        (["other"], {"dispatch": "mailbox", "after": ["h"]}, "AB1215"),
        (["h"], {}, "AB1215"),
    ],
)
def test_after_names_handlers_of_the_same_stream_without_a_circle(
    after: list[str], other: dict[str, object], code: str | None
) -> None:
    assert errors(h={"dispatch": "mailbox", "after": after}, other=other) == ([code] if code else [])


def test_after_is_for_mailboxes() -> None:
    assert errors(h={"after": ["other"]}, other={}) == ["AB1213"]
