from __future__ import annotations

import time

import pytest

from actorbus.errors import ClosedError, OutOfMemory
from actorbus.ffi import open_handles
from actorbus.ffi.local import LocalClientHandle, LocalMeeting, LocalPublicationHandle, LocalSubscriptionHandle

TERM = 64 * 1024


def soon() -> int:
    return time.monotonic_ns() + 5_000_000_000


def test_the_ends_say_what_there_is_to_know() -> None:
    meeting = LocalMeeting(TERM, "aeron:ipc stream 5")
    publication = LocalPublicationHandle.open(meeting, 17, 5)
    info = publication.info()
    assert (info.session_id, info.stream_id, info.term_buffer_length) == (17, 5, TERM)
    assert info.max_message_length == info.max_payload_length == TERM // 8
    assert (publication.position, publication.position_limit, publication.is_connected) == (0, 0, False)
    subscription = LocalSubscriptionHandle.open(meeting)
    assert (publication.position_limit, publication.is_connected) == (TERM // 2, True)
    assert (subscription.image_count, subscription.is_connected, subscription.endpoint) == (1, True, None)
    assert publication.channel_status == subscription.channel_status == 1
    publication.close(soon())
    subscription.close(soon())
    meeting.release()


def test_closed_ends_and_meetings_say_so() -> None:
    before = open_handles()
    meeting = LocalMeeting(TERM, "aeron:ipc stream 5")
    publication, subscription = LocalPublicationHandle.open(meeting, 1, 5), LocalSubscriptionHandle.open(meeting)
    meeting.release()
    meeting.release()
    assert publication.is_connected  # its ends outlive it
    for end in (publication, subscription):
        end.close(soon())
        end.close(soon())
    with pytest.raises(ClosedError, match="the publication is closed"):
        _ = publication.position
    with pytest.raises(ClosedError, match="the subscription is closed"):
        _ = subscription.image_count
    with pytest.raises(ClosedError, match="bus is closed"):
        LocalSubscriptionHandle.open(meeting)
    assert open_handles() == before


@pytest.mark.parametrize("term_length", [0, TERM // 2, TERM + 1, 2**31])
def test_a_term_length_that_is_none_is_refused_with_its_value(term_length: int) -> None:
    with pytest.raises(OutOfMemory, match=f"{term_length} byte terms"):
        LocalMeeting(term_length, "aeron:ipc stream 5")


def test_a_stream_takes_64_publications() -> None:
    meeting = LocalMeeting(TERM, "aeron:ipc stream 5")
    opened = [LocalPublicationHandle.open(meeting, number, 5) for number in range(64)]
    with pytest.raises(OutOfMemory, match="no room for another publication"):
        LocalPublicationHandle.open(meeting, 64, 5)
    for publication in opened:
        publication.close(soon())
    meeting.release()


def test_the_client_is_lost_never_and_closed_once() -> None:
    client = LocalClientHandle("in-process")
    client.connect()
    client.drain()
    assert (client.id, client.is_lost, client.take_errors()) == (0, False, [])
    client.close(soon())
    client.close(soon())
    with pytest.raises(ClosedError, match="in-process client is closed"):
        _ = client.is_lost
