"""Python as it is without some packages: neither their modules nor their metadata are found in a child process.

subprocess.run(..., env={**os.environ, **without(packages, folder)})
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMON = ("numpy", "pandas", "polars", "pyarrow", "rich", "textual")
"""What a user may or may not have, and no verb may need unasked."""

SITE = """\
import importlib.metadata
import os
import sys

MODULES = frozenset(os.environ["ACTORBUS_TEST_WITHOUT_MODULES"].split(","))
PACKAGES = frozenset(os.environ["ACTORBUS_TEST_WITHOUT_PACKAGES"].split(","))


class Missing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def from_name(name, found=importlib.metadata.Distribution.from_name):
    if name.lower().replace("_", "-") in PACKAGES:
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)


sys.meta_path.insert(0, Missing)
importlib.metadata.Distribution.from_name = from_name
"""


def extra_packages() -> set[str]:
    """Return the packages of all extras but those that every installation has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {_name(text) for texts in project["optional-dependencies"].values() for text in texts}
    return (extras | set(COMMON)) - {_name(text) for text in project["dependencies"]}


def without(packages: Iterable[str], folder: Path) -> dict[str, str]:
    """Return environment variables that hide packages from a child; `folder` gets a `sitecustomize.py`."""
    hidden = {_plain(package) for package in packages}
    modules = {name.replace("-", "_") for name in hidden}
    for module, owners in metadata.packages_distributions().items():
        if {_plain(owner) for owner in owners} <= hidden:
            modules.add(module)
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    paths = (str(folder), *filter(None, [os.environ.get("PYTHONPATH")]))
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "ACTORBUS_TEST_WITHOUT_MODULES": ",".join(sorted(modules)),
        "ACTORBUS_TEST_WITHOUT_PACKAGES": ",".join(sorted(hidden)),
    }


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None, requirement
    return _plain(found[0])


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
