"""Aeron's jar comes through Maven once, and whoever has no Maven is told and goes on."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from actorbus.bench.peers.java_archive import VERSION

ROOT = Path(__file__).resolve().parents[2]
JAR = f".m2/repository/io/aeron/aeron-all/{VERSION}/aeron-all-{VERSION}.jar"


def run(home: Path, maven: str | None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script with this home and a Maven that does what the text says, if any."""
    tools = home / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("sed", "dirname", "mkdir", "touch"):
        (tools / name).unlink(missing_ok=True)
        (tools / name).symlink_to(Path("/usr/bin", name))
    if maven is not None:
        (tools / "mvn").write_text(f"#!/bin/sh\n{maven}\n", encoding="utf-8")
        (tools / "mvn").chmod((tools / "mvn").stat().st_mode | stat.S_IXUSR)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "aeron_jar.sh")],
        env={"PATH": str(tools), "HOME": str(home), **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_asked_for_in_the_version_that_the_bench_measures(tmp_path: Path) -> None:
    done = run(tmp_path, f'echo "$@" >>{tmp_path}/asked')
    assert done.returncode == 0, done.stderr
    assert f"-Dartifact=io.aeron:aeron-all:{VERSION}" in (tmp_path / "asked").read_text(encoding="utf-8")


def test_one_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / JAR).parent.mkdir(parents=True)
    (tmp_path / JAR).touch()
    done = run(tmp_path, f"touch {tmp_path}/asked")
    assert (done.returncode, done.stderr, (tmp_path / "asked").exists()) == (0, "", False)


def test_without_maven_or_with_one_that_fails_it_is_said_and_nothing_fails(tmp_path: Path) -> None:
    assert "no Maven" in run(tmp_path, None).stderr
    done = run(tmp_path, "exit 1")
    assert (done.returncode, "could not bring" in done.stderr) == (0, True)
