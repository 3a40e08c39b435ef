"""Where `actorbus replay` sends frames: one publication for each recorded stream, their bytes as they were received.

Rules of this file:

* The publications are raw: our frame, where the record has one, goes out as it was recorded, with its publisher, its
  sequence and its publish time. Several recorded publishers go through one publication, in the recording's order.
* Nothing is dropped: a slow subscriber is waited for; without one, after `--connect-timeout`, it is NotConnected.
* One thread.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import click

from actorbus.channel import Channel
from actorbus.cli.join import joined
from actorbus.dispatch.refusals import ADMIN_ACTION, BACK_PRESSURED, NOT_CONNECTED, refusal
from actorbus.errors import DriverLost, NotConnected, UsageError
from actorbus.limits import TYPE_ID_RAW
from actorbus.recording import RecordedMessage, RecordedStream
from actorbus.topology.rules_machine import aeron_default_directory
from actorbus.transport import Client, Publication

__all__ = ["Target", "Targets"]

RAW_FORMAT: Final = 0
RAW_TYPES: Final = ((TYPE_ID_RAW, 0),)


class Target:
    """One stream that is sent into. Made by Targets."""

    def __init__(self, client: Client, channel: str, stream_id: int, name: str, connect_ns: int) -> None:
        self._client, self._name, self._connect_ns = client, name, connect_ns
        self._publication: Publication = client.add_publication(
            channel, stream_id, frame=False, format=RAW_FORMAT, publisher=1, types=RAW_TYPES
        )
        self._port = self._publication.make_port(None, lambda _message, _body, code: code)
        self.sent = 0
        """Frames accepted."""

    def wait_subscriber(self) -> None:
        """Wait until somebody subscribes.

        Raises:
            NotConnected: nobody did within the timeout. DriverLost.
        """
        if not self._publication.wait_connected(time.monotonic_ns() + self._connect_ns):
            raise NotConnected(
                f"nobody subscribes to {self._name} within {self._connect_ns / 1e9:g} s",
                why=f"{self.sent:,} records were sent before",
                hint="start a subscriber on this channel, stream id and driver, or give a longer --connect-timeout",
            )

    def send(self, payload: bytes) -> None:
        """Offer one frame until it is accepted.

        Raises:
            NotConnected: nobody subscribes any more. DriverLost. MessageTooLarge: for the channel's term length.
        """
        code = self._port.offer(payload)
        while code < 0:
            if self._client.is_lost:
                raise DriverLost("the connection to the media driver is lost", where=str(self._client.directory))
            if code in (BACK_PRESSURED, ADMIN_ACTION):
                self._publication.wait_window_ns(time.monotonic_ns() + self._connect_ns)
            elif code == NOT_CONNECTED:
                self.wait_subscriber()
            else:
                longest = self._publication.max_message_length
                raise refusal(self._name, (bytes,), longest, payload, payload, code)
            code = self._port.retry(payload)
        self.sent += 1


class Targets:
    """The streams a replay goes into, by recorded name; connects when entered, closes when left."""

    def __init__(
        self, directory: Path, streams: Mapping[str, tuple[str, int, str]], where: str, connect_ns: int
    ) -> None:
        self._directory, self._streams, self._connect_ns = directory, streams, connect_ns
        self._open = contextlib.ExitStack()
        self._targets: dict[str, Target] = {}
        self.where = where
        """For people."""

    @classmethod
    def of_channel(
        cls, channel: str, stream_id: int, chosen: Sequence[RecordedStream], driver: str | None, connect_ns: int
    ) -> Targets:
        """Send one recorded stream into one Aeron stream.

        Raises:
            UsageError: the choice has several streams, or none. InvalidValue: the channel is wrong.
        """
        names = sorted({stream.name for stream in chosen})
        if len(names) != 1:
            found = ", ".join(names) or "none"
            raise UsageError(
                "one stream can be replayed into a channel",
                why=f"the recording has {found}",
                hint="choose one with --stream NAME" if names else "record something first",
            )
        uri = str(Channel.parse(channel))
        where = f"{uri} stream {stream_id}"
        directory = Path(driver).absolute() if driver is not None else aeron_default_directory()
        return cls(directory, {names[0]: (uri, stream_id, where)}, where, connect_ns)

    @classmethod
    def of_topology(
        cls, file: str, chosen: Sequence[RecordedStream], driver: str | None, app_dir: str | None, connect_ns: int
    ) -> Targets:
        """Send each recorded stream into the topology's stream of its name, over the driver that serves it.

        Raises:
            ConfigError: the topology is wrong. click's UsageError: it has no such stream.
            UsageError: a stream was recorded in another format. DriverUnavailable: no driver serves it.
        """
        names = tuple(sorted({stream.name for stream in chosen}))
        if not names:
            raise UsageError("the recording has no stream to replay", hint="record something first")
        plan = joined(file, names, directory=driver, app_dir=app_dir).plan
        for stream in chosen:
            given = plan.streams[stream.name]
            if (given.frame, given.format) != (stream.framed, stream.format):
                raise UsageError(
                    f"stream {stream.name!r} was recorded as {_written(stream.framed, stream.format)}",
                    why=f"in {file} it is {_written(given.frame, given.format)}",
                    hint="declare it as it was recorded, or choose other streams with --stream",
                )
        if plan.driver.directory is None:
            raise click.UsageError(f"{file} names no driver: give --directory")
        streams = {
            name: (plan.streams[name].channel, plan.streams[name].stream_id, f"stream {name!r}") for name in names
        }
        return cls(Path(plan.driver.directory), streams, f"{', '.join(names)} of {plan.name}", connect_ns)

    def put(self, record: RecordedMessage, stream: RecordedStream) -> None:
        """Send one record. Raises as Target.send; UsageError when its stream came into the table meanwhile."""
        target = self._targets.get(stream.name)
        if target is None:
            raise UsageError(
                f"record {record.sequence} is of stream {stream.name!r}, which was added while this was replayed",
                hint="name the streams with --stream, or replay again",
            )
        target.send(record.payload)

    def __enter__(self) -> Self:
        """Connect, and wait for a subscriber of each stream. Raises DriverUnavailable, NotConnected."""
        with contextlib.ExitStack() as opening:
            client = opening.enter_context(Client.connect(self._directory, name="actorbus-replay"))
            for name, (channel, stream_id, shown) in self._streams.items():
                self._targets[name] = Target(client, channel, stream_id, shown, self._connect_ns)
            for target in self._targets.values():
                target.wait_subscriber()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def _written(framed: bool, form: str) -> str:
    return f"{form} {'with' if framed else 'without'} our frame"
