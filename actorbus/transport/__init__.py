"""Aeron as objects that close in order: drivers, the client, publications, subscriptions.

    driver (embedded | process | external | in-process, which is no driver: local.py)
      └─ Client                 one a node
           ├─ Publication       exclusive; offers through its ports
           ├─ Subscription      polled by one thread through its port
           └─ Counter

Order: start from the top, close from the bottom; `Client.close()` closes what is below it, and what is still open at
interpreter exit is closed then, newest first (D13). A channel is a full Aeron URI, made by `actorbus.channel`.

Errors of the machine around us are `EnvironmentFault` leaves (exit code 3) within 5 s, with nothing left behind.
"""

from actorbus.ffi import Event, Idle, PollSet, Waiter
from actorbus.transport.client import Client, Counter
from actorbus.transport.cnc import Cnc, read_cnc, wait_for_driver
from actorbus.transport.driver import Driver, EmbeddedDriver, ExternalDriver
from actorbus.transport.driver_process import ProcessDriver
from actorbus.transport.local import LocalBus, LocalClient, LocalDriver, connect
from actorbus.transport.publication import Publication
from actorbus.transport.settings import DriverSettings
from actorbus.transport.subscription import Subscription

__all__ = [
    "Client",
    "Cnc",
    "Counter",
    "Driver",
    "DriverSettings",
    "EmbeddedDriver",
    "Event",
    "ExternalDriver",
    "Idle",
    "LocalBus",
    "LocalClient",
    "LocalDriver",
    "PollSet",
    "ProcessDriver",
    "Publication",
    "Subscription",
    "Waiter",
    "connect",
    "read_cnc",
    "wait_for_driver",
]
