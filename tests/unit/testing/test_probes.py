from __future__ import annotations

from collections.abc import Iterator

import pytest

import actorbus as ab
from actorbus.errors import InternalError
from actorbus.testing.probes import Probes
from actorbus.topology.assembly import stream_part
from actorbus.topology.plan import load_mapping
from actorbus.transport import LocalBus, LocalClient, Publication

PARTS = {
    name: stream_part(plan)
    for name, plan in load_mapping(
        {
            "version": 1,
            "name": "probed",
            "streams": {
                "raw": {"stream_id": 1, "codec": {"format": "raw"}},
                "typed": {"stream_id": 2, "messages": ["Status"]},
            },
        },
        env={},
    ).streams.items()
}


@pytest.fixture
def bus() -> Iterator[LocalBus]:
    bus = LocalBus()
    yield bus
    bus.close()


@pytest.fixture
def probes(bus: LocalBus) -> Iterator[Probes]:
    probes = Probes(bus, PARTS)
    yield probes
    probes.close()


@pytest.fixture
def raw(bus: LocalBus, probes: Probes) -> Iterator[Publication]:
    part = PARTS["raw"]
    with LocalClient(bus) as client:
        yield client.add_publication(part.channel, 1, frame=True, format=0, publisher=7, types=[(1, 1)])


def send(publication: Publication, *bodies: bytes) -> None:
    port = publication.make_port(None, lambda _message, _body, code: code)
    for body in bodies:
        assert port.publish(body) >= 0


def test_each_message_is_taken_once_and_the_oldest_first(probes: Probes, raw: Publication) -> None:
    send(raw, b"a", b"b", b"c")
    assert probes.take("raw", bytes, 5, lambda body: body > b"a") == b"b"
    assert probes.take("raw", bytes, 5) == b"a"
    assert probes.take("raw", object, 5) == b"c"
    assert probes.take("raw", bytes, 0.001) is None
    assert probes.seen("raw") == [b"a", b"b", b"c"]
    assert probes.describe("raw") == "no other message came"


def test_events_are_asked_for_by_their_class(probes: Probes, raw: Publication) -> None:
    assert raw.say_hello()
    joined = probes.take("raw", ab.PublisherJoined, 5)
    assert joined is not None
    assert (joined.stream, joined.publisher) == ("raw", 7)
    assert probes.take("raw", object, 0.001) is None
    assert probes.catch_up(5)
    assert [type(event) for event in probes.events("raw")] == [ab.Recovered, ab.PublisherJoined]
    assert probes.seen("raw") == []


def test_catching_up_has_read_all_that_was_sent_before(probes: Probes, raw: Publication) -> None:
    for number in range(200):
        send(raw, b"%d" % number)
        assert probes.catch_up(5)
        assert len(probes.seen("raw")) == number + 1
    assert "bytes x 200" in probes.describe("raw")


def test_what_nobody_can_decode_is_no_message(bus: LocalBus, probes: Probes) -> None:
    part = PARTS["typed"]
    (type_id,) = part.types
    with LocalClient(bus) as client:
        publication = client.add_publication(part.channel, 2, frame=True, format=1, publisher=7, types=[(type_id, 1)])
        send(publication, bytes([0x91, type_id]))  # a Status without its fields
        assert probes.catch_up(5)
    assert probes.seen("typed") == []


def test_it_knows_its_streams_and_closes_twice(probes: Probes) -> None:
    assert "raw" in probes
    assert "other" not in probes
    probes.close()
    probes.close()


def test_an_error_of_its_thread_is_raised_at_the_next_question(
    probes: Probes, raw: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("actorbus.testing.probes.event_of", broken)
    assert raw.say_beat()
    assert probes.take("raw", bytes, 5) is None
    with pytest.raises(InternalError, match="broken"):
        probes.check()
