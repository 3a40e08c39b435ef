"""Rules of channels among each other: stream ids, ports, sizes they carry, what their logs and policies cost.

What is wrong inside one channel is `actorbus.channel`'s to say; here are the rules that need the other streams, who
publishes and handles, and the profile. Fills `facts.channels`. The caller's thread.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from actorbus.channel.parameters import ALIASES
from actorbus.limits import MESSAGE_MAX_BYTES, MESSAGE_TERM_SHARE
from actorbus.topology.channels import StreamChannel, check_channel, same_place
from actorbus.topology.facts import Facts
from actorbus.topology.memory import log_bytes
from actorbus.topology.tree import Path
from actorbus.units import Size, size_bytes

__all__ = ["check_channels"]

ALLOCATE_BYTES_PER_S = 512 * 1024 * 1024
"""Shared memory a driver is sure to get in a second on a busy machine. Measured on two cores: 3 GiB take 0.8 s alone,
5.9 s when others write memory too."""
ANY = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Every address of the machine."""
BUFFERS = ("so-rcvbuf", "so-sndbuf")


class _Socket(NamedTuple):
    """One address the driver listens on for a stream."""

    stream: str
    host: str
    port: int
    channel: tuple[object, ...]
    """Streams with the same one share the socket."""
    what: str


def check_channels(facts: Facts) -> None:
    """Run every rule of this file."""
    _parse(facts)
    if facts.topology.driver.mode != "none":
        _sockets(facts)
        _long_terms(facts)
    _flow_control(facts)
    _batches(facts)
    _mailboxes(facts)


def _parse(facts: Facts) -> None:
    taken: dict[tuple[object, ...], str] = {}
    for name, spec in facts.topology.streams.items():
        if facts.report.is_broken("streams", name, "channel"):
            continue
        channel = check_channel(spec.channel, facts.profile, facts.report, ("streams", name, "channel"))
        if channel is None:
            continue
        facts.channels[name] = channel
        if facts.report.is_broken("streams", name, "stream_id"):
            continue
        other = taken.setdefault((*same_place(channel.channel), spec.stream_id), name)
        if other != name:
            ids = {each.stream_id for each in facts.topology.streams.values()}
            free = next(number for number in range(1, len(ids) + 2) if number not in ids)
            facts.report.add(
                "AB1204",
                f"stream id {spec.stream_id} is also that of {other!r}"
                f"{facts.line_of('streams', other, 'stream_id')} on the same channel: they would be one stream",
                path=("streams", name, "stream_id"),
                hint=f"give it another stream_id: {free} is free",
            )


def _sockets(facts: Facts) -> None:
    """Two channels cannot have one address: the driver's second bind fails when the node starts."""
    handled = {name for streams in facts.streams_of.values() for name in streams}
    taken: dict[int, dict[str, _Socket]] = {}
    for name, channel in facts.channels.items():
        for socket in _listens(name, channel, is_handled=name in handled):
            hosts = taken.setdefault(socket.port, {})
            rival = _rival(hosts, socket)
            if rival is None:
                hosts[socket.host] = socket
            elif rival.channel != socket.channel:
                _add(
                    facts,
                    name,
                    socket.what,
                    "AB1216",
                    f"{socket.what} {socket.host}:{socket.port} is taken by the {rival.what} {rival.host}:{rival.port} "
                    f"of stream {rival.stream!r}{facts.line_of('streams', rival.stream, 'channel')}, which is another "
                    "channel: one socket cannot serve both",
                    "give one of them another port, or write both channels the same and tell them apart by stream_id",
                )
            else:
                _same_buffers(facts, name, rival.stream)


def _rival(hosts: dict[str, _Socket], socket: _Socket) -> _Socket | None:
    """Return a socket of the same port that is in the way."""
    if socket.port == 0:
        return None
    if _is_any(socket.host):
        return next(iter(hosts.values()), None)
    return hosts.get(socket.host) or next((hosts[host] for host in ANY if host in hosts), None)


def _is_any(host: str) -> bool:
    return host in ANY


def _listens(name: str, channel: StreamChannel, *, is_handled: bool) -> list[_Socket]:
    """Return the addresses the driver binds for a stream of this topology; multicast addresses may be shared."""
    parameters = channel.channel.parameters
    found: list[_Socket] = []
    for what, is_bound in (("endpoint", is_handled), ("control", parameters.get("control-mode") == "dynamic")):
        given = parameters.get(what)
        if channel.channel.is_ipc or channel.channel.spy or not is_bound or not isinstance(given, str):
            continue
        host, port = _address(given)
        if not _is_multicast(host):
            shared = tuple(parameters.get(key) for key in ("endpoint", "control", "interface"))
            found.append(_Socket(name, host, port, shared, what))
    return found


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]").lower()
    return ("127.0.0.1" if host == "localhost" else host), int(port)


def _is_multicast(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_multicast
    except ValueError:
        return False  # a host name: not looked up here


def _same_buffers(facts: Facts, name: str, other: str) -> None:
    mine, theirs = (facts.channels[each].channel.parameters for each in (name, other))
    for key in BUFFERS:
        if mine.get(key) is not None and theirs.get(key) is not None and mine[key] != theirs[key]:
            message = (
                f"{key} is {mine[key]} here and {theirs[key]} in stream {other!r}{facts.line_of('streams', other)}, "
                "and both have one socket: "
                "the driver refuses the second"
            )
            _add(facts, name, key, "AB1216", message, "write the same in both")


def _long_terms(facts: Facts) -> None:
    """A log is allocated whole, by the thread of the driver that also answers every client."""
    if facts.topology.driver.mode == "external":
        return  # whether its logs are sparse is its own business
    liveness_s = facts.profile.driver.client_liveness_ns / 1e9
    for name, channel in facts.channels.items():
        seconds = log_bytes(channel.term_length) / ALLOCATE_BYTES_PER_S
        if channel.channel.parameters.get("sparse") is not True and seconds > liveness_s / 2:
            _add(
                facts,
                name,
                "term-length",
                "AB1907",
                f"term-length {Size(channel.term_length)}: the driver allocates {Size(3 * channel.term_length)} at "
                f"once, up to {seconds:.0f} s on a busy machine, and answers nobody meanwhile; clients give it up "
                f"after {liveness_s:g} s (client_liveness of the profile)",
                "use a shorter term (128m carries the longest message, 16m), or sparse=true",
            )


def _flow_control(facts: Facts) -> None:
    for name, channel in facts.channels.items():
        parameters = channel.channel.parameters
        endpoint = parameters.get("endpoint")
        mode = parameters.get("control-mode")
        is_group = isinstance(endpoint, str) and _is_multicast(_address(endpoint)[0])
        if "fc" in parameters or not (is_group or mode in ("dynamic", "manual")):
            continue
        why = f"control-mode={mode}" if mode in ("dynamic", "manual") else f"multicast {endpoint}"
        _add(
            facts,
            name,
            "control-mode" if mode else "endpoint",
            "AB1906",
            f"{why} without fc: Aeron follows the fastest receiver (fc=max), and one that is slower loses messages",
            "add fc=min, so that the slowest decides, or fc=max to say that this is meant",
        )


def _batches(facts: Facts) -> None:
    for name, channel in facts.channels.items():
        spec = facts.topology.streams[name]
        path: Path = ("streams", name, "batch", "max_bytes")
        if facts.root.at(path) is None or (wanted := _size(spec.batch.max_bytes)) is None:
            continue
        longest = channel.max_message_length(framed=spec.frame == "actorbus")
        if wanted > channel.term_length // MESSAGE_TERM_SHARE or wanted > MESSAGE_MAX_BYTES:
            _too_long(facts, path, wanted, longest, channel)


def _too_long(facts: Facts, path: Path, wanted: int, longest: int, channel: StreamChannel) -> None:
    needed = 1 << (MESSAGE_TERM_SHARE * wanted - 1).bit_length()
    beyond = wanted > MESSAGE_MAX_BYTES
    facts.report.add(
        "AB1217",
        f"{Size(wanted)} is more than the stream carries: term-length {Size(channel.term_length)} takes messages up to "
        f"{longest} bytes (an eighth of it, 16m at the most, less our header)",
        path=path,
        hint=f"write {longest} or less" + ("" if beyond else f", or term-length={Size(needed)}"),
    )


def _mailboxes(facts: Facts) -> None:
    """A policy that drops until there is room drops a message for which there is never room."""
    for name, handler in facts.topology.handlers.items():
        path: Path = ("handlers", name, "mailbox", "bytes")
        if handler.mailbox is None or facts.root.at(path) is None or facts.report.is_broken(*path):
            continue
        bound, overflow = _size(handler.mailbox.bytes), handler.mailbox.overflow
        lengths = {
            stream: facts.channels[stream].max_message_length(framed=facts.topology.streams[stream].frame == "actorbus")
            for stream in facts.streams_of.get(name, ())
            if stream in facts.channels
        }
        stream = max(lengths, key=lambda each: lengths[each], default=None)
        if stream is not None and bound is not None and bound < lengths[stream] and overflow != "block":
            facts.report.add(
                "AB1908",
                f"{handler.mailbox.bytes} is less than the longest message of stream {stream!r}, {lengths[stream]} "
                f"bytes: with overflow {overflow} such a message never gets in",
                path=path,
                hint=f"write {lengths[stream]} or more, if messages of that length come",
            )


def _size(given: str | int) -> int | None:
    try:
        return size_bytes(given)
    except ValueError:
        return None  # reported with its shape


def _add(facts: Facts, stream: str, parameter: str, code: str, message: str, hint: str) -> None:
    """Report at the parameter where the channel is a mapping, else at the channel, else at the stream."""
    path: Path = ("streams", stream, "channel")
    friendly = next((alias for alias, name in ALIASES.items() if name == parameter), parameter)
    plain = parameter.replace("-", "_")
    key = friendly if facts.root.at((*path, friendly)) is not None else plain
    if facts.root.at((*path, key)) is not None:
        facts.report.add(code, message, path=(*path, key), hint=hint)
    elif facts.root.at(path) is not None:
        facts.report.add(code, message, path=path, hint=hint)
    else:
        facts.report.add(code, message, path=path, place=facts.root.nearest(path[:2]).key_place, hint=hint)
