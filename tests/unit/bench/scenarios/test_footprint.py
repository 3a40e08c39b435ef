"""What a node takes at rest."""

from __future__ import annotations

import os

from actorbus.bench.scenarios import footprint
from tests.unit.bench.scenarios.tiny import tiny

MAPS = """\
7f0000000000-7f0000001000 r--p 00000000 00:01 10 /usr/lib/libc.so.6
7f0000002000-7f0000003000 rw-s 00000000 00:02 11 /dev/shm/a folder/1.logbuffer (deleted)
7f0000004000-7f0000005000 rw-p 00000000 00:00 0 \n7f0000006000-7f0000007000 rw-p 00000000 00:00 0 [heap]
"""


def test_mappings_that_name_a_file_are_told_apart() -> None:
    assert footprint.mappings(MAPS) == {"files": 2.0, "anonymous": 2.0}


def test_a_process_says_what_it_holds() -> None:
    before = footprint.state()
    read, write = os.pipe()
    after = footprint.state(os.getpid())
    os.close(read)
    os.close(write)

    assert after["fds"] == before["fds"] + 2
    assert after["RssAnon"] > 0
    assert after["files"] > 0


def test_memory_at_rest_is_ours_and_of_each_further_stream() -> None:
    found = {result.case: result.median for result in tiny("memory").results if result.system == "actorbus"}

    assert 1 < found[footprint.PAIR] < 500
    assert "a further stream, published to and handled" in found
