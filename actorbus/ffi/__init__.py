"""The border to C: typed owners of native handles, the ports, waiting, and errors with the right class.

This package and `actorbus.metrics` are the only ones that touch the compiled module; what is above them sees
objects that close in order and exceptions that say whose fault it was.

Ownership
    native object                    made by                        freed by
    driver, client, publication,     *Handle.open/add               its close(), in the order transport keeps
      subscription, counter
    event                            Event()                        the last of Event and publications that wake it
    poll set                         PollSet()                      close()
    ports                            make_offer_port, make_poll_port  garbage collector; stale after their handle's
    close
"""

from actorbus.ffi.failure import error_text, failure, new_error
from actorbus.ffi.handles import ClientHandle, DriverHandle, Handle, open_handles, printed_lines
from actorbus.ffi.layouts import Fixed, Layout, make_fixed, make_layout, make_packer
from actorbus.ffi.library import Versions, load, wheel_library
from actorbus.ffi.lists import again_of, make_list_reader
from actorbus.ffi.marks import Marks
from actorbus.ffi.ports import Notice, OfferPort, PollPort, Quarantined, Record, make_offer_port, make_poll_port
from actorbus.ffi.recording import RecordCounts, RecordSink
from actorbus.ffi.replaying import FollowHandle, ReplayOrder, ReplayState, attach_replay, replay_state
from actorbus.ffi.resources import CounterHandle, PublicationHandle, PublicationInfo, SubscriptionHandle
from actorbus.ffi.waiting import NO_DEADLINE, SPIN_PASSES, TIMED_OUT, WAKE, Event, Idle, PollSet, Subscribed, Waiter
from actorbus.ffi.writers import Writer, make_writer

__all__ = [
    "NO_DEADLINE",
    "SPIN_PASSES",
    "TIMED_OUT",
    "WAKE",
    "ClientHandle",
    "CounterHandle",
    "DriverHandle",
    "Event",
    "Fixed",
    "FollowHandle",
    "Handle",
    "Idle",
    "Layout",
    "Marks",
    "Notice",
    "OfferPort",
    "PollPort",
    "PollSet",
    "PublicationHandle",
    "PublicationInfo",
    "Quarantined",
    "Record",
    "RecordCounts",
    "RecordSink",
    "ReplayOrder",
    "ReplayState",
    "Subscribed",
    "SubscriptionHandle",
    "Versions",
    "Waiter",
    "Writer",
    "again_of",
    "attach_replay",
    "error_text",
    "failure",
    "load",
    "make_fixed",
    "make_layout",
    "make_list_reader",
    "make_offer_port",
    "make_packer",
    "make_poll_port",
    "make_writer",
    "new_error",
    "open_handles",
    "printed_lines",
    "replay_state",
    "wheel_library",
]
