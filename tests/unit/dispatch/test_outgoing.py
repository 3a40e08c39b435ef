"""The protocols of the way out are what the real things are."""

from __future__ import annotations

import pytest

from actorbus.actors.outbox import Outbox as RealOutbox
from actorbus.dispatch import Publisher
from actorbus.dispatch.outgoing import Endpoint, Outbox, PublisherPort, Waiter
from actorbus.ffi.ports import port_type
from actorbus.transport import Publication


@pytest.mark.parametrize(
    ("protocol", "real"),
    [(PublisherPort, port_type("OfferPort")), (Outbox, RealOutbox), (Waiter, Publisher), (Endpoint, Publication)],
)
def test_the_real_thing_has_what_a_publisher_asks_of_it(protocol: type, real: object) -> None:
    values = {"stream", "max_message_length"}  # set in __init__
    assert [name for name in set(vars(protocol)["__protocol_attrs__"]) - values if not hasattr(real, name)] == []
