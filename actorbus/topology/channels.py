"""The channels of a topology's streams: defaults of the profile filled in, problems put at their place in the file."""

from __future__ import annotations

from typing import NamedTuple

from actorbus.channel import Channel, parse_channel
from actorbus.limits import FRAME_HEADER_BYTES, max_message_bytes
from actorbus.topology.profiles import Profile
from actorbus.topology.report import Report
from actorbus.topology.tree import Path
from actorbus.units import Size, size_bytes

__all__ = ["StreamChannel", "check_channel", "resolve", "same_place"]

WHERE = ("endpoint", "control", "session-id", "interface")
"""Parameters that tell two UDP channels apart."""


class StreamChannel(NamedTuple):
    """A channel with everything the plan needs to know of it."""

    channel: Channel
    term_length: int
    mtu: int | None
    """None: the driver's default."""

    def max_message_length(self, *, framed: bool) -> int:
        """Return the bytes of the longest body: an eighth of a term, 16 MiB at the most, less our header."""
        return max_message_bytes(self.term_length) - (FRAME_HEADER_BYTES if framed else 0)


def check_channel(given: object, profile: Profile, report: Report, path: Path) -> StreamChannel | None:
    """Return the channel with the profile's defaults; None when it has problems, which are reported."""
    channel, problems = parse_channel(given)
    for problem in problems:
        inside = (*path, problem.path) if problem.path is not None else path
        exact = report.root.at(inside) is not None
        told = exact or problem.path is None or problem.message.startswith(f"{problem.path}")
        message = problem.message if told else f"{problem.path}: {problem.message}"
        place = inside if exact else path
        report.add(problem.code, message, path=place, value=problem.value, hint=problem.hint)
    return None if channel is None else resolve(channel, profile)


def resolve(channel: Channel, profile: Profile) -> StreamChannel:
    """Fill in the profile's term length where the channel says none."""
    default = Size(size_bytes(profile.ipc_term_length if channel.is_ipc else profile.udp_term_length))
    full = channel.with_defaults(term_length=default)
    mtu = full.parameters.get("mtu")
    return StreamChannel(full, int(full.term_length or default), int(mtu) if isinstance(mtu, Size) else None)


def same_place(channel: Channel) -> tuple[object, ...]:
    """Return what tells channels apart for the driver: two streams with one of these and one stream id are one."""
    return (channel.media, *(_plain(channel.parameters.get(name)) for name in WHERE))


def _plain(value: object) -> object:
    """Return `localhost:1` as `127.0.0.1:1`: the two spellings Aeron takes for one address that need no look-up."""
    if not isinstance(value, str):
        return value
    value = value.lower()
    return f"127.0.0.1:{value.removeprefix('localhost:')}" if value.startswith("localhost:") else value
