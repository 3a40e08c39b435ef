"""What every test gets: tools located or the reason of a skip, hypothesis profiles, the real data folder.

* A test marked `java`, `chromium`, `prometheus`, `valgrind`, `node` or `tmux` is skipped, and says so, without it.
  With ACTORBUS_SYSTEM=1 (`make test-system`) a missing tool is a failure, and so is every other skip but those for
  the developers' data folder, which a user's machine does not have.
* HYPOTHESIS_PROFILE: `ci` (default; same cases every time), `dev` (few, random), `thorough` (10,000).
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it runs in the background with SIGINT ignored, and the tests' programs would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
SYSTEM = os.environ.get("ACTORBUS_SYSTEM") == "1"
NO_DATA = "data: "

TOOLS: dict[str, tuple[str, ...]] = {
    "java": ("java",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "prometheus": ("prometheus",),
    "valgrind": ("valgrind",),
    "node": ("npm",),
    "tmux": ("tmux",),
}

_slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("ci", max_examples=500, deadline=None, derandomize=True, suppress_health_check=_slow)
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("thorough", max_examples=10_000, deadline=None, suppress_health_check=_slow)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def locate(tool: str) -> str | None:
    """Return the path of a tool of TOOLS, or None."""
    return next((found for name in TOOLS[tool] if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {tool for tool in TOOLS if locate(tool) is None}
    for item in items:
        for tool in TOOLS:
            if tool in missing and item.get_closest_marker(tool) and not SYSTEM:
                item.add_marker(pytest.mark.skip(reason=f"needs {tool}, which is not installed (make test-system)"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if SYSTEM and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NO_DATA not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: `make test-system` skips nothing, but this said: {reason}"
    return report


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return a function from a file's name to its path in the developers' data folder; skips where it is missing."""

    def path_of(name: str) -> Path:
        path = SHARED_DATA / name
        if not path.is_file():
            pytest.skip(f"{NO_DATA}{name} is not there: ../shared/data is the developers' and no part of the project")
        return path

    return path_of
