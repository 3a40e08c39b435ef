from __future__ import annotations

import os
from pathlib import Path

import pytest

from actorbus.errors import DirectoryRefused, PermissionRefused
from actorbus.transport import directory
from actorbus.transport.directory import State, inspect, new_default_directory, prepare, release, sweep
from tests.unit.transport.test_cnc import DEAD_PID, write_cnc


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / "aeron"
    found.mkdir()
    return found


def everything(path: Path) -> set[str]:
    return {str(found.relative_to(path)) for found in path.rglob("*")}


def test_a_missing_folder_may_be_had(tmp_path: Path) -> None:
    assert inspect(tmp_path / "new") is State.MISSING
    assert inspect(tmp_path / "deep" / "new") is State.MISSING


def test_an_empty_folder_may_be_had(place: Path) -> None:
    assert inspect(place) is State.EMPTY


def test_a_dead_drivers_folder_may_be_had(place: Path) -> None:
    write_cnc(place, heartbeat_ms=1_000)
    (place / "publications").mkdir()
    (place / "images").mkdir()
    (place / "loss-report.dat").touch()
    assert inspect(place) is State.STALE


def test_a_driver_that_ended_in_order_left_a_folder_that_may_be_had(place: Path) -> None:
    write_cnc(place, heartbeat_ms=-1)
    assert inspect(place) is State.STALE


def test_a_young_heartbeat_of_a_process_that_is_gone_is_stale(place: Path) -> None:
    write_cnc(place, pid=DEAD_PID)
    assert inspect(place) is State.STALE


def test_a_living_drivers_folder_is_refused(place: Path) -> None:
    write_cnc(place)
    with pytest.raises(DirectoryRefused, match="a media driver is active in it"):
        inspect(place)


@pytest.mark.parametrize("name", ["thesis.tex", ".ssh", "cnc.dat.bak"])
@pytest.mark.parametrize("with_cnc", [False, True])
def test_a_folder_with_anything_else_in_it_is_refused(place: Path, name: str, with_cnc: bool) -> None:
    (place / name).write_text("ten years of work")
    if with_cnc:
        write_cnc(place, heartbeat_ms=1_000)
    before = everything(place)
    with pytest.raises(DirectoryRefused, match="neither empty nor Aeron's own") as caught:
        prepare(place)
    assert name in str(caught.value)
    assert everything(place) == before


def test_aerons_names_without_a_valid_cnc_file_are_refused(place: Path) -> None:
    (place / "images").mkdir()
    with pytest.raises(DirectoryRefused, match=r"no cnc\.dat"):
        inspect(place)
    write_cnc(place, cut_to=100)
    with pytest.raises(DirectoryRefused, match="not a driver's"):
        inspect(place)


def test_the_root_is_refused() -> None:
    for path in ("/", "//", "/usr/.."):
        with pytest.raises(DirectoryRefused, match="root"):
            inspect(Path(path))


def test_the_home_folder_and_what_holds_it_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "me"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "home")
    for path in (home, home.parent, link / "me", home / ".." / "me"):
        with pytest.raises(DirectoryRefused, match="home folder"):
            inspect(path)
    assert inspect(home / "aeron") is State.MISSING


def test_the_current_folder_and_what_holds_it_are_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(DirectoryRefused, match="current folder"):
        inspect(place)


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(DirectoryRefused, match="absolute"):
        inspect(Path("aeron"))


def test_a_link_is_refused(place: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(place)
    with pytest.raises(DirectoryRefused, match="link to"):
        inspect(link)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryRefused, match="no folder"):
        inspect(tmp_path / "file")


def test_a_mount_point_is_refused() -> None:
    with pytest.raises((DirectoryRefused, PermissionRefused), match=r"mount point|belongs to user"):
        inspect(Path("/proc"))


def test_another_users_folder_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(PermissionRefused, match="belongs to user"):
        inspect(place)


def test_preparing_removes_a_dead_drivers_folder_and_makes_parents(place: Path, tmp_path: Path) -> None:
    write_cnc(place, heartbeat_ms=1_000)
    prepare(place)
    assert not place.exists()
    prepare(tmp_path / "a" / "b" / "c")
    assert everything(tmp_path) == {"a", "a/b"}


def test_preparing_leaves_an_empty_folder_alone(place: Path) -> None:
    prepare(place)
    assert place.is_dir()


def test_a_default_directory_lies_in_a_private_parent(tmp_path: Path) -> None:
    parent = tmp_path / "actorbus"
    first, second = new_default_directory(parent), new_default_directory(parent)
    assert first != second
    assert not first.exists()  # Aeron makes it
    assert first.parent.parent == parent
    assert parent.stat().st_mode & 0o777 == 0o700
    assert first.parent.stat().st_mode & 0o777 == 0o700
    release(first)
    assert parent.is_dir()  # the second is still there
    release(second)
    assert not parent.exists()


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o710])
def test_a_parent_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    parent = tmp_path / "actorbus"
    parent.mkdir()
    parent.chmod(mode)
    with pytest.raises(PermissionRefused, match="0700"):
        new_default_directory(parent)


def test_a_link_as_parent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "actorbus").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionRefused):
        new_default_directory(tmp_path / "actorbus")


def test_release_takes_aerons_own_and_nothing_else(place: Path) -> None:
    write_cnc(place)
    (place / "images").mkdir()
    release(place)
    assert not place.exists()
    place.mkdir()
    (place / "thesis.tex").touch()
    release(place)
    assert (place / "thesis.tex").exists()


def test_release_keeps_a_parent_that_is_not_ours(place: Path) -> None:
    release(place)
    assert place.parent.is_dir()


def test_the_sweep_takes_what_killed_processes_left(tmp_path: Path) -> None:
    dead = tmp_path / f"driver-{DEAD_PID}-abcdefgh" / "aeron"
    dead.mkdir(parents=True)
    write_cnc(dead, heartbeat_ms=1_000)
    assert sweep(tmp_path) == 1
    assert everything(tmp_path) == set()


@pytest.mark.parametrize("name", ["driver-{living}-abcdefgh", "driver-1-abc", "statistics-1-0", "thesis"])
def test_the_sweep_leaves_the_living_and_what_is_not_a_drivers(tmp_path: Path, name: str) -> None:
    aeron = tmp_path / name.format(living=os.getpid()) / "aeron"
    aeron.mkdir(parents=True)
    write_cnc(aeron, heartbeat_ms=1_000)
    assert sweep(tmp_path) == 0
    assert aeron.exists()


def test_the_sweep_leaves_a_driver_of_another_pid_namespace(tmp_path: Path) -> None:
    aeron = tmp_path / f"driver-{DEAD_PID}-abcdefgh" / "aeron"
    aeron.mkdir(parents=True)
    write_cnc(aeron)  # its heart beats
    assert sweep(tmp_path) == 0
    empty = tmp_path / f"driver-{DEAD_PID}-starting"
    empty.mkdir()  # being made just now
    assert sweep(tmp_path) == 0
    os.utime(empty, (1, 1))
    assert sweep(tmp_path) == 1


def test_a_parent_that_is_not_there_needs_no_sweep(tmp_path: Path) -> None:
    assert sweep(tmp_path / "missing") == 0
