"""The writer's side: creation, names, bounds, close, fork, and what is left behind."""

from __future__ import annotations

import errno
import gc
import os
import stat
import warnings
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, EnvironmentFault, InvalidValue, OutOfMemory, PermissionRefused
from actorbus.metrics import STREAM, Statistics, StatisticsReader, StreamCounter, place
from tests.unit.metrics.programs import WRITER, run, start


def mappings(path: Path) -> int:
    return Path("/proc/self/maps").read_text().count(str(path))


def test_a_file_is_private_and_goes_with_close(tmp_path: Path) -> None:
    path = tmp_path / "statistics"
    statistics = Statistics.create(path, name="bars-demo", driver_directory="/dev/shm/driver")
    assert statistics.path == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert mappings(path) == 1
    statistics.close()
    assert not path.exists()
    assert mappings(path) == 0
    statistics.close()
    assert statistics.is_closed


def test_the_default_path_is_in_the_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "default_directory", lambda: tmp_path / "own")
    with Statistics.create(name="one") as one, Statistics.create(name="two") as two:
        assert one.path is not None
        assert one.path != two.path
        assert one.path.parent == tmp_path / "own"
        assert one.path.name.startswith(f"statistics-{os.getpid()}-")
    assert list((tmp_path / "own").iterdir()) == []


def test_a_black_box_of_the_same_name_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "default_directory", lambda: tmp_path)
    tmp_path.chmod(0o700)
    names = iter([tmp_path / "statistics-1-0", tmp_path / "statistics-1-1"])
    monkeypatch.setattr(place, "next_path", lambda _: next(names))
    (tmp_path / "statistics-1-0").write_bytes(b"black box")
    with Statistics.create(name="one") as one:
        assert one.path == tmp_path / "statistics-1-1"
    assert (tmp_path / "statistics-1-0").read_bytes() == b"black box"


def test_the_folder_of_a_given_path_is_made_private(tmp_path: Path) -> None:
    with Statistics.create(tmp_path / "made" / "statistics", name="one"):
        assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700


def test_a_file_that_exists_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "statistics"
    path.write_bytes(b"mine")
    with pytest.raises(EnvironmentFault, match="File exists"):
        Statistics.create(path, name="one")
    assert path.read_bytes() == b"mine"


def test_a_folder_that_may_not_be_written_is_refused() -> None:
    # The kernel's own file system: nobody creates files there, not even root.
    with pytest.raises(PermissionRefused, match=r"Permission denied|Read-only file system"):
        Statistics.create("/sys/statistics", name="one")


FULL = """
import resource, sys
from actorbus.errors import OutOfMemory
from actorbus.metrics import Statistics
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))  # refuses as a full file system does: while allocating
try:
    Statistics.create(sys.argv[1], name="large", size=1 << 20)
except OutOfMemory as error:
    print(error)
"""


def test_no_room_is_an_error_with_the_size_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "statistics"
    text = run(FULL, path)
    assert f"no room for the statistics file {path} of 1048576 bytes" in text
    assert os.strerror(errno.EFBIG) in text
    assert not path.exists()


@pytest.mark.parametrize("size", [-1, 0, 65535, 2**28 + 1, 2**70])
def test_a_size_out_of_bounds_is_refused_with_the_bounds(size: int) -> None:
    with pytest.raises(InvalidValue, match=r"not in 65536 \.\. 268435456"):
        Statistics.private(size=size)


@pytest.mark.parametrize(("name", "directory"), [("x" * 256, ""), ("x", "d" * 1024), ("a\0b", ""), ("a", "b\0c")])
def test_texts_that_do_not_fit_are_refused(name: str, directory: str) -> None:
    with pytest.raises(InvalidValue):
        Statistics.private(name=name, driver_directory=directory)


@pytest.mark.parametrize(("group", "name"), [("", "n"), ("g", ""), ("g" * 24, "n"), ("g", "n" * 88), ("g", "a\0b")])
def test_names_of_counters_that_do_not_fit_are_refused(group: str, name: str) -> None:
    with Statistics.private() as statistics:
        for make in (statistics.counter_block, statistics.gauge, statistics.histogram):
            with pytest.raises(InvalidValue):
                make(group, name)


def test_the_longest_names_fit_and_are_read_back(tmp_path: Path) -> None:
    group, name = "é" * 11 + "g", "n" * 87
    with Statistics.create(tmp_path / "s", name="ü" * 127, driver_directory="d" * 1023) as statistics:
        statistics.gauge(group, name).set(1)
        with StatisticsReader.open(tmp_path / "s") as reader:
            snapshot = reader.snapshot()
    assert snapshot.name == "ü" * 127
    assert snapshot.driver_directory == "d" * 1023
    assert snapshot.gauges == {group: {name: 1}}


def test_asked_for_again_by_name_it_is_the_same_object() -> None:
    with Statistics.private() as statistics:
        block = statistics.counter_block("a", "b")
        assert statistics.counter_block("a", "b") is block
        assert statistics.gauge("a", "b") is statistics.gauge("a", "b")
        assert statistics.histogram("a", "b") is statistics.histogram("a", "b")
        assert len({block.address, statistics.gauge("a", "b").address, statistics.histogram("a", "b").address}) == 3


def test_every_counter_lies_on_cache_lines_of_its_own() -> None:
    with Statistics.private() as statistics:
        things = [make("g", name) for name in "ab" for make in (statistics.gauge, statistics.counter_block)]
        addresses = [thing.address for thing in [*things, statistics.histogram("g", "c")]]
    assert [address % 64 for address in addresses] == [0] * 5
    assert addresses == sorted(addresses)


@pytest.mark.parametrize(
    ("blocks", "histograms", "gauges"), [(0, 0, 0), (1, 1, 1), (0, 100, 0), (2000, 0, 0), (7, 31, 900)]
)
def test_a_computed_size_holds_what_it_was_computed_for(blocks: int, histograms: int, gauges: int) -> None:
    size = Statistics.size_for(counter_blocks=blocks, histograms=histograms, gauges=gauges)
    with Statistics.private(size=size) as statistics:
        for index in range(blocks):
            statistics.counter_block("block", str(index))
        for index in range(histograms):
            statistics.histogram("histogram", str(index))
        for index in range(gauges):
            statistics.gauge("gauge", str(index))


def test_a_size_beyond_the_largest_file_is_refused() -> None:
    with pytest.raises(InvalidValue, match="larger than 268435456"):
        Statistics.size_for(counter_blocks=0, histograms=10_000)


def test_when_the_size_is_used_up_the_error_says_what_did_not_fit() -> None:
    with Statistics.private(size=65536) as statistics:
        statistics.histogram("handler", "one")
        with pytest.raises(OutOfMemory, match="no room for histogram handler/two: it takes 34880 bytes"):
            statistics.histogram("handler", "two")
        statistics.counter_block("stream", "still fits")


def test_after_close_what_was_made_is_found_and_nothing_new_is_made() -> None:
    statistics = Statistics.private(name="n")
    block = statistics.counter_block("stream", "bars")
    block.add(0, 3)
    statistics.close()
    assert statistics.counter_block("stream", "bars") is block
    assert statistics.snapshot().streams["bars"].published == 3
    assert statistics.snapshot().closed
    statistics.heartbeat()
    for make in (statistics.counter_block, statistics.gauge, statistics.histogram):
        with pytest.raises(ClosedError, match="'n' are closed"):
            make("stream", "news")


def test_private_statistics_have_no_file_and_the_same_answers(tmp_path: Path) -> None:
    with (
        Statistics.private(name="n", driver_directory="d") as private,
        Statistics.create(tmp_path / "s", name="n", driver_directory="d") as filed,
    ):
        assert private.path is None
        for statistics in (private, filed):
            statistics.counter_block(STREAM, "bars").add(StreamCounter.RECEIVED, 4)
            statistics.gauge("poller", "outbox").set(5)
            statistics.histogram("handler", "risk").record(6)
        one, two = private.snapshot(), filed.snapshot()
        assert (one.counters, one.gauges) == (two.counters, two.gauges)
        assert one.histograms["handler"]["risk"].summary() == two.histograms["handler"]["risk"].summary()
        assert (one.name, one.pid, one.driver_directory, one.writer) == ("n", os.getpid(), "d", "alive")


def test_forgotten_statistics_warn_and_leave_no_file(tmp_path: Path) -> None:
    path = tmp_path / "statistics"
    statistics = Statistics.create(path, name="forgotten")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del statistics
        gc.collect()
    assert [str(warning.message) for warning in caught] == [f"unclosed Statistics('forgotten', {path})"]
    assert not path.exists()


def test_a_process_that_ends_without_close_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "statistics"
    with start(WRITER, path) as process:
        process.communicate("end\n", timeout=30)
    assert process.returncode == 0
    assert not path.exists()


FORK = """
import os, sys
from actorbus.metrics import Statistics, StatisticsReader
statistics = Statistics.create(sys.argv[1], name="parent")
block, histogram = statistics.counter_block("stream", "bars"), statistics.histogram("handler", "risk")
block.add(0, 1)
child = os.fork()
if child == 0:
    block.add(0, 10)
    histogram.record(5)
    assert block[0] == 11 and histogram.snapshot().count == 1 and statistics.is_closed
    statistics.close()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
block.add(0, 1)
with StatisticsReader.open(sys.argv[1]) as reader:
    print(reader.snapshot().streams["bars"].published, reader.snapshot().histograms["handler"]["risk"].count)
statistics.close()
"""


def test_a_child_of_fork_counts_for_itself_and_leaves_the_file_alone(tmp_path: Path) -> None:
    assert run(FORK, tmp_path / "statistics") == "2 0\n"


def test_many_lives_leave_no_mapping_and_no_descriptor(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for index in range(100):
        with Statistics.create(tmp_path / f"statistics-{index}", name="n") as statistics:
            statistics.histogram("handler", "risk").record(1)
    assert mappings(tmp_path) == 0
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert list(tmp_path.iterdir()) == []
