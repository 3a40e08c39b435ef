"""Format raw: bytes in, bytes out."""

from __future__ import annotations

import pytest

from actorbus.codec.raw import Raw
from actorbus.errors import UsageError
from actorbus.messages import Bar


def test_bytes_go_as_they_are() -> None:
    assert Raw().encoder((bytes,)) is None
    assert Raw().encoder(()) is None


def test_a_body_is_handed_on_without_a_copy() -> None:
    body = b"body"
    assert Raw().decoding((bytes,)).one(body) is body


def test_other_buffers_become_bytes() -> None:
    assert Raw().decoding(()).one(memoryview(b"body")) == b"body"


def test_there_is_no_batch() -> None:
    assert Raw().decoding(()).batch is None


def test_message_types_are_a_mistake() -> None:
    with pytest.raises(UsageError, match="format raw with message types Bar"):
        _ = Raw().decoding((Bar,))
    with pytest.raises(UsageError, match="leave out the stream's messages"):
        _ = Raw().encoder((bytes, Bar))
