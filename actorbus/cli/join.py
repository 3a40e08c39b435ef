"""Joins the streams of a topology from another process: what `pub`, `sub` and `tail` have in common.

    topology file --> its streams alone (no source, handler or recorder) --> the driver it runs on --> a node of ours

The driver is, in this order: `--directory`; that of a live process that runs the topology of this name, told by its
statistics file (an embedded driver serves others too); the topology's `driver.directory`; Aeron's default directory.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from actorbus.cli.completion import folders, topologies
from actorbus.errors import ActorBusError, ConfigError, DriverUnavailable, UsageError
from actorbus.metrics import StatisticsReader, list_statistics
from actorbus.topology.check import check_file
from actorbus.topology.node import Node
from actorbus.topology.plan import Plan, build_plan
from actorbus.topology.report import one_of
from actorbus.topology.rules_machine import aeron_default_directory

__all__ = ["TOPOLOGY_VARIABLE", "beside", "checked_plan", "driver_of", "joined", "need_streams", "topology_options"]

TOPOLOGY_VARIABLE: Final = "ACTORBUS_TOPOLOGY"
DEFAULT_FILE: Final = "topology.yaml"
MEMORY_CODE: Final = "AB1702"
"""We make no log but those we publish to: the memory the whole topology needs is not ours to judge."""

type Command = Callable[..., Any]


def topology_options(command: Command) -> Command:
    """Add the options that say which streams and which driver."""
    decorators = (
        click.option(
            "-t",
            "--topology",
            "file",
            metavar="FILE",
            type=click.Path(),
            shell_complete=topologies,
            envvar=TOPOLOGY_VARIABLE,
            default=DEFAULT_FILE,
            show_default=True,
            help=f"The topology that declares the streams; also {TOPOLOGY_VARIABLE}.",
        ),
        click.option(
            "--directory",
            metavar="D",
            shell_complete=folders,
            help="The driver's directory. Default: that of the running topology.",
        ),
        click.option(
            "--app-dir", metavar="D", shell_complete=folders, help="First on sys.path instead of the topology's folder."
        ),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def joined(file: str, streams: tuple[str, ...], *, directory: str | None, app_dir: str | None) -> Node:
    """Return a node, not opened, that has only these streams (none given: all) and an external driver.

    Raises:
        ConfigError: the topology is wrong. UsageError of click: there is no such stream.
        DriverUnavailable: no driver for it runs.
    """
    logging.getLogger("actorbus").addHandler(logging.NullHandler())  # what ends us is told once, as an error
    plan = checked_plan(file, app_dir)
    need_streams(plan, file, streams)
    chosen = {name: plan.streams[name] for name in streams or plan.streams}
    return Node(beside(plan, driver_of(plan, directory), streams=chosen))


def need_streams(plan: Plan, file: str, names: Iterable[str]) -> None:
    """Raise UsageError of click for a name that is no stream of the topology."""
    for name in names:
        if name not in plan.streams:
            raise click.UsageError(f"there is no stream {name!r} in {file}; {one_of(name, plan.streams)}")


def beside(plan: Plan, driver: Path, **kept: object) -> Plan:
    """Return the plan of a node beside the running topology, on its driver: what runs in it is what is `kept`."""
    runs: dict[str, object] = {"pollers": (), "sources": (), "handlers": (), "recorders": (), **kept}
    return msgspec.structs.replace(
        plan,
        driver=msgspec.structs.replace(plan.driver, mode="external", directory=str(driver)),
        observability=msgspec.structs.replace(plan.observability, statistics=False),
        **runs,
    )


def checked_plan(file: str, app_dir: str | None) -> Plan:
    """Return the plan of a topology that is not to be run as a whole. Raises ConfigError."""
    checked = check_file(file, app_dir=app_dir)
    if any(problem.is_error and problem.code != MEMORY_CODE for problem in checked.problems):
        raise ConfigError(checked.problems)
    kept = tuple(problem for problem in checked.problems if problem.is_error is False)
    return build_plan(checked._replace(problems=kept))


def driver_of(plan: Plan, directory: str | None) -> Path:
    """Return the directory that was named, or that of the driver that serves this topology now.

    Raises:
        DriverUnavailable: none does; says what was looked at.
        UsageError: several processes run a topology of this name, each on a driver of its own; says which.
    """
    if directory is not None:
        return Path(directory).absolute()
    looked = [f"no running process has the topology {plan.name!r}"]
    running = _running(plan.name)
    if len(running) > 1:
        told = ", ".join(f"process {pid} on {driver}" for driver, pid in running.items())
        raise UsageError(
            f"{len(running)} processes run a topology named {plan.name!r}, each on a driver of its own",
            why=told,
            hint="name the driver of one of them: --directory D",
        )
    if running:
        return Path(next(iter(running)))
    for place in (plan.driver.directory, str(aeron_default_directory())):
        if place is not None and (Path(place) / "cnc.dat").is_file():
            return Path(place)
        if place is not None:
            looked.append(f"no driver in {place}")
    raise DriverUnavailable(
        f"no media driver for {plan.name!r}",
        why="; ".join(looked),
        hint=f"start the topology (`actorbus run`), or name its driver with --directory (this is user {os.geteuid()})",
    )


def _running(name: str) -> dict[str, int]:
    """Return the driver directories that live processes run a topology of this name on, each with one process."""
    found: dict[str, int] = {}
    for path in list_statistics():
        with contextlib.suppress(ActorBusError), StatisticsReader.open(path) as reader:
            seen = reader.snapshot()
            if seen.name == name and seen.writer == "alive" and not seen.closed and seen.driver_directory:
                found.setdefault(seen.driver_directory, seen.pid)
    return found
