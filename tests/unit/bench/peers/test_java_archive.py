"""The Java Archive's sample: found, heard, and told apart from a JVM that ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from actorbus.bench.peers import java_archive, missing
from actorbus.errors import BrokenError

SAYS = "Recorded 762.94 MB @ 840.25 MB/s - 5,506,000 msg/sec - 100 byte payload + 32 byte header"


def fake_java(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `java` on the path that runs a Python script, and a jar to run."""
    program = folder / "java"
    program.write_text(f"#!{sys.executable}\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    (folder / "aeron.jar").touch()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(java_archive.JAR, str(folder / "aeron.jar"))
    monkeypatch.setattr(java_archive, "SETTLE_S", 0.01)


def test_its_rate_is_read_from_its_words() -> None:
    assert java_archive.rate_in(SAYS) == 5_506_000
    assert java_archive.rate_in("Execute again? (y/n): ") is None


def test_rounds_are_asked_for_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = "import sys\nfor rate in ('1,000', '2,000'):\n    print('x @ y - ' + rate + ' msg/sec - z', flush=True)\n"
    fake_java(tmp_path, talk + "    said = sys.stdin.readline()\n    assert said in ('y\\n', 'n\\n')", monkeypatch)

    driver = tmp_path / "driver"
    driver.mkdir()
    with java_archive.JavaArchive(tmp_path / "a", messages=10, size=100, driver=driver) as archive:
        assert [archive.record(), archive.record()] == [1000.0, 2000.0]
    assert not driver.exists()


def test_its_archive_has_a_core_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = "import threading, sys\nopen('/proc/self/comm', 'w').write('archive-conduct')\n"
    fake_java(tmp_path, named + "print('x - 1 msg/sec - z', flush=True)\nsys.stdin.readline()", monkeypatch)
    first, *_, last = sorted(os.sched_getaffinity(0))

    with java_archive.JavaArchive(tmp_path / "a", messages=10, size=100, driver=tmp_path / "d") as archive:
        assert archive.record() == 1
        archive.pin(last, first)
        number = archive.pid
        assert os.sched_getaffinity(number) == {last}


def test_one_without_an_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, "import sys\nprint('x - 1 msg/sec - z', flush=True)\nsys.stdin.readline()", monkeypatch)

    with java_archive.JavaArchive(tmp_path / "a", messages=10, size=100, driver=tmp_path / "d") as archive:
        archive.record()
        with pytest.raises(BrokenError, match="thread is not found"):
            archive.pin(0, 0)


def test_one_that_ends_is_told_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, "print('no room for a heap', flush=True)", monkeypatch)

    with (
        java_archive.JavaArchive(tmp_path / "a", messages=10, size=100, driver=tmp_path / "d") as archive,
        pytest.raises(BrokenError) as raised,
    ):
        archive.record()
    assert "no room for a heap" in (raised.value.why or "")


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, "", monkeypatch)
    assert missing("java-archive") is None

    monkeypatch.setenv(java_archive.JAR, str(tmp_path / "none.jar"))
    assert "aeron-all:1.51.0" in (missing("java-archive") or "")
    with pytest.raises(BrokenError, match="cannot run"):
        java_archive.JavaArchive(tmp_path / "a", messages=1, size=100, driver=tmp_path / "d")

    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert "no java" in (missing("java-archive") or "")
