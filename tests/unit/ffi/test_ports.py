from __future__ import annotations

import msgspec
import pytest

from actorbus.ffi.native import ffi, lib
from actorbus.ffi.ports import make_offer_port, make_poll_port


def refuse(message: object, body: object, code: int) -> int:
    return code


def test_a_port_of_no_publication_refuses_everything_as_stale() -> None:
    port = make_offer_port(0, None, refuse)
    assert port.publish(b"body") == lib.AB_STALE
    assert port.offer(b"body") == lib.AB_STALE
    assert port.retry(b"body") == lib.AB_STALE
    assert port.offer_unchecked(b"body") == lib.AB_STALE
    assert port.control(lib.AB_HELLO) == lib.AB_STALE
    assert port.drop() == lib.AB_STALE
    assert port.hold(True) == lib.AB_STALE
    assert port.publish_list([b"one", b"two"]) == (0, lib.AB_STALE)
    assert port.sequence == lib.AB_STALE
    assert port.error == (0, "")


def test_what_is_not_bytes_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        make_offer_port(0, None, refuse).offer("text")


def test_what_encode_raises_goes_to_refused_in_the_place_of_the_body() -> None:
    seen: list[object] = []

    def encode(message: object) -> bytes:
        raise ZeroDivisionError(message)

    def refused(message: object, body: object, code: int) -> int:
        seen.extend((message, body, code))
        return -1

    assert make_offer_port(0, encode, refused).publish(7) == -1
    assert isinstance(seen[1], ZeroDivisionError)
    assert (seen[0], seen[2]) == (7, lib.AB_ENCODE)


def test_the_body_that_refused_gets_is_its_own_also_when_the_encoder_wrote_into_the_ports_buffer() -> None:
    seen: list[object] = []

    def refused(message: object, body: object, code: int) -> int:
        seen.append(body)
        return code

    port = make_offer_port(0, msgspec.msgpack.Encoder().encode, refused)
    sent: list[object] = [[1, "a"], [1, "b" * 100_000], [1, "c"]]  # the second is larger than the buffer that is kept
    assert [port.publish(message) for message in sent] == [lib.AB_STALE] * 3
    assert seen == [msgspec.msgpack.encode(message) for message in sent]
    assert {type(body) for body in seen} == {bytes}


def test_a_message_whose_encoding_publishes_another_is_not_disturbed() -> None:
    seen: list[object] = []

    def refused(message: object, body: object, code: int) -> int:
        seen.append(body)
        return code

    def hook(value: object) -> object:
        port.publish([2, "inner"])
        assert port.publish_many([[2, "inner"]]) == (0, lib.AB_STALE)
        return "outer"

    port = make_offer_port(0, msgspec.msgpack.Encoder(enc_hook=hook).encode, refused)
    assert port.publish([1, object(), "end"]) == lib.AB_STALE
    assert seen == [msgspec.msgpack.encode(each) for each in ([2, "inner"], [1, "outer", "end"])]


def test_publish_many_raises_what_the_encoder_raises_and_needs_one() -> None:
    port = make_offer_port(0, msgspec.msgpack.Encoder().encode, refuse)
    with pytest.raises(TypeError, match="unsupported"):
        port.publish_many([[1, 2], object()])
    with pytest.raises(TypeError, match="encoder"):
        make_offer_port(0, None, refuse).publish_many([b"body"])
    assert port.publish_many([[1, 2]]) == (0, lib.AB_STALE)


def test_what_ends_the_program_passes_through_the_encoder() -> None:
    def encode(message: object) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_offer_port(0, encode, refuse).publish(1)


def test_what_refused_returns_is_the_answer_and_it_gets_the_body() -> None:
    seen: list[object] = []

    def refused(message: object, body: object, code: int) -> int:
        seen.extend((message, body, code))
        return 17

    assert make_offer_port(0, lambda message: b"encoded", refused).publish("message") == 17
    assert seen == ["message", b"encoded", lib.AB_STALE]


def test_a_port_of_no_subscription_has_nothing() -> None:
    handle = lib.ab_batch_open()
    port = make_poll_port(handle)
    assert port.poll() == 0
    assert port.bodies() == []
    assert port.records() == []
    assert port.notices() == []
    assert port.quarantine() == []
    assert port.type_counts == []
    assert port.session_position(7) == -1
    with pytest.raises(IndexError):
        port.record(0)
    lib.ab_batch_close(handle)


def test_a_batch_is_readable_as_a_buffer() -> None:
    handle = lib.ab_batch_open()
    types = ffi.new("ab_type[]", [(1, 1, 1)])
    assert lib.ab_subscription_configure(handle, 0, 0, types, 1, ffi.NULL) == lib.AB_OK
    body = ffi.from_buffer("uint8_t[]", b"hello")
    assert lib.ab_batch_feed(handle, 7, 64, body, 5, 0xC0) == 1
    port = make_poll_port(handle)
    assert port.poll() == 1
    assert port.bodies() == [b"hello"]
    assert b"hello" in bytes(memoryview(port))
    assert port.record(0)[:2] == (7, 64)
    lib.ab_batch_close(handle)
    assert port.poll() == lib.AB_STALE
