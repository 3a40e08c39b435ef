"""`actorbus driver`: the C media driver as a process of its own, in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

import click
import msgspec

from actorbus.cli.completion import folders
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.options import DURATION
from actorbus.cli.signals import StopSignals
from actorbus.errors import EXIT_DONE, ConfigError, DriverLost
from actorbus.topology.plan import driver_settings
from actorbus.topology.profiles import LIVENESS_LEAST_NS, Profile, load_profile, profile_names
from actorbus.topology.report import Report
from actorbus.topology.rules_machine import aeron_default_directory
from actorbus.transport import EmbeddedDriver
from actorbus.units import Duration

__all__ = ["command"]

LOOK_S = 0.5


def _profiles(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in profile_names() if name.startswith(incomplete)]


@click.command("driver")
@click.option(
    "--directory",
    metavar="D",
    shell_complete=folders,
    help="Where clients find it. Default: Aeron's own default directory.",
)
@click.option(
    "--threading", type=click.Choice(["shared", "shared_network", "dedicated"]), help="Default: the profile's."
)
@click.option(
    "--profile",
    default="laptop",
    shell_complete=_profiles,
    show_default=True,
    help="laptop, low-latency, ci, or the path of a file.",
)
@click.option(
    "--client-liveness",
    "liveness_ns",
    type=DURATION,
    help="A process without a sign of life for so long is dead. Default: the profile's, 10s.",
)
def command(directory: str | None, threading: str | None, profile: str, liveness_ns: int | None) -> int:
    """Run the media driver until SIGTERM or Ctrl-C. Topologies use it with `driver: {mode: external}`.

    A subscriber that is killed holds its publishers until the driver takes it for dead: --client-liveness 2s makes that
    shorter, and a process that is only stopped for so long (a debugger, a suspended machine) is then lost too.
    """
    report = Report()
    found = load_profile(profile, Path.cwd(), report, os.environ)
    if found is None:
        raise ConfigError(report.problems())
    settings = driver_settings(_with_liveness(found, liveness_ns), threading or found.driver.threading)
    where = Path(directory).absolute() if directory is not None else aeron_default_directory()
    with StopSignals() as stop, _made_folders_removed(where), EmbeddedDriver(where, settings) as driver:
        print(
            f"media driver is ready in {driver.directory} (threading {settings.threading}, process {os.getpid()})",
            flush=True,
        )
        while not stop.event.wait(LOOK_S):
            if not driver.is_alive:
                raise DriverLost(f"the media driver in {driver.directory} stopped", hint="look at its error log")
    return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE


def _with_liveness(profile: Profile, liveness_ns: int | None) -> Profile:
    """Return the profile with another liveness, and what is derived from it derived anew."""
    if liveness_ns is None:
        return profile
    if liveness_ns < LIVENESS_LEAST_NS:
        least = Duration(LIVENESS_LEAST_NS)
        raise click.BadParameter(
            f"give {least} or more: clients give a sign every 500 ms", param_hint="--client-liveness"
        )
    own = msgspec.structs.replace(
        profile.driver, client_liveness=str(Duration(liveness_ns)), timer_interval=None, unblock=None
    )
    return msgspec.structs.replace(profile, driver=own)


@contextlib.contextmanager
def _made_folders_removed(where: Path) -> Generator[None]:
    """Remove the folders around the driver's that were made for it, once it is gone and as far as they are empty."""
    made = [folder for folder in where.parents if not folder.exists()]
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # not empty: somebody else's is in it
            for folder in made:
                folder.rmdir()
