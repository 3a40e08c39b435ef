"""Aeron channel URIs as values: parse, build, check, write.

    aeron:udp?endpoint=127.0.0.1:40001|term-length=1m          text
    {media: udp, endpoint: "127.0.0.1:40001", term_length: 1m}  the same as a mapping

Rules of this file:

* ``parse_channel`` reports *all* problems of a channel at once, each with the parameter it is about; a ``Channel`` that
  exists is one that Aeron accepts (given that hosts resolve and the driver has room).
* A Channel is immutable; parameters keep the order they were written in, so ``str()`` of a parsed URI is that URI with
  values normalised.
* The message length is bounded by the channel, so the channel computes it: min(term/8, 16 MiB).

Codes: AB1221 not a channel, AB1222 unknown parameter, AB1223 bad value, AB1224 parameters that do not go together,
AB1225 a parameter given twice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final, Self, cast, final, override

from actorbus.channel.parameters import ALIASES, PARAMETERS, Media, Value, parse_value, write_value
from actorbus.channel.relations import relation_problems
from actorbus.errors import ConfigError, InvalidValue, Problem
from actorbus.limits import CHANNEL_URI_MAX_BYTES, max_message_bytes
from actorbus.units import Size

__all__ = ["Channel", "parse_channel"]

_SPY: Final = "aeron-spy:"
_SCHEME: Final = "aeron:"
_FORMS: Final = 'write "aeron:ipc", "aeron:udp?endpoint=HOST:PORT" or {media: udp, endpoint: "HOST:PORT"}'


@final
class Channel:
    """A checked channel. Make one with ``Channel.parse``; any thread may read it.

    Equal when media and parameters are, whatever their order.
    """

    __slots__: tuple[str, ...] = ("media", "parameters", "spy")

    media: Media
    parameters: Mapping[str, Value]
    """Aeron's name to parsed value; sizes are ``Size``, durations ``Duration``."""
    spy: bool
    """An ``aeron-spy:`` prefix: a subscription to an outgoing stream on this machine."""

    def __init__(self, media: Media, parameters: Mapping[str, Value], *, spy: bool = False) -> None:
        """Take checked parts (``spy``: with the prefix); callers outside this package use ``parse``."""
        self.media = media
        self.parameters = dict(parameters)
        self.spy = spy

    @classmethod
    def parse(cls, given: str | Mapping[str, object] | Channel) -> Self:
        """Return the channel that is given as a text or mapping.

        Raises:
            ConfigError: every problem found; ``Problem.path`` is the parameter as it was written.
        """
        channel, problems = parse_channel(given)
        if channel is None:
            raise ConfigError(problems)
        return cast("Self", channel)

    def with_defaults(self, **defaults: Value | None) -> Channel:
        """Return a channel where each parameter given here and not set is set: ``with_defaults(term_length="1m")``.

        A default that this media does not know, and None, are left out.

        Raises:
            ConfigError: a default is no parameter, or out of its bounds, or does not go with what is set.
        """
        mapping: dict[str, object] = {"media": self.media.value}
        for key, value in defaults.items():
            name = ALIASES.get(key, key.replace("_", "-"))
            if value is not None and (name not in PARAMETERS or self.media in PARAMETERS[name].media):
                mapping[name] = value
        mapping.update(self.parameters)
        merged = Channel.parse(mapping)
        # Written order first, then the defaults: the text stays recognisable.
        ordered = {name: merged.parameters[name] for name in (*self.parameters, *merged.parameters)}
        return Channel(self.media, ordered, spy=self.spy)

    @property
    def is_ipc(self) -> bool:
        """Whether it never leaves the machine."""
        return self.media is Media.IPC

    @property
    def term_length(self) -> Size | None:
        """Bytes of a term; None when the driver's default applies."""
        value = self.parameters.get("term-length")
        return value if isinstance(value, Size) else None

    @property
    def max_message_length(self) -> Size | None:
        """Bytes of the longest message, our frame included: min(term/8, 16 MiB); None without a term length."""
        return None if self.term_length is None else Size(max_message_bytes(self.term_length))

    @override
    def __str__(self) -> str:
        text = "|".join(f"{name}={write_value(value)}" for name, value in self.parameters.items())
        return f"{_SPY if self.spy else ''}{_SCHEME}{self.media.value}{'?' if text else ''}{text}"

    @override
    def __repr__(self) -> str:
        return f"Channel.parse({str(self)!r})"

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Channel):
            return NotImplemented
        return (self.media, self.spy, self.parameters) == (other.media, other.spy, other.parameters)

    @override
    def __hash__(self) -> int:
        return hash((self.media, self.spy, frozenset(self.parameters.items())))


def parse_channel(given: object) -> tuple[Channel | None, list[Problem]]:
    """Return the channel, or None and every problem found. Never raises for what the input says."""
    if isinstance(given, Channel):
        return given, []
    problems: list[Problem] = []
    spy = False
    if isinstance(given, str):
        media, pairs, spy = _split_uri(given, problems)
    elif isinstance(given, Mapping):
        media, pairs = _split_mapping(cast("Mapping[object, object]", given), problems)
    else:
        problems.append(_problem("AB1221", f"{given!r} is not a channel", hint=_FORMS))
        return None, problems
    if media is None:
        return None, problems
    parameters = dict(_checked(media, pairs, problems))
    written = {ALIASES.get(key, key.replace("_", "-")): key for key, _ in pairs}
    problems.extend(relation_problems(media, parameters, written))
    if problems:
        return None, problems
    channel = Channel(media, parameters, spy=spy)
    if len(str(channel).encode()) > CHANNEL_URI_MAX_BYTES:
        problems.append(
            _problem(
                "AB1221",
                f"the channel has {len(str(channel).encode())} bytes; Aeron takes {CHANNEL_URI_MAX_BYTES}",
                hint="shorten its alias or tags",
            )
        )
        return None, problems
    return channel, problems


def _problem(
    code: str, message: str, *, path: str | None = None, value: object = None, hint: str | None = None
) -> Problem:
    shown = None if value is None else str(value)[:200]
    return Problem(code=code, message=message, path=path, value=shown, hint=hint)


def _media(given: object, problems: list[Problem], path: str | None) -> Media | None:
    for media in Media:
        if given == media.value:
            return media
    problems.append(
        _problem(
            "AB1221", f"media {given!r} is not known", path=path, hint="write ipc or udp (rdma, dpdk: not planned)"
        )
    )
    return None


def _split_uri(text: str, problems: list[Problem]) -> tuple[Media | None, list[tuple[str, object]], bool]:
    spy = text.startswith(_SPY)
    rest = text.removeprefix(_SPY)
    if not rest.startswith(_SCHEME):
        problems.append(_problem("AB1221", f"{text[:200]!r} is not an Aeron channel", hint=_FORMS))
        return None, [], spy
    name, _, query = rest.removeprefix(_SCHEME).partition("?")
    media = _media(name, problems, None)
    pairs: list[tuple[str, object]] = []
    for part in query.split("|") if query else ():
        key, equals, value = part.partition("=")
        if not key or not equals or not value:
            problems.append(
                _problem(
                    "AB1221", f"{part!r} is not name=value", value=text, hint="write NAME=VALUE, and '|' between two"
                )
            )
        else:
            pairs.append((key, value))
    return media, pairs, spy


def _split_mapping(
    given: Mapping[object, object], problems: list[Problem]
) -> tuple[Media | None, list[tuple[str, object]]]:
    pairs = [(str(key), value) for key, value in given.items() if key != "media" and value is not None]
    if "media" not in given:
        problems.append(
            _problem(
                "AB1221", f"the channel says no media, only {', '.join(map(str, given)) or 'nothing'}", hint=_FORMS
            )
        )
        return None, pairs
    return _media(given["media"], problems, "media"), pairs


def _checked(media: Media, pairs: list[tuple[str, object]], problems: list[Problem]) -> Iterator[tuple[str, Value]]:
    seen: set[str] = set()
    for key, given in pairs:
        name = ALIASES.get(key, key.replace("_", "-"))
        row = PARAMETERS.get(name)
        if row is None:
            near = difflib.get_close_matches(name, (*PARAMETERS, *ALIASES), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(PARAMETERS))}"
            problems.append(_problem("AB1222", f"unknown channel parameter {key!r}", path=key, value=given, hint=hint))
        elif name in seen:
            problems.append(_problem("AB1225", f"{name} is given twice", path=key, value=given, hint="leave one out"))
        elif media not in row.media:
            problems.append(
                _problem(
                    "AB1224",
                    f"{name} does not apply to {media.value}: it is a parameter of {', '.join(row.media)}",
                    path=key,
                    value=given,
                    hint=f"leave it out, or use aeron:{row.media[0]}",
                )
            )
        else:
            seen.add(name)
            try:
                yield name, parse_value(name, given)
            except InvalidValue as error:
                why = f": {error.why}" if error.why else ""
                problems.append(
                    _problem("AB1223", f"{name}: {error.what}{why}", path=key, value=given, hint=error.hint)
                )
