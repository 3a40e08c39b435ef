"""Build the source package, the wheel from it in a clean environment, and check both: `make build`.

    python tools/build_wheel.py [FOLDER]      (default: dist)

What is checked, and by what (reasons in docs/dependencies.md):
* `auditwheel` says which C library the wheel needs; the wheel is renamed to that tag (manylinux_2_34_x86_64, say). It
  carries no library of others, so a new tag is all that `auditwheel repair` would do.
* `abi3audit` says that the module calls nothing outside CPython's stable interface: one wheel for 3.12 and later.
* `twine check --strict` says that the metadata is whole and the README renders.

A wheel built here needs a C library as new as this machine's symbols: build on the oldest system you want to serve.
Ends with 1 and the checker's words when something does not hold.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 600


def tool(*arguments: str) -> str:
    """Run a tool that is a module of this environment; return what it printed.

    Raises:
        SystemExit: it ended with anything but 0.
    """
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        sys.exit(f"build: {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def only(folder: Path, pattern: str) -> Path:
    """Return the one file of a folder that fits."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        sys.exit(f"build: expected one {pattern}, got {[path.name for path in found]}")
    return found[0]


def policy(wheel: Path) -> str:
    """Return the platform tag that auditwheel finds the wheel fit for."""
    shown = json.loads(tool("auditwheel", "show", "--json", str(wheel)))
    tag = str(shown["overall_tag"])
    if not tag.startswith("manylinux"):
        sys.exit(f"build: {wheel.name} fits no manylinux policy, only {tag}: {json.dumps(shown)}")
    return tag


def build(target: Path) -> tuple[Path, Path]:
    """Build, rename and check; return the wheel and the source package in `target`, which may hold older ones."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="actorbus-build-") as work:
        folder = Path(work)
        tool("build", "--outdir", work)
        source, plain = only(folder, "*.tar.gz"), only(folder, "*.whl")
        tag = policy(plain)
        tool("wheel", "tags", "--remove", "--platform-tag", tag, str(plain))
        wheel = only(folder, "*.whl")
        tool("abi3audit", "--strict", "--assume-minimum-abi3", "3.12", str(wheel))
        tool("twine", "check", "--strict", str(wheel), str(source))
        return Path(shutil.copy2(wheel, target)), Path(shutil.copy2(source, target))


if __name__ == "__main__":
    for path in build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist")):
        print(f"made {path} ({path.stat().st_size:,} bytes)")
