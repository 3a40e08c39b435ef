"""One suite for every transport: what a publication and a subscription promise, in-process, over IPC and over UDP.

A difference that is meant is not here: fragments, addresses, what a driver does. All waits have deadlines. How ends
close is in test_closing.py, what a node makes of it in test_node.py.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from actorbus.ffi.native import lib
from actorbus.transport import Publication
from tests.conformance.places import Place, Reader, answer_code, connected, counted, in_seconds, sender, until


def bodies_of(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


# -- order and sequence ----------------------------------------------------------------------------------------------


def test_messages_come_in_order_with_their_sequence_and_growing_positions(place: Place) -> None:
    reader = Reader(place.subscription())
    publication = connected(place.publication(publisher=99))
    bodies = bodies_of(5_000)
    send = sender(publication)
    sending = threading.Thread(target=lambda: [send(body) for body in bodies])
    sending.start()
    assert reader.messages(5_000) == bodies
    sending.join(20)
    assert [record[3] for record in reader.records] == list(range(5_000))
    assert {record[0] for record in reader.records} == {publication.session_id}
    assert {record[4] for record in reader.records} == {99}
    positions = [record[1] for record in reader.records]
    assert all(before < behind for before, behind in itertools.pairwise(positions))
    assert positions[-1] == publication.position
    assert publication.sequence == 5_000


def test_a_message_costs_its_length_and_headers_rounded_up_to_32(place: Place) -> None:
    reader = Reader(place.subscription())
    publication = connected(place.publication())
    before = publication.position
    sender(publication)(b"x" * 33)
    assert reader.messages(1)
    assert publication.position - before == 128  # 32 + 32 + 33, rounded up
    assert reader.subscription.port.session_position(publication.session_id) == publication.position


# -- connected or not ------------------------------------------------------------------------------------------------


def test_nobody_there_is_not_connected_and_uses_no_sequence(place: Place) -> None:
    publication = place.publication()
    port = publication.make_port(None, answer_code)
    assert not publication.is_connected()
    assert port.publish(b"lost") == lib.AB_NOT_CONNECTED
    assert not publication.say_hello()
    assert not publication.wait_connected(in_seconds(0.01))
    reader = Reader(place.subscription())
    connected(publication)
    assert sender(publication)(b"first") == 0
    assert reader.messages(1) == [b"first"]


def test_the_last_subscriber_that_leaves_disconnects(place: Place) -> None:
    subscription = place.subscription()
    publication = connected(place.publication())
    subscription.close()
    until(lambda: not publication.is_connected(), "disconnected")
    assert publication.make_port(None, answer_code).publish(b"lost") == lib.AB_NOT_CONNECTED


def test_a_publication_that_closes_is_told_when_all_of_it_was_read(place: Place) -> None:
    reader = Reader(place.subscription())
    publication = connected(place.publication())
    sender(publication)(b"last words")
    end = publication.position
    assert publication.say_bye()
    publication.close()
    reader.until(lambda: lib.AB_IMAGE_DOWN in reader.kinds(), "the image is down")
    assert reader.bodies == [b"last words"]
    down = next(notice for notice in reader.notices if notice[0] == lib.AB_IMAGE_DOWN)
    assert down[5] > end  # the Bye was read too


# -- back pressure ---------------------------------------------------------------------------------------------------


def test_a_stopped_subscriber_holds_the_publisher_and_nothing_is_lost(place: Place) -> None:
    reader = Reader(place.subscription())
    publication = connected(place.publication())
    port = publication.make_port(None, answer_code)
    accepted = 0
    moved_ns = time.monotonic_ns()

    def fill() -> bool:
        nonlocal accepted, moved_ns
        answer = port.publish(b"%05d" % accepted + b"." * 500)
        if answer >= 0:
            accepted += 1
            moved_ns = time.monotonic_ns()
        return answer == lib.AB_BACK_PRESSURED and time.monotonic_ns() - moved_ns > 200_000_000

    until(fill, "lasting back pressure")
    assert 10 < accepted < 200  # half a term of 64 KiB; over UDP a receiver's window may allow more
    assert publication.position >= publication.position_limit
    assert len(reader.messages(accepted)) == accepted
    until(lambda: port.retry(b"after") >= 0, "room again")
    assert reader.messages(accepted + 1)[-1] == b"after"
    assert [record[3] for record in reader.records] == list(range(accepted + 1))


def test_the_slowest_of_two_subscribers_decides(place: Place) -> None:
    fast, slow = Reader(place.subscription()), Reader(place.subscription())
    publication = connected(place.publication())
    fast.until(lambda: fast.subscription.image_count, "the first image")
    slow.until(lambda: slow.subscription.image_count, "the second image")
    port = publication.make_port(None, answer_code)
    accepted = 0
    moved_ns = time.monotonic_ns()

    def fill() -> bool:
        nonlocal accepted, moved_ns
        before = accepted + len(fast.bodies)
        fast.step()
        accepted += port.publish(b"." * 1000) >= 0
        if accepted + len(fast.bodies) != before:
            moved_ns = time.monotonic_ns()
        return time.monotonic_ns() - moved_ns > 200_000_000

    until(fill, "it stands still, though the fast one reads")
    assert port.retry(b"more") == lib.AB_BACK_PRESSURED
    assert accepted < 300

    def both() -> bool:
        fast.step()
        slow.step()
        return len(slow.bodies) == len(fast.bodies) == accepted

    until(both, "both have everything")
    until(lambda: port.retry(b"more") >= 0, "room again")


# -- what comes between messages -------------------------------------------------------------------------------------


def test_hello_gap_and_bye_are_told_where_they_happened(place: Place) -> None:
    reader = Reader(place.subscription())
    publication = connected(place.publication(publisher=5))
    port = publication.make_port(None, answer_code)
    assert publication.say_hello()
    assert [port.publish(b"a"), port.publish(b"b")] == [0, 1]
    assert [port.drop(), port.drop()] == [2, 3]
    assert port.publish(b"e") == 4
    assert publication.say_beat()
    assert port.drop() == 5
    assert publication.say_bye()
    reader.until(lambda: lib.AB_PUBLISHER_LEFT in reader.kinds(), "bye")
    assert [entry for entry in reader.story if entry[0] != lib.AB_IMAGE_UP] == [
        (lib.AB_PUBLISHER_JOINED, 0, 0),
        ("message", 0),
        ("message", 1),
        (lib.AB_GAP, 2, 3),
        ("message", 4),
        (lib.AB_GAP, 5, 5),
        (lib.AB_PUBLISHER_LEFT, 6, 0),
    ]
    assert reader.notices[0][0] == lib.AB_IMAGE_UP
    assert {notice[1] for notice in reader.notices} == {publication.session_id}


def test_who_joins_late_misses_what_was_and_sees_no_gap(place: Place) -> None:
    first = Reader(place.subscription())
    publication = connected(place.publication())
    send = sender(publication)
    for body in bodies_of(3):
        send(body)
    assert first.messages(3)
    for _ in range(2):  # a driver's conductor has looked how far `first` is when it answers the next command but one
        place.subscription().close()
    late = Reader(place.subscription())
    late.until(lambda: late.subscription.image_count, "the late one's image")
    late.until(lambda: lib.AB_IMAGE_UP in late.kinds(), "told of it")
    assert late.subscription.port.session_position(publication.session_id) == publication.position
    send(b"news")
    assert late.messages(1) == [b"news"]
    assert late.records[0][3] == 3
    assert lib.AB_GAP not in late.kinds()
    assert (lib.AB_PUBLISHER_JOINED, 3, 0) in late.story
    assert first.messages(4)[-1] == b"news"


def test_several_publishers_keep_their_own_order_and_sequence(place: Place) -> None:
    reader = Reader(place.subscription())
    publications = [connected(place.publication(publisher=number)) for number in (11, 12, 13)]
    reader.until(lambda: reader.subscription.image_count == 3, "three images")

    def publish_all(publication: Publication) -> None:
        send = sender(publication)
        for number in range(400):
            send(b"%d:%d" % (publication.publisher, number))

    threads = [threading.Thread(target=publish_all, args=(publication,)) for publication in publications]
    for thread in threads:
        thread.start()
    bodies = reader.messages(1_200)
    for thread in threads:
        thread.join(20)
    for publication in publications:
        its = [
            (record[3], body)
            for record, body in zip(reader.records, bodies, strict=True)
            if record[4] == publication.publisher
        ]
        assert its == [(number, b"%d:%d" % (publication.publisher, number)) for number in range(400)]
    assert len({record[0] for record in reader.records}) == 3


# -- sizes, formats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term_length", ["64k", "1m"])
def test_messages_are_as_long_as_the_channel_carries_and_no_longer(place: Place, term_length: str) -> None:
    reader = Reader(place.subscription(term_length=term_length))
    publication = connected(place.publication(term_length=term_length))
    longest = {"64k": 8 * 1024, "1m": 128 * 1024}[term_length]
    assert publication.max_message_length == longest
    assert publication.max_body_length == longest - 32
    bodies = [bytes([number]) * (longest - 32 - number) for number in range(12)]
    port = publication.make_port(None, answer_code)
    assert port.publish(b"x" * (longest - 31)) == lib.AB_TOO_LARGE
    send = sender(publication)
    sending = threading.Thread(target=lambda: [send(body) for body in [*bodies, b""]])
    sending.start()
    assert reader.messages(13) == [*bodies, b""]
    sending.join(20)
    assert [record[3] for record in reader.records] == list(range(13))


@pytest.mark.parametrize(
    ("format_id", "encode"),
    [(1, msgspec.msgpack.encode), (2, msgspec.json.encode)],
    ids=["msgpack", "json"],
)
def test_typed_bodies_cross_and_undeclared_types_do_not(
    place: Place, format_id: int, encode: Callable[[object], bytes]
) -> None:
    types = [(1001, 1), (1002, 3)]
    taken = [(1001, 1, True), (1002, 3, False)]
    reader = Reader(place.subscription(format_id=format_id, types=taken))
    publication = connected(place.publication(format_id=format_id, types=types))
    port = publication.make_port(None, answer_code)
    bodies = [encode([1001, "a", number]) for number in range(3)]
    assert port.publish_list(bodies) == (3, 0)
    assert port.publish(encode([1003, "nobody declared it"])) == lib.AB_UNKNOWN_TYPE
    assert port.publish(encode([1002, "nobody wants it"])) == 3
    assert port.publish(b"\xc1" if format_id == 1 else b"{}") in {lib.AB_MALFORMED, lib.AB_UNKNOWN_TYPE}
    assert port.publish(bodies[0]) == 4
    assert reader.messages(4) == [*bodies, bodies[0]]
    assert [record[3] for record in reader.records] == [0, 1, 2, 4]
    assert {record[7:] for record in reader.records} == {(1001, 1)}
    assert lib.AB_GAP not in reader.kinds()


def test_an_array_of_bodies_is_published_one_by_one(place: Place) -> None:
    reader = Reader(place.subscription(format_id=1, types=[(1001, 1, True)]))
    publication = connected(place.publication(format_id=1, types=[(1001, 1)]))
    port = publication.make_port(None, answer_code)
    assert port.publish_array(msgspec.msgpack.encode([[1001, number] for number in range(5)]), 2) == (3, 0)
    assert reader.messages(3) == [msgspec.msgpack.encode([1001, number]) for number in (2, 3, 4)]


def test_without_our_frame_bodies_cross_as_they_are(place: Place) -> None:
    reader = Reader(place.subscription(frame=False))
    publication = connected(place.publication(frame=False))
    reader.until(lambda: reader.subscription.image_count, "an image")
    assert publication.max_body_length == publication.max_message_length
    assert publication.say_hello()  # there is nothing to say
    before = publication.position
    sender(publication)(b"as it is")
    assert reader.messages(1) == [b"as it is"]
    assert publication.position - before == 64
    assert reader.records[0][4:6] == (0, 0)
    assert reader.kinds() == [lib.AB_IMAGE_UP]


def test_a_frame_of_another_format_is_counted_and_kept(place: Place) -> None:
    block = place.block("received")
    reader = Reader(place.subscription(format_id=1, types=[(1001, 1, True)], counters=block))
    publication = connected(place.publication(format_id=0))
    sender(publication)(b"raw, where msgpack is spoken")
    reader.until(lambda: counted(block).get("malformed"), "it is counted")
    (entry,) = reader.subscription.port.quarantine()
    assert entry[8] == b"raw, where msgpack is spoken"
    assert reader.bodies == []


# -- counters --------------------------------------------------------------------------------------------------------


def test_the_same_traffic_counts_the_same(place: Place) -> None:
    sent, received = place.block("sent"), place.block("received")
    publication = place.publication(format_id=1, types=[(1001, 1), (1002, 1), (1003, 1)], counters=sent)
    port = publication.make_port(None, answer_code)
    wanted, unwanted, unknown = (msgspec.msgpack.encode([kind, "abc"]) for kind in (1001, 1002, 1003))
    assert port.publish(wanted) == lib.AB_NOT_CONNECTED
    taken = [(1001, 1, True), (1002, 1, False)]
    reader = Reader(place.subscription(format_id=1, types=taken, counters=received))
    connected(publication)
    assert publication.say_hello()
    for body in (wanted, unwanted, unknown, wanted):
        assert port.publish(body) >= 0
    assert port.drop() == 4
    assert port.publish(wanted) == 5
    assert publication.say_bye()
    reader.until(lambda: lib.AB_PUBLISHER_LEFT in reader.kinds(), "bye")
    length = len(wanted)
    assert counted(sent) == {"published": 5, "published_bytes": 5 * length, "dropped": 1, "not_connected": 1}
    assert counted(received) == {
        "received": 3,
        "received_bytes": 3 * length,
        "gaps": 1,
        "missing": 1,
        "unknown_type": 1,
        "unwanted": 1,
        "quarantined": 1,
    }
