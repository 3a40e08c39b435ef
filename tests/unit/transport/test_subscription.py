from __future__ import annotations

from typing import Any

import pytest

from actorbus.transport import subscription as module
from actorbus.transport.subscription import Subscription
from tests.unit.transport.fakes import FakeClient, FakeHandle


class FakeSubscriptionHandle(FakeHandle):
    is_connected = True
    image_count = 2
    channel_status = 1
    endpoint = "127.0.0.1:40001"


def make(monkeypatch: pytest.MonkeyPatch) -> tuple[Subscription, FakeHandle, FakeClient]:
    monkeypatch.setattr(module, "make_poll_port", lambda handle: ("port of", handle))
    handle, client = FakeSubscriptionHandle("subscription", []), FakeClient()
    made: Any = Subscription
    return made(client, handle, "aeron:udp", 1001), handle, client


def test_it_tells_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = make(monkeypatch)[0]
    assert (subscription.channel, subscription.stream_id, subscription.handle) == ("aeron:udp", 1001, 1)
    assert subscription.port == ("port of", 1)
    assert subscription.is_connected()
    assert (subscription.image_count, subscription.channel_status) == (2, 1)
    assert subscription.endpoint == "127.0.0.1:40001"
    assert "1001" in repr(subscription)


def test_closing_tells_the_client_and_closes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription, handle, client = make(monkeypatch)
    subscription.close()
    subscription.close()
    assert handle.log == ["subscription"]
    assert client.forgotten[0] is subscription
