"""Set-up finds a CPython by itself, and refuses what cannot work in one sentence that says what to do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "setup.sh"


def run(what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run set-up with this environment and nothing of ours."""
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), what], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def tools_only(folder: Path, *names: str) -> Path:
    """Return a folder with the programs set-up itself uses and no Python, pyenv, uv or compiler."""
    for name in ("sh", "dirname", "readlink", "ls", "cut", "id", "uname", "getconf", "grep", "cat", "cksum", *names):
        found = next(place for base in ("/usr/bin", "/bin", "/sbin") if (place := Path(base, name)).exists())
        (folder / name).symlink_to(found)
    # No home but the one that is given: whatever this machine's user has is out of sight.
    program(folder / "getent", "exit 2")
    return folder


def fake_python(path: Path, says: str) -> Path:
    return program(path, f'echo "{says}"')


def test_it_finds_a_python_that_a_pyenv_holds_with_an_empty_home(tmp_path: Path) -> None:
    wanted = tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python3"
    fake_python(wanted, f"ok 3.12.9 {wanted}")
    program(tmp_path / "pyenv" / "bin" / "pyenv", "exit 1")
    path = f"{tmp_path / 'pyenv' / 'bin'}{os.pathsep}{tools_only(tmp_path)}"
    done = run("python", PATH=path, HOME="")
    assert (done.returncode, done.stdout.strip()) == (0, str(wanted)), done.stderr


def test_it_finds_a_pyenv_in_the_real_home_of_the_user_when_home_is_wrong(tmp_path: Path) -> None:
    wanted = fake_python(tmp_path / "me" / ".pyenv" / "versions" / "3.13.1" / "bin" / "python3", "ok 3.13.1 /found/it")
    tools = tools_only(tmp_path)
    program(tools / "getent", f'echo "me:x:7:7::{tmp_path / "me"}:/bin/sh"')
    done = run("python", PATH=str(tools), HOME="/nowhere")
    assert (done.returncode, done.stdout.strip()) == (0, "/found/it"), done.stderr
    assert wanted.exists()


def test_a_shim_without_its_version_is_passed_over(tmp_path: Path) -> None:
    tools = tools_only(tmp_path)
    program(tools / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    fake_python(tools / "python3.13", "ok 3.13.2 /the/real/one")
    done = run("python", PATH=str(tools), HOME="")
    assert (done.returncode, done.stdout.strip()) == (0, "/the/real/one"), done.stderr


def test_an_interpreter_that_is_given_is_taken() -> None:
    done = run("python", PATH="/usr/bin:/bin", PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).resolve() == Path(sys.executable).resolve()


def test_an_interpreter_that_is_given_and_cannot_work_is_refused(tmp_path: Path) -> None:
    old = fake_python(tmp_path / "python", "no 3.9.1: it is older than 3.12")
    done = run("python", PATH="/usr/bin:/bin", PYTHON=str(old))
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert f"PYTHON={old} cannot be used (3.9.1: it is older than 3.12)" in done.stderr
    assert "give a CPython 3.12 or newer" in done.stderr


def test_no_interpreter_at_all_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    tools = tools_only(tmp_path)
    fake_python(tools / "python3", "no 3.11.2: it is older than 3.12")
    done = run("python", PATH=str(tools), HOME="")
    if "/usr/local" in done.stdout or "/usr/bin" in done.stdout or "/opt" in done.stdout:
        pytest.skip(f"this machine has {done.stdout.strip()}, which set-up rightly finds")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "3.11.2: it is older than 3.12" in done.stderr
    assert "install one" in done.stderr


def test_uv_brings_one_where_none_is_found(tmp_path: Path) -> None:
    tools = tools_only(tmp_path)
    program(tools / "uv", '[ "$2" = install ] && exit 0; echo /brought/by/uv')
    done = run("python", PATH=str(tools), HOME="")
    if not done.stdout.startswith("/brought"):
        pytest.skip(f"this machine has {done.stdout.strip()}, which set-up rightly prefers")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("system", "machine", "says"),
    [
        ("Darwin", "arm64", "macOS is not tested yet"),
        ("FreeBSD", "amd64", "FreeBSD is not supported: use Linux"),
        ("Linux", "riscv64", "the processor riscv64 is not supported"),
        ("Linux", "aarch64", "ACTORBUS_AERON_LIB="),
    ],
)
def test_a_platform_that_cannot_work_is_refused(tmp_path: Path, system: str, machine: str, says: str) -> None:
    tools = tools_only(tmp_path)
    (tools / "uname").unlink()
    program(tools / "uname", f'[ "$1" = -s ] && echo {system} || echo {machine}')
    program(tools / "ldconfig", "exit 0")
    done = run("run", PATH=str(tools), HOME="")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_machine_without_a_compiler_is_refused(tmp_path: Path) -> None:
    done = run("run", PATH=str(tools_only(tmp_path)), HOME="")
    assert done.returncode == 3
    assert "no C compiler found (CC, cc, gcc, clang): install one" in done.stderr


@pytest.mark.parametrize("libc", ["glibc 2.17", "none"])
def test_a_c_library_that_aeron_does_not_run_on_is_refused(tmp_path: Path, libc: str) -> None:
    tools = tools_only(tmp_path)
    for name in ("uname", "getconf"):
        (tools / name).unlink()
    program(tools / "uname", '[ "$1" = -s ] && echo Linux || echo x86_64')
    program(tools / "getconf", f"echo {libc}")
    done = run("run", PATH=str(tools), HOME="")
    assert done.returncode == 3
    assert "older than the 2.28" in done.stderr or "no glibc here" in done.stderr


def test_a_wrong_word_is_refused() -> None:
    done = run("demo", PATH="/usr/bin:/bin")
    assert done.returncode == 3
    assert "'demo' is not one of run, dev, python" in done.stderr
