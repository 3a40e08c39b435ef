"""`actorbus driver`: the C media driver as a process of its own, in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path

import click

from actorbus.cli.completion import folders
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.signals import StopSignals
from actorbus.errors import EXIT_DONE, ConfigError, DriverLost
from actorbus.topology.plan import driver_settings
from actorbus.topology.profiles import load_profile, profile_names
from actorbus.topology.report import Report
from actorbus.topology.rules_machine import aeron_default_directory
from actorbus.transport import EmbeddedDriver

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
def command(directory: str | None, threading: str | None, profile: str) -> int:
    """Run the media driver until SIGTERM or Ctrl-C. Topologies use it with `driver: {mode: external}`."""
    report = Report()
    found = load_profile(profile, Path.cwd(), report, os.environ)
    if found is None:
        raise ConfigError(report.problems())
    settings = driver_settings(found, threading or found.driver.threading)
    where = Path(directory).absolute() if directory is not None else aeron_default_directory()
    with StopSignals() as stop, EmbeddedDriver(where, settings) as driver:
        print(
            f"media driver is ready in {driver.directory} (threading {settings.threading}, process {os.getpid()})",
            flush=True,
        )
        while not stop.event.wait(LOOK_S):
            if not driver.is_alive:
                raise DriverLost(f"the media driver in {driver.directory} stopped", hint="look at its error log")
    return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE
