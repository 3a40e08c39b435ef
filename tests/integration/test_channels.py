"""Channels against the real driver: what `actorbus.channel` accepts Aeron opens, what it refuses Aeron refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.channel import Channel, parse_channel
from actorbus.errors import ActorBusError
from actorbus.transport import Client, EmbeddedDriver


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    directory: Path = tmp_path_factory.mktemp("channels") / "driver"
    with EmbeddedDriver(directory) as driver, Client.connect(driver.directory) as connected:
        yield connected


def open_and_close(client: Client, channel: str, stream_id: int) -> int:
    """Return the longest message that Aeron says this channel carries."""
    publication = client.add_publication(channel, stream_id, frame=False, format=0, publisher=1, types=[(1, 0)])
    try:
        return publication.max_message_length
    finally:
        publication.close()


@pytest.mark.parametrize(
    "given",
    [
        "aeron:ipc?term-length=64k",
        "aeron:ipc?term-length=128k|mtu=65504|alias=bars|linger=1.5s|sparse=true",
        "aeron:ipc?term-length=64k|init-term-id=5|term-id=7|term-offset=64|session-id=-9",
        "aeron:udp?endpoint=127.0.0.1:24324|term-length=64k|mtu=1408|reliable=true|linger=0s|so-sndbuf=64k|eos=false",
        "aeron:udp?endpoint=[::1]:24325|term-length=64k|tags=101,102|fc=max|ssc=true|nak-delay=100us|max-resend=4",
        "aeron:udp?control=127.0.0.1:24326|control-mode=dynamic|fc=min,g:1/1,t:5s|term-length=64k|group=infer",
        "aeron:udp?control-mode=manual|term-length=64k|pub-wnd=32k|cc=static|ats=false",
        {"media": "udp", "endpoint": "localhost:24327", "reliable": True, "term_length": "64k", "mtu": "8k",
         "linger": "5s", "receive_buffer": "64k", "send_buffer": "128k"},
    ],
    ids=str,
)  # fmt: skip
def test_what_we_accept_aeron_opens(client: Client, given: str | dict[str, object]) -> None:
    channel = Channel.parse(given)
    assert open_and_close(client, str(channel), 1001) == channel.max_message_length


@pytest.mark.parametrize(
    "text",
    [
        "aeron:ipc?term-length=96k",
        "aeron:ipc?term-length=32k",
        "aeron:ipc?term-length=64k|mtu=1000",
        "aeron:ipc?term-length=64k|mtu=32",
        "aeron:ipc?term-length=64k|init-term-id=0|term-id=0",
        "aeron:ipc?term-length=64k|init-term-id=5|term-id=4|term-offset=0",
        "aeron:ipc?term-length=64k|init-term-id=0|term-id=0|term-offset=33",
        "aeron:ipc?term-length=64k|pub-wnd=64k",
        "aeron:udp?reliable=true",
        "aeron:udp?endpoint=127.0.0.1",
        "aeron:udp?endpoint=127.0.0.1:24328|control-mode=dynamic",
        "aeron:udp?endpoint=224.0.1.2:24328|term-length=64k",
        "aeron:udp?endpoint=127.0.0.1:24328|term-length=64k|max-resend=300",
        "aeron:tcp?endpoint=127.0.0.1:1",
    ],
)
def test_what_we_refuse_aeron_refuses_too(client: Client, text: str) -> None:
    channel, problems = parse_channel(text)
    assert channel is None
    assert problems
    with pytest.raises(ActorBusError):
        _ = open_and_close(client, text, 1002)
