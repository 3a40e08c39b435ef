"""The wheel as `make build` makes it, and a bare environment to use it in: neither source, compiler nor our tools.

* The wheel is built once for each state of its inputs, into `.cache/wheel/CHECKSUM`; a fresh clone builds it anew.
* A bare environment is a PATH of a few programs (PROGRAMS) and one Python, an empty HOME, CC=/bin/false, and nothing of
  this process's environment but what pip needs to reach its registry. pip's cache is shared below `.cache`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["BARE_S", "Bare", "bare", "built", "interpreters"]

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (
    "actorbus",
    "handlers",
    "config",
    "native",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
)
MADE = {".so", ".o", ".pyc"}
PROGRAMS = ("bash", "cat", "sed", "uname")
"""What the README's commands and the activation of a virtual environment use beside Python."""
COMPILERS = ("cc", "gcc", "g++", "c++", "clang", "tcc", "cl", "ld", "make")
KEPT = (
    "LANG",
    "LC_ALL",
    "SSL_CERT_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
BUILD_S = 300
BARE_S = 180


class Built(NamedTuple):
    """What `make build` made."""

    wheel: Path
    source: Path


def _inputs() -> Iterable[Path]:
    for name in INPUTS:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix not in MADE and "build" not in path.relative_to(ROOT).parts:
                yield path


def _checksum() -> str:
    digest = hashlib.sha256((ROOT / "tools" / "build_wheel.py").read_bytes())
    for path in _inputs():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def built() -> Built:
    """Return the wheel and the source package of this tree; builds them when its inputs changed.

    Raises:
        AssertionError: the build, or a check of it, failed; says what was printed.
    """
    place = ROOT / ".cache" / "wheel" / _checksum()
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            work = place.with_name(f"{place.name}.new")
            shutil.rmtree(work, ignore_errors=True)
            done = subprocess.run(
                [sys.executable, "tools/build_wheel.py", str(work)],
                cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_S, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{done.stdout}{done.stderr}"
            for older in place.parent.glob("*/"):
                if older != work:
                    shutil.rmtree(older)
            work.rename(place)
    (wheel,), (source,) = place.glob("*.whl"), place.glob("*.tar.gz")
    return Built(wheel, source)


def interpreters() -> dict[str, Path]:
    """Return the CPythons from 3.12 on that are here, by minor version: on PATH, beside this one, or in pyenv."""
    this = Path(getattr(sys, "_base_executable", sys.executable))
    found = {f"3.{sys.version_info.minor}": this}
    for minor in ("3.12", "3.13"):
        versions = [*this.resolve().parents[2].glob(f"{minor}.*/bin/python3")]
        on_path = [Path(path)] if (path := shutil.which(f"python{minor}")) else []
        for candidate in [*versions, *on_path]:
            asked = subprocess.run(
                [str(candidate), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
            if asked.returncode == 0 and asked.stdout.strip() == minor:
                found.setdefault(minor, candidate)
    return found


class Bare(NamedTuple):
    """A bare environment: an empty folder, and the variables of every process in it."""

    folder: Path
    variables: dict[str, str]

    def run(self, script: str) -> str:
        """Run a script of bash in the folder; return all it printed, however it ended; kill what it left."""
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=self.folder, env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            return process.communicate(timeout=BARE_S)[0]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def bare(place: Path, python: Path) -> Bare:
    """Make a bare environment below `place` whose `python3` is the given interpreter."""
    programs, home, folder = place / "bin", place / "home", place / "work"
    for path in (programs, home, folder):
        path.mkdir()
    for name in PROGRAMS:
        located = shutil.which(name)
        assert located is not None, f"{name} is not on PATH"
        (programs / name).symlink_to(located)
    (programs / "python3").symlink_to(python)
    assert [name for name in COMPILERS if shutil.which(name, path=str(programs))] == []
    kept = {
        name: value for name, value in os.environ.items() if {name, name.lower()} & {*KEPT} or name.startswith("PIP_")
    }
    cache = ROOT / ".cache" / "pip"
    cache.mkdir(parents=True, exist_ok=True)
    variables = {
        **kept,
        "PATH": str(programs),
        "HOME": str(home),
        "CC": "/bin/false",
        "CXX": "/bin/false",
        "PIP_CACHE_DIR": str(cache),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Bare(folder, variables)
