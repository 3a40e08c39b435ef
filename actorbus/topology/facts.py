"""What the rules find out about one topology; each rule adds problems, and facts that later rules and the plan need."""

from __future__ import annotations

from pathlib import Path

from actorbus.dispatch import Handler, Source
from actorbus.message import TypeSet
from actorbus.topology.channels import StreamChannel
from actorbus.topology.classes import ClassFinder
from actorbus.topology.memory import Budget
from actorbus.topology.model import Topology
from actorbus.topology.profiles import Profile
from actorbus.topology.report import Report
from actorbus.topology.tree import Tree

__all__ = ["DEFAULT_POLLER", "Facts"]

DEFAULT_POLLER = "default"
"""The implicit poller of streams that are in none."""


class Facts:
    """One topology under check. A name missing from a mapping here already has a problem in the report."""

    def __init__(
        self, topology: Topology, root: Tree, report: Report, profile: Profile, folder: Path, base: Path | None = None
    ) -> None:
        self.topology = topology
        self.root = root
        self.report = report
        self.profile = profile
        self.folder = folder
        """Where modules and relative paths are looked up."""
        self.base = folder if base is None else base
        """What a recorder's directory is relative to: the topology's folder, wherever modules are."""
        self.recordings: dict[str, Path] = {}
        """The absolute folder of each recorder."""
        self.finder = ClassFinder(folder)
        self.poller_of: dict[str, str] = {}
        self.streams_of: dict[str, tuple[str, ...]] = {}
        """The streams of each handler."""
        self.types: dict[str, TypeSet] = {}
        """The messages of each stream; empty for raw."""
        self.channels: dict[str, StreamChannel] = {}
        self.handler_classes: dict[str, type[Handler]] = {}
        self.source_classes: dict[str, type[Source[object]]] = {}
        self.options: dict[tuple[str, str], dict[str, object]] = {}
        """Keyword arguments, by section and name."""
        self.budget: Budget | None = None

    def names(self, section: str) -> list[str]:
        """Return every name a section of the file gives, also of entries that have problems."""
        tree = self.root.child(section)
        return list((tree.mapping or {}) if tree is not None else {})

    def line_of(self, *path: str | int) -> str:
        """Return ` (line 7)` for what a message names besides its own place; nothing where there is no file."""
        found = self.root.at(path)
        return f" (line {found.key_place.line})" if found is not None and found.key_place.line is not None else ""

    def is_misspelt(self, *path: str | int) -> bool:
        """Whether a key is missing only because a key beside it was probably meant to be it, which is reported."""
        return self.report.is_broken(*path) and self.root.at(path) is None

    def has_stream(self, name: str) -> bool:
        """Whether the file declares a stream of this name, with or without problems."""
        return name in self.names("streams")

    def is_raw(self, stream: str) -> bool:
        """Whether the stream carries plain bytes."""
        spec = self.topology.streams.get(stream)
        return spec is not None and spec.codec.format == "raw"

    def carried(self, stream: str) -> tuple[type, ...] | None:
        """Return the types a stream carries (`bytes` for raw), or None when that is not known."""
        if self.is_raw(stream):
            return (bytes,)
        found = self.types.get(stream)
        return None if found is None else found.types
