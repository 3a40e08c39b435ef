"""The private folder, names in it, and black boxes that do not pile up."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from actorbus.errors import PermissionRefused
from actorbus.ffi.stats import ENTRY_LENGTH, HEADER_LENGTH
from actorbus.metrics import Statistics, place
from tests.unit.metrics.programs import WRITER, start


def test_the_default_directory_is_the_users_own() -> None:
    assert place.default_directory().name == f"actorbus-{os.geteuid()}"


def test_without_shared_memory_the_temporary_folder_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(place, "_SHARED_MEMORY", tmp_path / "none")
    assert place.default_directory().parent == Path(tempfile.gettempdir())


def test_a_missing_folder_is_created_private(tmp_path: Path) -> None:
    made = place.private_directory(tmp_path / "made")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert place.private_directory(made) == made


def test_a_folder_open_to_others_is_refused_with_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(PermissionRefused, match="open to others \\(mode 0755\\)"):
        place.private_directory(tmp_path)


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PermissionRefused, match="is no folder"):
        place.private_directory(tmp_path / "link")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermissionRefused, match="cannot create the folder"):
        place.private_directory(tmp_path / "no" / "such")


def test_another_users_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PermissionRefused, match="belongs to user"):
        place.private_directory(tmp_path)


def test_names_of_one_process_differ(tmp_path: Path) -> None:
    first, second = place.next_path(tmp_path), place.next_path(tmp_path)
    assert first != second
    assert first.name.startswith(f"statistics-{os.getpid()}-")


def test_files_are_listed_newest_first_and_nothing_else_is(tmp_path: Path) -> None:
    for index, name in enumerate(["statistics-1-0", "statistics-2-0", "other"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (index, index))
    assert [path.name for path in place.list_statistics(tmp_path)] == ["statistics-2-0", "statistics-1-0"]
    assert place.list_statistics(tmp_path / "none") == []


def test_only_old_files_of_dead_processes_are_removed(tmp_path: Path) -> None:
    dead: list[Path] = []
    for index in range(3):
        with start(WRITER, tmp_path / f"statistics-{index}-0") as process:
            assert process.stdout is not None
            dead.append(Path(process.stdout.readline().strip()))
            process.kill()
            process.wait(30)
        os.utime(dead[-1], (index, index))
    (tmp_path / "statistics-9-9").write_bytes(b"not one of ours")
    with Statistics.create(tmp_path / "statistics-alive-0", name="alive") as alive:
        assert place.remove_old_black_boxes(tmp_path, keep=1) == 2
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"statistics-2-0", "statistics-9-9", "statistics-alive-0"}
        assert alive.path is not None


def test_a_black_box_is_known_by_its_header_whatever_else_is_in_it(tmp_path: Path) -> None:
    """Nothing else is read: copies of eight whole files were 7 MB of a node's memory at its start."""
    with start(WRITER, tmp_path / "statistics-0-0") as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        process.kill()
        process.wait(30)
    with path.open("r+b") as file:
        file.seek(HEADER_LENGTH)
        file.write(b"\xff" * ENTRY_LENGTH)  # no entry is like that
    assert place.remove_old_black_boxes(tmp_path, keep=0) == 1
    assert not path.exists()
