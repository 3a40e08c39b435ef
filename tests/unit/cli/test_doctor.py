"""`actorbus doctor`: what it says of machines that lack something."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from actorbus.cli import doctor
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]

MIB = 1 << 20


def test_this_machine_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert all(what in out for what in ("Python", "Aeron", "cores", "shared memory", "open files", "CPU governor"))


def test_json_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["doctor", "--format", "json"]) == 0
    assert [found["what"] for found in json.loads(capsys.readouterr().out)] == [one.what for one in doctor.findings()]


def test_something_broken_exits_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    broken = doctor.Finding("broken", "shared memory", "there is no /dev/shm", "mount one")
    monkeypatch.setattr(doctor, "findings", lambda: iter([broken]))
    assert _main(["doctor"]) == 3
    assert "mount one" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_broken(tmp_path: Path) -> None:
    assert doctor.shared_memory(tmp_path / "no", None).state == "broken"


@pytest.mark.parametrize(("free", "state"), [(16 * MIB, "advice"), (64 * MIB, "ok")])
def test_little_shared_memory_is_told_with_what_to_do(tmp_path: Path, free: int, state: str) -> None:
    found = doctor.shared_memory(tmp_path, free)
    assert found.state == state
    assert ("--shm-size" in found.advice) == (state == "advice")


@pytest.mark.parametrize(("usable", "state"), [(1, "advice"), (2, "ok")])
def test_one_core_is_little(usable: int, state: str) -> None:
    assert doctor.cores(8, usable).state == state


def test_few_files_are_told_with_the_command() -> None:
    assert doctor.files(256, 512).advice.endswith("ulimit -n 512")
    assert doctor.files(256, resource.RLIM_INFINITY).advice.endswith("ulimit -n 1024")
    assert doctor.files(4096, 4096).state == "ok"
    assert doctor.files(resource.RLIM_INFINITY, 0).found == "no limit"


def test_locked_memory_is_only_told() -> None:
    assert (doctor.locked(65536).found, doctor.locked(resource.RLIM_INFINITY).found) == ("at most 64.0 KiB", "no limit")


@pytest.mark.parametrize(("name", "state"), [("powersave\n", "advice"), ("performance\n", "ok")])
def test_a_governor_that_saves_is_told(tmp_path: Path, name: str, state: str) -> None:
    (tmp_path / "governor").write_text(name)
    assert doctor.governor(tmp_path / "governor").state == state


def test_a_governor_that_cannot_be_read_is_no_problem(tmp_path: Path) -> None:
    assert doctor.governor(tmp_path / "none").state == "ok"


def test_small_socket_buffers_are_told(tmp_path: Path) -> None:
    (tmp_path / "rmem_max").write_text("212992\n")
    found = list(doctor.socket_buffers(tmp_path))
    assert [one.state for one in found] == ["advice", "ok"]
    assert "sysctl -w net.core.rmem_max=2097152" in found[0].advice


def test_no_driver_is_no_problem_and_a_broken_file_is_told(tmp_path: Path) -> None:
    assert doctor.driver(tmp_path).state == "ok"
    (tmp_path / "cnc.dat").write_bytes(b"short")
    assert doctor.driver(tmp_path).state == "advice"
