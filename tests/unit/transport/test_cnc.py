from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

from actorbus.errors import DriverUnavailable, PermissionRefused
from actorbus.transport.cnc import Cnc, Pulse, pid_exists, read_cnc, wait_for_driver

LENGTHS = (1024 + 768, 1024 + 128, 4096, 1024, 512)
HEARTBEAT_AT = 128 + LENGTHS[0] - 768 + 640
DEAD_PID = 2**22 + 1  # above Linux's largest process id


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def soon() -> int:
    return time.monotonic_ns() + 20_000_000


def write_cnc(
    directory: Path,
    *,
    heartbeat_ms: int | None = None,
    pid: int | None = None,
    version: int = 512,
    lengths: tuple[int, ...] = LENGTHS,
    cut_to: int | None = None,
) -> Path:
    """Write a CnC file as a driver would; young and ours unless said otherwise."""
    body = bytearray(128 + sum(max(0, length) for length in lengths))
    head = struct.pack("<6i3qi", version, *lengths, 10_000_000_000, 1, os.getpid() if pid is None else pid, 4096)
    body[: len(head)] = head
    beat = now_ms() if heartbeat_ms is None else heartbeat_ms
    body[HEARTBEAT_AT : HEARTBEAT_AT + 8] = beat.to_bytes(8, "little", signed=True)
    path = directory / "cnc.dat"
    path.write_bytes(bytes(body[:cut_to]))
    return path


def read(directory: Path) -> Cnc:
    found = read_cnc(directory)
    assert found is not None
    return found


def test_a_folder_without_the_file_has_no_driver(tmp_path: Path) -> None:
    assert read_cnc(tmp_path) is None
    assert read_cnc(tmp_path / "missing") is None


def test_a_whole_file_tells_its_driver(tmp_path: Path) -> None:
    write_cnc(tmp_path, heartbeat_ms=1_000, pid=42)
    cnc = read(tmp_path)
    assert (cnc.version, cnc.pid, cnc.heartbeat_ms, cnc.client_liveness_ns) == ((0, 2, 0), 42, 1_000, 10_000_000_000)
    assert cnc.problem is None
    assert cnc.is_active(1_500, 1_000)
    assert not cnc.is_active(2_001, 1_000)
    assert cnc.age_ms(500) == 0  # the clock stepped back


def test_a_heartbeat_that_moves_is_alive_whatever_the_wall_clock_says() -> None:
    pulse = Pulse(timeout_ms=10)
    assert pulse.beats(5_000, 0)
    assert pulse.beats(5_000, 10_000_000)
    assert not pulse.beats(5_000, 10_000_001)
    assert pulse.beats(4_000, 20_000_000)  # an hour back, as far as it knows
    assert not pulse.beats(-1, 20_000_001)
    assert not pulse.beats(0, 20_000_002)


@pytest.mark.parametrize("heartbeat_ms", [0, -1])
def test_before_the_first_heartbeat_and_after_the_end_nobody_is_active(tmp_path: Path, heartbeat_ms: int) -> None:
    write_cnc(tmp_path, heartbeat_ms=heartbeat_ms)
    assert not read(tmp_path).is_active(now_ms())


@pytest.mark.parametrize("cut_to", [0, 1, 51, 52, 127, 128, 1000, 128 + sum(LENGTHS) - 1])
def test_a_file_cut_short_anywhere_is_a_problem_and_no_crash(tmp_path: Path, cut_to: int) -> None:
    write_cnc(tmp_path, cut_to=cut_to)
    assert "cut short" in str(read(tmp_path).problem)
    assert not read(tmp_path).is_active(now_ms())


def test_a_file_of_another_layout_is_a_problem(tmp_path: Path) -> None:
    write_cnc(tmp_path, version=1 << 16)
    assert "version 1.0.0" in str(read(tmp_path).problem)


def test_a_file_still_being_written_is_a_problem(tmp_path: Path) -> None:
    write_cnc(tmp_path, version=0)
    assert "not finished" in str(read(tmp_path).problem)


@pytest.mark.parametrize("lengths", [(-1, 1, 1, 1, 1), (767, 1, 1, 1, 1), (1792, -5, 1, 1, 1)])
def test_lengths_that_make_no_sense_are_a_problem(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    write_cnc(tmp_path, lengths=lengths)
    assert "no sense" in str(read(tmp_path).problem)


def test_a_link_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "cnc.dat").symlink_to(write_cnc(real))
    with pytest.raises(PermissionRefused, match="cannot be read"):
        read_cnc(tmp_path)


def test_a_living_driver_is_found_at_once(tmp_path: Path) -> None:
    write_cnc(tmp_path)
    assert wait_for_driver(tmp_path, soon()).pid == os.getpid()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"cut_to": 100}, "cut short: 100 bytes"),
        ({"version": 0}, "not finished"),
        ({"version": 2 << 16}, "version 2.0.0"),
        ({"heartbeat_ms": 0}, "does not run yet"),
        ({"heartbeat_ms": -1}, "has ended"),
        ({"heartbeat_ms": 1_000}, "is dead"),
        ({"heartbeat_ms": 1_000, "pid": DEAD_PID}, "is gone"),
        ({"pid": DEAD_PID}, "is dead"),  # young, but its process is gone and it does not beat
    ],
)
def test_every_kind_of_no_driver_is_told_apart(tmp_path: Path, file: dict[str, int], said: str) -> None:
    write_cnc(tmp_path, **file)  # pyright: ignore[reportArgumentType] - keywords by table
    with pytest.raises(DriverUnavailable) as caught:
        wait_for_driver(tmp_path, soon())
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_no_folder_and_no_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DriverUnavailable, match=r"no cnc\.dat"):
        wait_for_driver(tmp_path, soon())
    with pytest.raises(DriverUnavailable, match="no such folder"):
        wait_for_driver(tmp_path / "missing", soon())


def test_process_ids_that_cannot_be_do_not_exist() -> None:
    assert pid_exists(os.getpid())
    assert pid_exists(1)
    assert not pid_exists(DEAD_PID)
    assert not pid_exists(0)
    assert not pid_exists(-1)
