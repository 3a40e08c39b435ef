"""Thin owners of what is opened through a client: publication, subscription, counter. Rules as in handles.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from actorbus.errors import InternalError
from actorbus.ffi.failure import error_text, failure, new_error
from actorbus.ffi.handles import ClientHandle, Handle
from actorbus.ffi.layouts import native_layout
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.waiting import Event
from actorbus.message.layout import FixedLayout

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import CData

__all__ = ["CounterHandle", "PublicationHandle", "PublicationInfo", "SubscriptionHandle"]


class PublicationInfo(NamedTuple):
    """What does not change while a publication is open. Lengths are Aeron's, our frame included."""

    registration_id: int
    max_possible_position: int
    term_buffer_length: int
    max_message_length: int
    max_payload_length: int
    stream_id: int
    session_id: int
    initial_term_id: int
    publication_limit_counter_id: int
    channel_status_indicator_id: int


class PublicationHandle(Handle):
    """An exclusive publication: offers through it come from one thread at a time."""

    __slots__ = ()
    noun = "publication"

    @classmethod
    def add(cls, client: ClientHandle, channel: str, stream_id: int, deadline_ns: int) -> PublicationHandle:
        """Add one; waits for the driver's answer."""
        error = new_error()
        where = f"{channel} stream {stream_id}"
        handle = lib.ab_publication_add_wait(client.handle, channel.encode(), stream_id, deadline_ns, error)
        if handle == 0:
            raise failure(error, where=where)
        return cls(handle, where)

    def configure(
        self,
        *,
        framed: bool,
        format_id: int,
        publisher: int,
        sequence: int,
        types: Sequence[tuple[int, int]],
        counters: int | None,
        wake: Event | None,
        layouts: Sequence[FixedLayout] = (),
    ) -> None:
        """Say what is sent.

        Frame, format, publisher id, next sequence, (type id, version)s; where to count; whom to wake; layouts, for
        format struct.
        """
        table = ffi.new("ab_type[]", [(type_id, version, 0) for type_id, version in types])
        result = lib.ab_publication_configure(
            self.handle,
            int(framed),
            format_id,
            publisher,
            sequence,
            table,
            len(types),
            _counters(counters),
            ffi.NULL if wake is None else wake.native,
        )
        self._configured(result, f"framed={framed} format={format_id} publisher={publisher} types={list(types)}")
        for layout in layouts:
            result = lib.ab_publication_layout(self.handle, native_layout(layout))
            self._configured(result, f"layouts of format={format_id}")

    def gather(self, max_messages: int, max_bytes: int, linger_ns: int, news: Event | None) -> None:
        """Have messages sent in batch frames (native/ab_gather.h); `news` is bumped when some are to be seen to."""
        event = ffi.NULL if news is None else news.native
        result = lib.ab_publication_gather(self.handle, max_messages, max_bytes, linger_ns, event)
        self._configured(result, f"frames of {max_messages} messages, {max_bytes} bytes")

    def info(self) -> PublicationInfo:
        """Return its constants."""
        info = ffi.new("ab_publication_info *")
        if self._known(lib.ab_publication_info_get(self.handle, info)) != lib.AB_OK:
            raise InternalError("Aeron has no constants of a publication that is open", where=self.where)
        return PublicationInfo(*(int(getattr(info, name)) for name in PublicationInfo._fields))

    def state(self) -> tuple[int, int]:
        """Return the next sequence and the largest body, in bytes."""
        sequence, length = ffi.new("uint64_t *"), ffi.new("size_t *")
        self._known(lib.ab_publication_state(self.handle, sequence, length))
        return sequence[0], length[0]

    def last_error(self) -> str:
        """Return the text of the last AB_FAILED of an offer."""
        error = new_error()
        self._known(lib.ab_publication_error(self.handle, error))
        return error_text(error)

    @property
    def is_connected(self) -> bool:
        """Whether somebody subscribes."""
        return bool(self._known(lib.ab_publication_is_connected(self.handle)))

    @property
    def position(self) -> int:
        """Bytes of the stream so far; negative (AB_CLOSED) when Aeron closed it."""
        return self._known(lib.ab_publication_position(self.handle))

    @property
    def position_limit(self) -> int:
        """Up to where subscribers let it go on; negative (AB_CLOSED) when Aeron closed it."""
        return self._known(lib.ab_publication_position_limit(self.handle))

    @property
    def channel_status(self) -> int:
        """1 active, -1 the channel broke, anything else: on its way."""
        return self._known(lib.ab_publication_channel_status(self.handle))

    def close(self, deadline_ns: int) -> None:
        """Close it and wait until Aeron has."""
        self._close(lib.ab_publication_retire, lib.ab_publication_close_wait, deadline_ns)


class SubscriptionHandle(Handle):
    """A subscription: its images are looked at by its poller's thread alone."""

    __slots__ = ()
    noun = "subscription"

    @classmethod
    def add(cls, client: ClientHandle, channel: str, stream_id: int, deadline_ns: int) -> SubscriptionHandle:
        """Add one; waits for the driver's answer."""
        error = new_error()
        where = f"{channel} stream {stream_id}"
        handle = lib.ab_subscription_add_wait(client.handle, channel.encode(), stream_id, deadline_ns, error)
        if handle == 0:
            raise failure(error, where=where)
        return cls(handle, where)

    def configure(
        self,
        *,
        framed: bool,
        format_id: int,
        types: Sequence[tuple[int, int, bool]],
        counters: int | None,
        layouts: Sequence[FixedLayout] = (),
        batch: tuple[int, int] | None = None,
    ) -> None:
        """Say what is expected: frame, format, (type id, version, wanted)s, layouts for format struct; where to count.

        `batch`: how many messages and bytes of bodies one batch takes; None: as always.
        """
        table = ffi.new("ab_type[]", [(type_id, version, int(wanted)) for type_id, version, wanted in types])
        result = lib.ab_subscription_configure(
            self.handle, int(framed), format_id, table, len(types), _counters(counters)
        )
        self._configured(result, f"framed={framed} format={format_id} types={list(types)}")
        for layout in layouts:
            result = lib.ab_subscription_layout(self.handle, native_layout(layout))
            self._configured(result, f"layouts of format={format_id}")
        if batch is not None:
            self._configured(lib.ab_subscription_batch(self.handle, *batch), f"batches of {batch}")

    @property
    def is_connected(self) -> bool:
        """Whether it has an image. The poller's thread alone may ask."""
        return bool(self._known(lib.ab_subscription_is_connected(self.handle)))

    @property
    def image_count(self) -> int:
        """How many publications it reads. The poller's thread alone may ask."""
        return self._known(lib.ab_subscription_image_count(self.handle))

    @property
    def channel_status(self) -> int:
        """1 active, -1 the channel broke, anything else: on its way."""
        return self._known(lib.ab_subscription_channel_status(self.handle))

    @property
    def endpoint(self) -> str | None:
        """The address a UDP subscription is bound to (`host:port`), which tells a port asked for as 0.

        None while unbound.
        """
        text = ffi.new("char[]", 128)
        length = self._known(lib.ab_subscription_endpoint(self.handle, text, 128))
        return ffi.string(text).decode() if length > 0 else None

    def close(self, deadline_ns: int) -> None:
        """Close it and wait until Aeron has. Its poller's thread must be done with it."""
        self._close(lib.ab_subscription_retire, lib.ab_subscription_close_wait, deadline_ns)


class CounterHandle(Handle):
    """A counter in the driver's counters file."""

    __slots__ = ()
    noun = "counter"

    @classmethod
    def add(
        cls, client: ClientHandle, type_id: int, label: str, deadline_ns: int, *, key: bytes = b""
    ) -> CounterHandle:
        """Add one: `label` is what AeronStat shows, `key` at most 112 bytes for programs."""
        error = new_error()
        text = label.encode()
        handle = lib.ab_counter_add_wait(client.handle, type_id, key, len(key), text, len(text), deadline_ns, error)
        if handle == 0:
            raise failure(error, where=f"counter {label!r}")
        return cls(handle, f"counter {label!r}")

    @property
    def id(self) -> int:
        """Its place in the counters file."""
        return self._known(lib.ab_counter_id(self.handle))

    def set(self, value: int) -> None:
        """Store a value, visible to every reader of the counters file."""
        self._known(lib.ab_counter_set(self.handle, value))

    def close(self, deadline_ns: int) -> None:
        """Close it and wait until Aeron has."""
        self._close(lib.ab_counter_retire, lib.ab_counter_close_wait, deadline_ns)


def _counters(address: int | None) -> CData:
    return ffi.NULL if address is None else ffi.cast("int64_t *", address)
