"""Format struct in the codec: an encoder, a reader of batches, no lone bodies."""

from __future__ import annotations

import pytest

from actorbus.codec import Chain, FormatId, format_named
from actorbus.errors import UsageError
from tests.support.fixed import Halt, Side, Tick, fed_port

FORM = format_named("struct")


def test_it_is_format_4() -> None:
    assert (FORM.name, FORM.id) == ("struct", FormatId.STRUCT)


def test_a_batch_becomes_messages_in_one_call_and_one_by_one() -> None:
    decoding = Chain(FORM, (Tick, Halt)).decoding
    with fed_port(Tick, Halt) as fed:
        sent = [Tick("A", 1.0, 2, Side.SELL), Halt(3)]
        assert fed.messages(*sent)
        assert fed.poll() == 2
        assert decoding.batch is not None
        assert decoding.batch(fed.port) == sent
        assert [decoding.at(fed.port, place, b"") for place in range(2)] == sent
        with pytest.raises(IndexError):
            _ = decoding.at(fed.port, 2, b"")


def test_a_lone_body_is_refused() -> None:
    with pytest.raises(UsageError, match="does not say its type"):
        _ = FORM.decoding((Tick,)).one(b"")


@pytest.mark.parametrize("what", [FORM.encoder, FORM.decoding])
def test_it_needs_types(what: object) -> None:
    assert callable(what)
    with pytest.raises(UsageError, match="without message types"):
        _ = what(())
