"""The reader's side: while the writer works, hangs, closed, was killed, and against damaged files."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.errors import ClosedError, DecodeError, EnvironmentFault, PermissionRefused
from actorbus.metrics import HANDLER, STREAM, Statistics, StatisticsReader, StreamCounter
from tests.unit.metrics.programs import WRITER, start


def test_a_reader_sees_what_the_writer_stores(tmp_path: Path) -> None:
    with (
        Statistics.create(tmp_path / "s", name="demo", driver_directory="/driver") as statistics,
        StatisticsReader.open(tmp_path / "s") as reader,
    ):
        block, gauge = statistics.counter_block(STREAM, "bars"), statistics.gauge("poller", "outbox")
        histogram = statistics.histogram(HANDLER, "risk")
        assert reader.snapshot().streams["bars"].received == 0
        block.add(StreamCounter.RECEIVED, 3)
        gauge.set(-4)
        histogram.record(1000)
        statistics.heartbeat()
        snapshot = reader.snapshot()
        assert snapshot.streams["bars"].received == 3
        assert snapshot.gauges == {"poller": {"outbox": -4}}
        assert snapshot.histograms[HANDLER]["risk"].percentile(50) == 1000
        assert (snapshot.name, snapshot.pid, snapshot.driver_directory) == ("demo", os.getpid(), "/driver")
        assert (snapshot.writer, snapshot.closed) == ("alive", False)
        assert snapshot.heartbeat_time_ns >= snapshot.created_time_ns
        assert snapshot.heartbeat_age_ns >= 0


def test_a_reader_outlives_an_orderly_close_and_says_so(tmp_path: Path) -> None:
    statistics = Statistics.create(tmp_path / "s", name="demo")
    block = statistics.counter_block(STREAM, "bars")
    with StatisticsReader.open(tmp_path / "s") as reader:
        block.add(StreamCounter.RECEIVED, 3)
        statistics.close()
        snapshot = reader.snapshot()
    assert snapshot.closed
    assert snapshot.streams["bars"].received == 3


def test_a_killed_process_leaves_a_black_box(tmp_path: Path) -> None:
    with start(WRITER, tmp_path / "s") as process:
        assert process.stdout is not None
        process.stdout.readline()
        with StatisticsReader.open(tmp_path / "s") as reader:
            assert reader.snapshot().writer == "alive"
            process.kill()
            process.wait(30)
            assert reader.snapshot().writer == "dead"
    with StatisticsReader.open(tmp_path / "s") as reader:
        snapshot = reader.snapshot()
    assert snapshot.streams["bars"].received == 42
    assert (snapshot.pid, snapshot.closed) == (process.pid, False)


def test_a_stopped_process_is_alive_and_its_heartbeat_grows_old(tmp_path: Path) -> None:
    with start(WRITER, tmp_path / "s") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        try:
            with StatisticsReader.open(tmp_path / "s") as reader:
                first, second = reader.snapshot(), reader.snapshot()
        finally:
            process.send_signal(signal.SIGCONT)
        process.communicate("close\n", timeout=30)
    assert first.writer == second.writer == "alive"
    assert second.heartbeat_age_ns > first.heartbeat_age_ns
    assert not (tmp_path / "s").exists()


def test_no_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no statistics file"):
        StatisticsReader.open(tmp_path / "none")


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DecodeError, match="no regular file"):
            StatisticsReader.open(path)


def test_another_users_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refuse)  # root, who runs the tests in many places, may read everything
    with pytest.raises(PermissionRefused, match="may not read"):
        StatisticsReader.open(tmp_path / "s")


def test_a_closed_reader_says_so(tmp_path: Path) -> None:
    with Statistics.create(tmp_path / "s", name="demo"):
        reader = StatisticsReader.open(tmp_path / "s")
        reader.close()
        reader.close()
        with pytest.raises(ClosedError):
            reader.snapshot()
        assert "closed" in repr(reader)


# ---- damaged files ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "s"
    with Statistics.create(path, name="demo", driver_directory="/driver", size=65536) as statistics:
        statistics.counter_block(STREAM, "bars").add(StreamCounter.RECEIVED, 3)
        statistics.gauge("poller", "outbox").set(1)
        statistics.histogram(HANDLER, "risk").record(1000)
        return path.read_bytes()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "s"


def read_whole(path: Path) -> None:
    """Open and use everything: a typed error or an answer, nothing else."""
    try:
        reader = StatisticsReader.open(path)
    except DecodeError:
        return
    with reader:
        snapshot = reader.snapshot()
        assert snapshot.writer in {"alive", "dead", "unknown"}
        _ = snapshot.streams, snapshot.handlers
        for histograms in snapshot.histograms.values():
            for histogram in histograms.values():
                assert histogram.min_ns <= histogram.percentile(50) <= histogram.max_ns


numbers = st.sampled_from([0, 1, 63, 64, 2**31, 2**32 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)
words = st.tuples(st.integers(0, 28) | st.integers(512, 580) | st.integers(0, 65536 // 8 - 1), numbers)


@given(changes=st.lists(words, min_size=1, max_size=5))
def test_changed_words_are_refused_or_read_without_harm(
    sound: bytes, damaged: Path, changes: list[tuple[int, int]]
) -> None:
    contents = bytearray(sound)
    for index, number in changes:
        contents[8 * index : 8 * index + 8] = number.to_bytes(8, "little")
    damaged.write_bytes(contents)
    read_whole(damaged)


@given(length=st.integers(0, 9000) | st.integers(0, 65535))
def test_a_file_cut_short_is_refused(sound: bytes, damaged: Path, length: int) -> None:
    damaged.write_bytes(sound[:length])
    with pytest.raises(DecodeError):
        StatisticsReader.open(damaged)


@given(contents=st.binary(max_size=9000))
def test_any_other_bytes_are_refused(damaged: Path, contents: bytes) -> None:
    damaged.write_bytes(contents)
    with pytest.raises(DecodeError):
        StatisticsReader.open(damaged)


def test_a_file_cut_short_under_an_open_reader_is_an_error_and_no_signal(sound: bytes, damaged: Path) -> None:
    damaged.write_bytes(sound)
    with StatisticsReader.open(damaged) as reader:
        os.truncate(damaged, 5000)
        with pytest.raises(DecodeError, match="file_length 65536 is not the length of the file, 5000"):
            reader.snapshot()
        os.truncate(damaged, 0)
        with pytest.raises(DecodeError):
            reader.snapshot()


def test_another_version_is_refused_with_both_versions(sound: bytes, damaged: Path) -> None:
    damaged.write_bytes(sound[:8] + (2).to_bytes(4, "little") + sound[12:])
    with pytest.raises(DecodeError, match="version 2, this program reads version 1"):
        StatisticsReader.open(damaged)


def test_a_file_that_is_still_being_created_is_refused(sound: bytes, damaged: Path) -> None:
    damaged.write_bytes(bytes(8) + sound[8:])
    with pytest.raises(DecodeError, match="not finished yet"):
        StatisticsReader.open(damaged)


def test_texts_that_are_not_utf_8_are_readable_all_the_same(sound: bytes, damaged: Path) -> None:
    contents = bytearray(sound)
    contents[256:260] = b"\xff\xfe\x80x"
    damaged.write_bytes(contents)
    with StatisticsReader.open(damaged) as reader:
        assert reader.snapshot().name == "���x"
