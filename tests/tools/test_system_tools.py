"""`make test-system` locates its tools, installs them as root, or says in one sentence what is missing."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("java", "chromium", "prometheus", "promtool", "valgrind", "npm", "tmux", "strace")


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A PATH with what the script itself uses, for a user who is not root."""
    for name in ("tr", "chmod", "touch"):
        (tmp_path / name).symlink_to(Path("/usr/bin", name))
    program(tmp_path / "id", "echo 1000")
    return tmp_path


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "tools" / "system_tools.sh")
    return subprocess.run(
        ["/bin/sh", script], env={"PATH": str(folder)}, capture_output=True, text=True, timeout=30, check=False
    )


def test_tools_that_are_there_are_left_alone(folder: Path) -> None:
    for name in TOOLS:
        program(folder / name, "exit 0")
    done = run(folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_missing_is_one_sentence_that_says_how_to_get_it(folder: Path) -> None:
    for name in TOOLS[1:3]:
        program(folder / name, "exit 0")
    done = run(folder)
    assert done.returncode == 3
    missing = "default-jre-headless prometheus valgrind npm tmux strace"
    assert done.stderr == (
        f"system tools: missing: {missing}; install them (as root: apt-get install {missing}) and run again.\n"
    )


def test_as_root_they_are_installed_each_once(folder: Path) -> None:
    program(folder / "id", "echo 0")
    program(
        folder / "apt-get",
        f'for last; do :; done; [ "$1" = update ] && exit 0; echo "$last" >&2; '
        f'case "$last" in prometheus) names="prometheus promtool" ;; default-jre-headless) names=java ;; '
        f'*) names=$last ;; esac; for name in $names; do touch "{folder}/$name"; chmod +x "{folder}/$name"; done',
    )
    done = run(folder)
    assert done.returncode == 0, done.stderr
    installed = [line for line in done.stderr.splitlines() if not line.startswith("system tools:")]
    assert installed == ["default-jre-headless", "chromium", "prometheus", "valgrind", "npm", "tmux", "strace"]
