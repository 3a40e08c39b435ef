"""The in-process transport's native objects: meetings, and the two ends that meet there (native/ab_local.h).

The ends are ordinary publication and subscription handles: configured, offered to and polled as those of Aeron. Only
opening, closing and looking differ. Rules as in handles.py; a meeting may be released before its ends are closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from actorbus.errors import ClosedError, InternalError, OutOfMemory
from actorbus.ffi.handles import ClientHandle
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.resources import PublicationHandle, PublicationInfo, SubscriptionHandle

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import ab_local, ab_local_state

__all__ = ["LocalClientHandle", "LocalMeeting", "LocalPublicationHandle", "LocalSubscriptionHandle"]

ACTIVE = 1


class LocalMeeting:
    """A channel and stream id of one bus: where its publications and subscriptions meet. Any thread."""

    __slots__ = ("_native", "where")

    def __init__(self, term_length: int, where: str) -> None:
        """Make one.

        Args:
            term_length: bytes of each publication's ring, a power of two from 64 KiB to 1 GiB.
            where: channel and stream, for error texts.

        Raises:
            OutOfMemory: there is none, or the term length is none.
        """
        native = lib.ab_local_create(term_length)
        if not native:
            raise OutOfMemory(f"no memory for a stream of {term_length} byte terms", where=where)
        self._native: ab_local | None = native
        self.where = where

    @property
    def native(self) -> ab_local:
        """The native meeting.

        Raises:
            ClosedError: after release().
        """
        if self._native is None:
            raise ClosedError("the in-process bus is closed", where=self.where)
        return self._native

    def fault(self, *, refuse: int = -1, lose: int = -1) -> None:
        """Refuse the next `refuse` messages as back-pressured, then lose the next `lose` accepted ones on their way.

        A negative number leaves what was set; 0 ends it.
        """
        lib.ab_local_fault(self.native, refuse, lose)

    def release(self) -> None:
        """Give it up; it lives on while ends of it are open. Again does nothing."""
        native, self._native = self._native, None
        if native is not None:
            lib.ab_local_release(native)


class LocalPublicationHandle(PublicationHandle):
    """The sending end of a meeting."""

    __slots__ = ()

    @classmethod
    def open(cls, meeting: LocalMeeting, session_id: int, stream_id: int) -> LocalPublicationHandle:
        """Open one.

        Raises:
            OutOfMemory: no memory for its ring, or 64 publications are open in this meeting.
        """
        handle = lib.ab_local_publication_open(meeting.native, session_id, stream_id)
        if handle == 0:
            raise OutOfMemory(
                "no room for another publication",
                where=meeting.where,
                hint="a stream takes 64 of them; else use shorter terms (term-length)",
            )
        return cls(handle, meeting.where)

    def _state(self) -> ab_local_state:
        state = ffi.new("ab_local_state *")
        self._known(lib.ab_local_publication_state(self.handle, state))
        return state

    @override
    def info(self) -> PublicationInfo:
        state = self._state()
        return PublicationInfo(
            registration_id=self.handle,
            max_possible_position=state.term_length << 31,
            term_buffer_length=state.term_length,
            max_message_length=state.max_message_length,
            max_payload_length=state.max_message_length,
            stream_id=state.stream_id,
            session_id=state.session_id,
            initial_term_id=0,
            publication_limit_counter_id=-1,
            channel_status_indicator_id=-1,
        )

    @property
    @override
    def is_connected(self) -> bool:
        return self._state().images > 0

    @property
    @override
    def position(self) -> int:
        return self._state().position

    @property
    @override
    def position_limit(self) -> int:
        return self._state().position_limit

    @property
    @override
    def channel_status(self) -> int:
        self._state()
        return ACTIVE

    @override
    def close(self, deadline_ns: int) -> None:
        self._close(lib.ab_publication_retire, lib.ab_local_publication_close_wait, deadline_ns)


class LocalSubscriptionHandle(SubscriptionHandle):
    """The receiving end of a meeting. Any thread may ask for its images."""

    __slots__ = ()

    @classmethod
    def open(cls, meeting: LocalMeeting) -> LocalSubscriptionHandle:
        """Open one.

        Raises:
            OutOfMemory: no memory for it.
        """
        handle = lib.ab_local_subscription_open(meeting.native)
        if handle == 0:
            raise OutOfMemory("no memory for a subscription", where=meeting.where)
        return cls(handle, meeting.where)

    @property
    @override
    def is_connected(self) -> bool:
        return self.image_count > 0

    @property
    @override
    def image_count(self) -> int:
        return self._known(lib.ab_local_image_count(self.handle))

    @property
    @override
    def channel_status(self) -> int:
        self._known(lib.ab_local_image_count(self.handle))
        return ACTIVE

    @property
    @override
    def endpoint(self) -> str | None:
        self._known(lib.ab_local_image_count(self.handle))
        return None

    @override
    def close(self, deadline_ns: int) -> None:
        self._close(lib.ab_subscription_retire, lib.ab_local_subscription_close_wait, deadline_ns)


class LocalClientHandle(ClientHandle):
    """Stands where a connection to a driver stands; there is nothing that could be lost."""

    __slots__ = ("_closed",)
    noun = "in-process client"

    def __init__(self, where: str) -> None:
        super().__init__(0, where)
        self._closed = False

    @override
    def connect(self) -> None:
        if self._closed:
            raise InternalError("connected after its close", where=self.where)

    @property
    @override
    def id(self) -> int:
        return 0

    @property
    @override
    def is_lost(self) -> bool:
        if self._closed:
            raise self._stale()
        return False

    @override
    def take_errors(self) -> list[tuple[int, str]]:
        return []

    @override
    def drain(self) -> None:
        """Nothing waits in an add."""

    @override
    def close(self, deadline_ns: int) -> None:
        self._closed = True
