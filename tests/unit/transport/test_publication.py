from __future__ import annotations

import time
from typing import Any

import pytest

from actorbus.errors import DriverLost
from actorbus.transport import publication as module
from actorbus.transport.publication import Publication
from tests.unit.transport.fakes import FakeClient, FakePublicationHandle


class FakePort:
    def __init__(self, code: int) -> None:
        self.code = code
        self.said: list[int] = []

    def control(self, kind: int, /) -> int:
        self.said.append(kind)
        return self.code


def make(
    monkeypatch: pytest.MonkeyPatch, *, connected: tuple[bool, ...] = (True,), code: int = 0
) -> tuple[Publication, FakePublicationHandle, FakeClient, FakePort]:
    port = FakePort(code)
    monkeypatch.setattr(module, "make_offer_port", lambda *_: port)
    handle, client = FakePublicationHandle("publication", [], connected=connected), FakeClient()
    made: Any = Publication
    return made(client, handle, "aeron:ipc", framed=True, publisher=9), handle, client, port


def in_seconds(seconds: float) -> int:
    return time.monotonic_ns() + round(seconds * 1e9)


def test_it_tells_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    publication = make(monkeypatch)[0]
    assert (publication.stream_id, publication.session_id, publication.publisher) == (1001, 7, 9)
    assert (publication.max_message_length, publication.max_body_length) == (8192, 8160)
    assert (publication.sequence, publication.position, publication.handle) == (5, 96, 1)
    assert "aeron:ipc" in repr(publication)


def test_hello_beat_and_bye_go_through_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    publication, _, _, port = make(monkeypatch)
    assert publication.say_hello()
    assert publication.say_beat()
    assert publication.say_bye()
    assert port.said == [1, 2, 3]


def test_a_refused_hello_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not make(monkeypatch, code=-1)[0].say_hello()


def test_waiting_for_a_subscriber_ends_when_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    publication = make(monkeypatch, connected=(False, False, True))[0]
    assert publication.wait_connected(in_seconds(5))


def test_waiting_for_a_subscriber_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not make(monkeypatch, connected=(False,))[0].wait_connected(in_seconds(0.002))


def test_waiting_for_a_subscriber_ends_when_the_driver_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    publication, _, client, _ = make(monkeypatch, connected=(False,))
    client.is_lost = True
    with pytest.raises(DriverLost):
        publication.wait_connected(in_seconds(5))


def test_waiting_for_room_ends_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    publication, handle, _, _ = make(monkeypatch)
    handle.limits = [96, 96, 4096]
    publication.wait_window_ns(in_seconds(5))
    assert handle.limits == [4096]


@pytest.mark.parametrize("limit", [-4, 96])
def test_waiting_for_room_comes_back_soon_whatever_happens(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    publication, handle, _, _ = make(monkeypatch)
    handle.limits = [limit]
    began = time.monotonic()
    publication.wait_window_ns(in_seconds(60))
    assert time.monotonic() - began < 30
    publication.wait_window_ns(0)  # a deadline that is over


def test_closing_tells_the_client_and_closes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    publication, handle, client, _ = make(monkeypatch)
    publication.close()
    publication.close()
    assert handle.log == ["publication"]
    assert client.forgotten[0] is publication
