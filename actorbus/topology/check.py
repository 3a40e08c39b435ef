"""Checks a topology: reads, decodes and runs every rule, so that all problems come at once, each with its place.

    yaml_reader / from_python -> overrides -> shape (keys, types, ranges) -> secrets, later, streams, channels, machine,
    classes, warnings (rules of what belongs together) -> facts for the plan

Checking imports the classes a topology names, opens no driver and starts no thread. The caller's thread.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from actorbus.errors import Problem
from actorbus.topology.classes import first_on_path
from actorbus.topology.facts import Facts
from actorbus.topology.later import refuse_later
from actorbus.topology.model import Topology
from actorbus.topology.profiles import load_profile
from actorbus.topology.report import Report, TooManyProblems
from actorbus.topology.rules_channels import check_channels
from actorbus.topology.rules_classes import check_classes
from actorbus.topology.rules_handlers import check_handlers
from actorbus.topology.rules_machine import check_machine
from actorbus.topology.rules_recorders import check_recorders
from actorbus.topology.rules_replays import check_replays
from actorbus.topology.rules_streams import check_streams
from actorbus.topology.rules_warnings import check_warnings
from actorbus.topology.secrets import refuse_secrets
from actorbus.topology.shape import decode
from actorbus.topology.tree import Tree, from_python
from actorbus.topology.yaml_reader import read_file

__all__ = ["Checked", "check_file", "check_python"]


class Checked(NamedTuple):
    """What a check found: facts (None when the topology could not be read at all) and problems."""

    facts: Facts | None
    problems: tuple[Problem, ...]

    @property
    def has_errors(self) -> bool:
        """Whether something stops a start."""
        return any(problem.is_error for problem in self.problems)


def check_file(
    path: str | Path,
    *,
    env: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    app_dir: str | Path | None = None,
) -> Checked:
    """Check a file. Never raises for what the file says.

    Args:
        path: the topology. Relative paths in it are relative to its folder.
        env: what `${NAME}` reads; the process environment when None.
        overrides: values by dotted path that replace those of the file.
        app_dir: put first on `sys.path` instead of the topology's folder.
    """
    file = Path(path)
    report = Report(str(path))
    given = os.environ if env is None else env
    facts = None
    with contextlib.suppress(TooManyProblems):
        root = read_file(file, report, given)
        if root is not None:
            facts = _check(root, report, file.resolve().parent, given, overrides, app_dir)
    return Checked(facts, tuple(report.problems()))


def check_python(
    topology: Topology | Mapping[str, object],
    *,
    env: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    app_dir: str | Path | None = None,
    folder: str | Path | None = None,
) -> Checked:
    """Check a topology made in Python; `folder` (default: the working directory) is what its paths are relative to."""
    base = Path.cwd() if folder is None else Path(folder).resolve()
    given = os.environ if env is None else env
    report = Report()
    facts = None
    with contextlib.suppress(TooManyProblems):
        facts = _check(from_python(topology), report, base, given, overrides, app_dir)
    return Checked(facts, tuple(report.problems()))


def _check(
    root: Tree,
    report: Report,
    base: Path,
    env: Mapping[str, str],
    overrides: Mapping[str, object] | None,
    app_dir: str | Path | None,
) -> Facts | None:
    report.root = root
    if root.mapping is None:
        report.add("AB1011", f"a topology is a mapping, this is {root.shown()}", hint="start with `version: 1`")
        return None
    if "version" not in root.mapping:
        report.add("AB1102", "key 'version' is missing", hint="begin with `version: 1`")
    for path, value in (overrides or {}).items():
        override(root, path, value, report)
    topology = decode(root, Topology, report)
    assert isinstance(topology, Topology)
    refuse_secrets(root, report)
    refuse_later(root, report)
    app_folder = Path(app_dir).resolve() if app_dir is not None else base
    profile_name = topology.profile if not report.is_broken("profile") else "laptop"
    profile = load_profile(profile_name, base, report, env) or load_profile("laptop", base, Report(), env)
    assert profile is not None, "the shipped profile is right"
    facts = Facts(topology, root, report, profile, app_folder, base)
    first_on_path(app_folder)
    check_streams(facts)
    check_handlers(facts)
    check_channels(facts)
    check_machine(facts)
    check_recorders(facts)
    check_replays(facts)
    check_classes(facts)
    check_warnings(facts)
    return facts


def override(root: Tree, path: str, value: object, report: Report) -> None:
    """Put a value at a dotted path (`handlers.range.options.limit`), making mappings on the way."""
    node = root
    steps = path.split(".")
    while steps:
        mapping = node.mapping
        if mapping is None and node.value is None:
            node.value = mapping = {}
        if mapping is None:
            report.add(
                "AB1010", f"override {path!r}: {node.shown()} is no mapping", value=path, hint="correct the path"
            )
            return
        # A name may hold dots itself: the longest key that is there wins.
        taken = next((count for count in range(len(steps), 1, -1) if ".".join(steps[:count]) in mapping), 1)
        key, steps = ".".join(steps[:taken]), steps[taken:]
        if not steps:
            mapping[key] = from_python(value)
            return
        node = mapping.setdefault(key, Tree({}))
