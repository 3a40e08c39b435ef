"""Rules of recorders: what they record, where to, and whether a file of theirs can hold a message."""

from __future__ import annotations

import os
from pathlib import Path

from actorbus.topology.facts import Facts
from actorbus.topology.model import RecorderSpec
from actorbus.units import Size, size_bytes

__all__ = ["check_recorders"]

SEGMENT_MIN = 64 << 10
SEGMENT_MAX = 1 << 30
"""Bounds of a journal's file (native/ab_journal.h, AB_JOURNAL_SEGMENT_MIN and _MAX)."""
SEGMENT_OVERHEAD = 8 << 10
"""What a file holds besides one record: header page, record header, commit and seal, rounded up."""
SEGMENTS_LEAST = 2
"""The one written to always stays, so a recording that may be purged has two."""


def check_recorders(facts: Facts) -> None:
    """Run every rule of this file; notes each recorder's absolute folder."""
    taken: dict[Path, str] = {}
    for name, spec in facts.topology.recorders.items():
        path = ("recorders", name)
        if not facts.report.is_broken(*path, "streams") and not spec.streams:
            facts.report.add("AB1241", "the recorder has no stream", path=path, key=True, hint="add `streams: [NAME]`")
        if not facts.report.is_broken(*path, "directory"):
            _directory(facts, name, spec.directory, taken)
        if spec.backend == "journal" and not facts.report.is_broken(*path, "segment"):
            _segment(facts, name, spec)


def _directory(facts: Facts, name: str, given: str, taken: dict[Path, str]) -> None:
    path = ("recorders", name, "directory")
    directory = Path(os.path.normpath(facts.base / Path(given).expanduser()))
    facts.recordings[name] = directory
    if (other := taken.setdefault(directory, name)) != name:
        facts.report.add(
            "AB1242",
            f"recorder {other!r} writes to {given!r} too; a recording has one writer",
            path=path,
            hint="give each a directory of its own, or put the streams into one recorder",
        )
    if directory.exists() and not directory.is_dir():
        facts.report.add("AB1242", f"{given!r} is a file", path=path, hint="name a folder; it is made when missing")


def _segment(facts: Facts, name: str, spec: RecorderSpec) -> None:
    path = ("recorders", name, "segment")
    length = size_bytes(spec.segment)
    if not SEGMENT_MIN <= length <= SEGMENT_MAX or length & (length - 1):
        near = min(SEGMENT_MAX, max(SEGMENT_MIN, 1 << max(0, length - 1).bit_length()))
        facts.report.add(
            "AB1243",
            f"a segment of {length} bytes is not a power of two from 64k to 1g",
            path=path,
            hint=f"use {Size(near)}",
        )
        return
    for stream in spec.streams:
        channel = facts.channels.get(stream)
        declared = facts.topology.streams.get(stream)
        if channel is None or declared is None:
            continue
        longest = channel.max_message_length(framed=False)
        if longest + SEGMENT_OVERHEAD > length:
            near = 1 << (longest + SEGMENT_OVERHEAD - 1).bit_length()
            facts.report.add(
                "AB1243",
                f"stream {stream!r} carries messages of up to {longest} bytes, and a segment of {length} bytes "
                f"holds records of {length - SEGMENT_OVERHEAD}",
                path=path,
                hint=f"use segment: {Size(near)}, or a smaller term-length for the stream",
            )
    size = spec.retention.size
    if size is not None and not facts.report.is_broken("recorders", name, "retention", "size"):
        kept = size_bytes(size)
        if kept < SEGMENTS_LEAST * length:
            facts.report.add(
                "AB1243",
                f"retention of {kept} bytes is less than {SEGMENTS_LEAST} segments of {length}",
                path=("recorders", name, "retention", "size"),
                hint=f"use {Size(SEGMENTS_LEAST * length)} or more, or a smaller segment",
            )
