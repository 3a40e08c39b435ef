"""Build the documentation site as `make docs` does, in a network namespace where no other host can be reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.links import Found, check_site
from tests.docs.shell import ROOT

__all__ = ["build", "figure", "without_network"]

TIMEOUT_S = 100
NOWHERE = "http://127.0.0.1:9"
"""Port 9 (discard): whoever asks a proxy there is refused."""


def without_network() -> list[str]:
    """Return what to put before a command so that it has no network at all; nothing where the machine cannot do it."""
    for words in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        try:
            done = subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False)
        except OSError:
            return []
        if done.returncode == 0:
            return words
    return []


def build(folder: Path) -> bool:
    """Build into a folder, or raise AssertionError with what was said; returns whether the network was really away.

    Where it could not be taken away, every proxy leads nowhere.
    """
    isolated = without_network()
    done = subprocess.run(
        [*isolated, sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "http_proxy": NOWHERE, "https_proxy": NOWHERE},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stdout + done.stderr
    return bool(isolated)


def figure(found: Found, *, isolated: bool) -> str:
    """Return one line about a built and checked site."""
    return (
        f"{found.pages} pages built {'without a network' if isolated else 'with dead proxies'}, no warning; "
        f"{found.links} links inside hold, {found.loaded} loads are the site's own, {found.outside} links outside are "
        "addresses"
    )


def built_and_checked(folder: Path) -> tuple[Found, bool]:
    """Build and check; returns what was found and whether the network was really away."""
    isolated = build(folder)
    return check_site(folder), isolated
