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

__all__ = ["DriverProfile", "PollerProfile", "Profile", "config_directory", "load_profile", "profile_names"]


class PollerProfile(Spec, frozen=True, kw_only=True):
    """How a poller waits."""

    idle: Literal["busy_spin", "yield", "backoff", "sleep"]
    max_spins: Annotated[int, Meta(ge=0, le=1_000_000)] = 10
    max_yields: Annotated[int, Meta(ge=0, le=1_000_000)] = 20
    min_park: Duration = "1us"
    max_park: Duration = "1ms"


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


class Profile(Spec, frozen=True, kw_only=True):
    """Defaults for a kind of machine."""

    description: str = ""
    ipc_term_length: Size
    udp_term_length: Size
    poller: PollerProfile
    driver: DriverProfile
    switch_interval: Duration = "5ms"
    """For `sys.setswitchinterval`; set by `actorbus run` only."""


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
        if not file.is_file():
            hint = one_of(name, profile_names(), more="or give the path of a profile file")
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
