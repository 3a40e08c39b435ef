"""Profiles: the defaults of a kind of machine, as data in `config/profiles/*.yaml`. A topology's own keys win.

A profile is a name of ours or the path of a file (relative to the topology's folder). It is read like a topology:
unknown keys, wrong types and units are problems with file, line and column.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from actorbus.errors import InternalError
from actorbus.topology.model import Duration, Size, Spec
from actorbus.topology.report import Report, TooManyProblems, one_of
from actorbus.topology.shape import MISSING, decode
from actorbus.topology.yaml_reader import read_file
from actorbus.units import duration_ns

__all__ = ["DriverProfile", "PollerProfile", "Profile", "config_directory", "load_profile", "profile_names"]

LIVENESS_LEAST_NS = 1_500_000_000
"""Aeron's clients beat every 500 ms: three of them."""


class PollerProfile(Spec, frozen=True, kw_only=True):
    """How a poller waits."""

    idle: Literal["busy_spin", "yield", "backoff", "sleep"]
    max_spins: Annotated[int, Meta(ge=0, le=1_000_000)] = 10
    max_yields: Annotated[int, Meta(ge=0, le=1_000_000)] = 20
    min_park: Duration = "1us"
    max_park: Duration = "1ms"
    rest_park: Duration | None = None
    """A park once nothing came for 200 ms, at least max_park; null: max_park."""


class DriverProfile(Spec, frozen=True, kw_only=True):
    """Settings of a driver that we start ourselves; where a field is null, Aeron's own default holds."""

    threading: Literal["shared", "shared_network", "dedicated"]
    idle: Literal["busy_spin", "yield", "backoff", "sleep"]
    max_spins: Annotated[int, Meta(ge=0, le=1_000_000)] = 10
    max_yields: Annotated[int, Meta(ge=0, le=1_000_000)] = 20
    min_park: Duration = "1us"
    max_park: Duration = "10ms"
    counters_length: Size = "1m"
    receive_buffer: Size | None = None
    send_buffer: Size | None = None
    receive_window: Size | None = None
    client_liveness: Duration = "10s"
    """A client without a sign for so long is dead: what it held stalls publishers until then."""
    timer_interval: Duration | None = None
    """How often the driver looks, at most half of client_liveness; null: a tenth of it, 1 s at most."""
    unblock: Duration | None = None
    """A message left half written is stepped over after this; more than client_liveness; null: 1.5 times it."""
    linger: Duration | None = None
    """How long a closed publication stays for those who still read."""

    @property
    def client_liveness_ns(self) -> int:
        """The liveness, in nanoseconds."""
        return duration_ns(self.client_liveness)

    @property
    def timer_interval_ns(self) -> int:
        """The interval, in nanoseconds, derived when it is not given."""
        if self.timer_interval is not None:
            return duration_ns(self.timer_interval)
        return min(1_000_000_000, self.client_liveness_ns // 10)

    @property
    def unblock_ns(self) -> int:
        """The timeout, in nanoseconds, derived when it is not given."""
        return duration_ns(self.unblock) if self.unblock is not None else self.client_liveness_ns * 3 // 2


class Profile(Spec, frozen=True, kw_only=True):
    """Defaults for a kind of machine."""

    description: str = ""
    ipc_term_length: Size
    udp_term_length: Size
    poller: PollerProfile
    driver: DriverProfile
    switch_interval: Duration = "5ms"
    """For `sys.setswitchinterval`; set by `actorbus run` only."""


def _check_rest(poller: PollerProfile, report: Report) -> None:
    """Report a rest that is shorter than the parks before it."""
    if poller.rest_park is not None and duration_ns(poller.rest_park) < duration_ns(poller.max_park):
        report.add(
            "AB1110",
            f"rest_park {poller.rest_park} is less than max_park {poller.max_park}",
            path=("poller", "rest_park"),
            hint="leave it out: parks are then max_park at most",
        )


def _check_liveness(driver: DriverProfile, report: Report) -> None:
    """Report what the media driver would refuse, or what would take living clients for dead."""
    liveness, timer, unblock = driver.client_liveness_ns, driver.timer_interval_ns, driver.unblock_ns
    if liveness < LIVENESS_LEAST_NS:
        report.add(
            "AB1110",
            f"client_liveness {driver.client_liveness} is less than 1.5s",
            path=("driver", "client_liveness"),
            hint="clients give a sign every 500 ms: with less, a busy machine loses living ones",
        )
    if not 0 < timer <= liveness // 2:
        report.add(
            "AB1110",
            f"timer_interval {driver.timer_interval} is more than half of client_liveness {driver.client_liveness}",
            path=("driver", "timer_interval"),
            hint="leave it out: it is then a tenth of client_liveness",
        )
    if unblock <= liveness:
        report.add(
            "AB1110",
            f"unblock {driver.unblock} is not more than client_liveness {driver.client_liveness}",
            path=("driver", "unblock"),
            hint="leave it out: it is then 1.5 times client_liveness",
        )


def config_directory() -> Path:
    """Return the folder of the shipped data: `actorbus/_config` in a wheel, `config/` in a source tree.

    Raises:
        InternalError: neither is there; the installation is broken.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_config", package.parent / "config"):
        if (folder / "profiles").is_dir():
            return folder
    raise InternalError(f"no configuration data beside {str(package)!r}", hint="install actorbus again")


def profile_names() -> list[str]:
    """Return the names of the shipped profiles."""
    return sorted(file.stem for file in (config_directory() / "profiles").glob("*.yaml"))


def load_profile(name: str, folder: Path, report: Report, env: Mapping[str, str]) -> Profile | None:
    """Return a profile by name or path; None when the report got a problem (at the key `profile`)."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        file = config_directory() / "profiles" / f"{name}.yaml"
        known = profile_names()
        if name not in known:
            hint = one_of(name, known, more="or give the path of a profile file")
            report.add("AB1110", f"there is no profile {name!r}", path=("profile",), hint=hint)
            return None
    else:
        file = folder / name
    own = Report(str(file))
    profile = MISSING
    with contextlib.suppress(TooManyProblems):
        tree = read_file(file, own, env)
        if tree is not None:
            own.root = tree
            profile = decode(tree, Profile, own)
            if isinstance(profile, Profile) and not own.has_errors:
                _check_liveness(profile.driver, own)
                _check_rest(profile.poller, own)
    if own.has_errors or not isinstance(profile, Profile):
        for problem in own.problems():
            report.add(
                "AB1110",
                f"profile {name!r}: {problem.format_text()}",
                path=("profile",),
                hint="correct the profile file",
            )
        return None
    return profile
