"""`journal verify` and `journal repair`: is every record what was written, and what to do when not.

    12,000 records in 3 segments, sequences 0 to 11999: whole                               exit 0
    11,998 records in 3 segments, sequences 0 to 11999: 2 damaged places, 2 records lost    exit 1

A torn end, which the next opening will cut, is reported and is no fault. A locked recording is verified as it is and
never repaired (exit 3).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from actorbus.cli.columns import shown_bytes
from actorbus.cli.completion import folders
from actorbus.cli.progress import Progress, progress
from actorbus.errors import EXIT_DONE, EXIT_FAILED
from actorbus.journal.report import Told, Verified
from actorbus.journal.tools import repair as repair_recording
from actorbus.journal.tools import verify as verify_recording

__all__ = ["repair", "verify"]

FAULTS_SHOWN = 20


def _telling(work: Progress) -> Told:
    def told(done: int, total: int) -> None:
        work.total = total or None
        work.advance(max(done - work.done, 0))

    return told


@click.command("verify")
@click.argument("directory", metavar="DIR", shell_complete=folders)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Text or one JSON object.")
def verify(directory: str, form: str) -> int:
    """Read all records of DIR and check all of them. Exit 0: whole; 1: some are damaged, each place is named."""
    with progress("verify", unit="bytes") as work:
        report = verify_recording(Path(directory), _telling(work))
    if form == "json":
        print(json.dumps(_object(report)))
        return EXIT_DONE if report.is_whole else EXIT_FAILED
    for fault in report.faults[:FAULTS_SHOWN]:
        place = f"{fault.file}:{fault.offset}" if fault.offset >= 0 else fault.file
        expected = f"record {fault.sequence}: " if fault.sequence >= 0 else ""
        print(f"{place}: {expected}{fault.text}")
    if report.fault_count > FAULTS_SHOWN:
        print(f"... and {report.fault_count - FAULTS_SHOWN:,} more")
    if report.tail_bytes:
        whole = f"{report.tail_records:,} whole records are" if report.tail_records else "no whole record is"
        end = f"a torn end of {shown_bytes(report.tail_bytes)}, never acknowledged"
        print(f"{end}: the next recorder cuts it off; {whole} in it")
    rate = f"{report.bytes / report.seconds / 1e6:,.0f} MB/s" if report.seconds > 0 else ""
    print(f"read {shown_bytes(report.bytes)} in {report.seconds:.2f} s, {rate}", file=sys.stderr)
    print(summary(report))
    return EXIT_DONE if report.is_whole else EXIT_FAILED


def summary(report: Verified) -> str:
    """Return the last line of `verify`: records, segments, first and last sequence, and whether all is whole."""
    text = f"{report.records:,} records in {report.segments:,} segments"
    if report.next_sequence > report.first_sequence:
        text += f", sequences {report.first_sequence} to {report.next_sequence - 1}"
    else:
        text += f", no sequences, the next is {report.next_sequence}"
    if report.is_whole:
        return f"{text}: whole"
    return f"{text}: {report.fault_count:,} damaged places, {report.lost:,} records lost"


def _object(report: Verified) -> dict[str, object]:
    return {
        "records": report.records,
        "segments": report.segments,
        "first_sequence": report.first_sequence,
        "last_sequence": report.next_sequence - 1 if report.next_sequence > report.first_sequence else None,
        "end_position": report.end_position,
        "bytes": report.bytes,
        "torn_bytes": report.tail_bytes,
        "torn_records": report.tail_records,
        "lost": report.lost,
        "faults": [
            {"file": fault.file, "offset": fault.offset, "sequence": fault.sequence, "text": fault.text}
            for fault in report.faults
        ],
        "fault_count": report.fault_count,
        "seconds": round(report.seconds, 6),
        "whole": report.is_whole,
    }


@click.command("repair")
@click.argument("directory", metavar="DIR", shell_complete=folders)
def repair(directory: str) -> int:
    """Make a damaged recording readable and writable again. What is cut out is copied to DIR/quarantine first."""
    with progress("repair", unit="bytes") as work:
        done = repair_recording(Path(directory), _telling(work))
    if not done.holes and not done.cuts and not done.headers:
        print(f"nothing to repair; the next record is {done.next_sequence}")
        return EXIT_DONE
    print(f"kept {shown_bytes(done.copied_bytes)} in {Path(directory) / 'quarantine'}")
    if done.headers:
        print(f"{done.headers:,} segments have a new header")
    print(
        f"{done.holes:,} holes, {done.cuts:,} ends cut, {done.lost:,} records lost before the end; "
        f"the next record is {done.next_sequence}"
    )
    return EXIT_DONE
