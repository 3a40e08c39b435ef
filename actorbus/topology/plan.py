"""Makes the plan: a checked topology with every default filled in and every unit turned into a number.

Nothing here is looked up again later: channels are full URIs, classes are classes, options fit them. Plans are made by
`load` (a file), `load_mapping`, `plan_of` (from Python); all raise `ConfigError` with every problem at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from actorbus.channel import Channel
from actorbus.errors import ConfigError, Problem
from actorbus.message import TypeSet, is_message_class
from actorbus.recording import EARLIEST, Retention, parse_start
from actorbus.topology.channels import resolve
from actorbus.topology.check import Checked, check_file, check_python
from actorbus.topology.facts import DEFAULT_POLLER, Facts
from actorbus.topology.model import MailboxSpec, ObservabilitySpec, RecorderSpec, StreamSpec, SupervisionSpec, Topology
from actorbus.topology.planned import (
    DriverPlan,
    HandlerPlan,
    IdlePlan,
    MailboxPlan,
    ObservabilityPlan,
    Plan,
    PollerPlan,
    RecorderPlan,
    Refusal,
    SourcePlan,
    StreamPlan,
    SupervisionPlan,
)
from actorbus.topology.profiles import Profile
from actorbus.topology.rules_machine import aeron_default_directory
from actorbus.topology.rules_replays import reads_recording
from actorbus.transport import DriverSettings
from actorbus.units import duration_ns, size_bytes

__all__ = [
    "DriverPlan",
    "HandlerPlan",
    "IdlePlan",
    "MailboxPlan",
    "ObservabilityPlan",
    "Plan",
    "PollerPlan",
    "RecorderPlan",
    "Refusal",
    "SourcePlan",
    "StreamPlan",
    "SupervisionPlan",
    "build_plan",
    "driver_settings",
    "load",
    "load_mapping",
    "plan_of",
    "plan_stream",
]

SECOND_NS = 1_000_000_000


def load(
    path: str | Path,
    *,
    env: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    app_dir: str | Path | None = None,
) -> Plan:
    """Read, check and plan a topology file.

    Raises:
        ConfigError: with every problem found.
    """
    return build_plan(check_file(path, env=env, overrides=overrides, app_dir=app_dir))


def load_mapping(values: Mapping[str, object], *, env: Mapping[str, str] | None = None) -> Plan:
    """The same from a mapping shaped like the file."""
    return build_plan(check_python(values, env=env))


def plan_of(topology: Topology, *, env: Mapping[str, str] | None = None) -> Plan:
    """The same from Structs."""
    return build_plan(check_python(topology, env=env))


def build_plan(checked: Checked) -> Plan:
    """Turn the facts of a check into a plan.

    Raises:
        ConfigError: the check found an error; warnings stop nothing and are kept in the plan.
    """
    facts = checked.facts
    if checked.has_errors or facts is None:
        raise ConfigError(checked.problems)
    topology, profile = facts.topology, facts.profile
    assert facts.budget is not None
    return Plan(
        name=topology.name,
        profile=profile,
        driver=_driver(topology, profile),
        pollers=_pollers(facts),
        idle=_idle(profile, None),
        streams={name: _stream(facts, name) for name in topology.streams},
        sources=tuple(
            SourcePlan(name, source.stream, facts.source_classes[name], facts.options["sources", name])
            for name, source in topology.sources.items()
        ),
        handlers=tuple(_handler(facts, name, order) for order, name in enumerate(topology.handlers)),
        recorders=tuple(_recorder(facts, name, spec) for name, spec in topology.recorders.items()),
        supervision=_supervision(topology.supervision),
        observability=_observability(topology.observability),
        switch_interval_ns=duration_ns(profile.switch_interval),
        memory=facts.budget,
        warnings=checked.problems,
    )


def plan_stream(name: str, types: tuple[type, ...], channel: str, stream_id: int, plan: Plan) -> StreamPlan:
    """Plan one more stream for a running node, with the node's profile and default policies.

    Raises:
        ConfigError: the channel is wrong. UsageError: types that do not go together.
    """
    raw = types == (bytes,)
    if not raw:
        _ = TypeSet([cls for cls in types if is_message_class(cls)], where=f"stream {name}")
        for cls in types:
            if not is_message_class(cls):
                raise ConfigError(
                    Problem(code="AB1207", message=f"{cls.__qualname__} is not a message class", path=f"streams.{name}")
                )
    resolved = resolve(Channel.parse(channel), plan.profile)
    return StreamPlan(
        name=name,
        channel=str(resolved.channel),
        stream_id=stream_id,
        types=types,
        format="raw" if raw else "msgpack",
        frame=True,
        back_pressure=Refusal("block", SECOND_NS),
        not_connected=Refusal("wait", 5 * SECOND_NS),
        term_length=resolved.term_length,
        mtu=resolved.mtu,
        max_message_length=resolved.max_message_length(framed=True),
    )


def _stream(facts: Facts, name: str) -> StreamPlan:
    spec = facts.topology.streams[name]
    types = facts.carried(name)
    assert types is not None
    framed = spec.frame == "actorbus"
    channel = facts.channels[name]
    return StreamPlan(
        name=name,
        channel=str(channel.channel),
        stream_id=spec.stream_id,
        types=types,
        format=spec.codec.format,
        frame=framed,
        back_pressure=Refusal(spec.back_pressure.policy, duration_ns(spec.back_pressure.timeout)),
        not_connected=Refusal(spec.not_connected.policy, duration_ns(spec.not_connected.timeout)),
        term_length=channel.term_length,
        mtu=channel.mtu,
        max_message_length=channel.max_message_length(framed=framed),
        gather=_gather(spec, channel.max_message_length(framed=False)) if framed else None,
        conflate_key=spec.back_pressure.key,
    )


def _gather(spec: StreamSpec, longest: int) -> tuple[int, int, int] | None:
    """Return most messages, most bytes and linger of batch frames, no longer than the channel carries."""
    batch = spec.batch
    if batch.max_messages == 1:
        return None
    return batch.max_messages, min(size_bytes(batch.max_bytes), longest), duration_ns(batch.linger)


def _driver(topology: Topology, profile: Profile) -> DriverPlan:
    driver, ours = topology.driver, profile.driver
    directory = driver.directory
    if directory is None and driver.mode == "external":
        directory = str(aeron_default_directory())
    threading = driver.threading or ours.threading
    return DriverPlan(driver.mode, directory, threading, driver_settings(profile, threading))


def driver_settings(profile: Profile, threading: str) -> DriverSettings:
    """Return the settings of a driver that we start, by the profile and a way of threading."""
    own = profile.driver

    def optional(size: str | int | None) -> int | None:
        return None if size is None else size_bytes(size)

    return DriverSettings(
        threading=msgspec.convert(threading, Literal["shared", "shared_network", "dedicated"]),
        idle=own.idle,
        idle_spins=own.max_spins,
        idle_yields=own.max_yields,
        idle_park_min_ns=duration_ns(own.min_park),
        idle_park_max_ns=duration_ns(own.max_park),
        ipc_term_length=size_bytes(profile.ipc_term_length),
        term_length=size_bytes(profile.udp_term_length),
        counters_length=size_bytes(own.counters_length),
        receive_buffer=optional(own.receive_buffer),
        send_buffer=optional(own.send_buffer),
        receive_window=optional(own.receive_window),
        client_liveness_ns=own.client_liveness_ns,
        timer_interval_ns=own.timer_interval_ns,
        unblock_ns=own.unblock_ns,
        linger_ns=None if own.linger is None else duration_ns(own.linger),
    )


def _idle(profile: Profile, kind: str | None) -> IdlePlan:
    own = profile.poller
    chosen: Literal["busy_spin", "yield", "backoff", "sleep"] = msgspec.convert(
        kind or own.idle, Literal["busy_spin", "yield", "backoff", "sleep"]
    )
    rest = None if own.rest_park is None else duration_ns(own.rest_park)
    return IdlePlan(chosen, own.max_spins, own.max_yields, duration_ns(own.min_park), duration_ns(own.max_park), rest)


def _pollers(facts: Facts) -> tuple[PollerPlan, ...]:
    """Return the pollers of the file in its order, then the implicit one, when it has streams."""
    topology = facts.topology
    names = list(topology.pollers)
    if DEFAULT_POLLER not in names and DEFAULT_POLLER in facts.poller_of.values():
        names.append(DEFAULT_POLLER)
    found: list[PollerPlan] = []
    for name in names:
        spec = topology.pollers.get(name)
        listed = list(spec.streams) if spec is not None else []
        others = [stream for stream in topology.streams if facts.poller_of[stream] == name and stream not in listed]
        idle = _idle(facts.profile, spec.idle if spec is not None else None)
        found.append(PollerPlan(name, spec.cpu if spec is not None else None, idle, (*listed, *others)))
    return tuple(found)


def _handler(facts: Facts, name: str, order: int) -> HandlerPlan:
    spec = facts.topology.handlers[name]
    return HandlerPlan(
        name=name,
        streams=facts.streams_of[name],
        cls=facts.handler_classes[name],
        options=facts.options["handlers", name],
        priority=spec.priority,
        order=order,
        dispatch=spec.dispatch,
        publishes=dict(spec.publishes),
        on_error=spec.on_error,
        mailbox=_mailbox(spec.mailbox or MailboxSpec()) if spec.dispatch == "mailbox" else None,
        after=tuple(spec.after),
        start=(EARLIEST if spec.start is None else parse_start(spec.start)) if reads_recording(spec) else None,
        resume=spec.resume,
    )


def _recorder(facts: Facts, name: str, spec: RecorderSpec) -> RecorderPlan:
    age, size = spec.retention.age, spec.retention.size
    return RecorderPlan(
        name=name,
        streams=tuple(spec.streams),
        backend=msgspec.convert(spec.backend, Literal["journal", "jsonl"]),
        directory=str(facts.recordings[name]),
        sync=spec.sync,
        interval_ns=duration_ns(spec.interval),
        segment_length=size_bytes(spec.segment),
        shed=spec.on_slow == "shed",
        retention=Retention(
            age_ns=None if age is None else duration_ns(age), size_bytes=None if size is None else size_bytes(size)
        ),
    )


def _mailbox(spec: MailboxSpec) -> MailboxPlan:
    return MailboxPlan(spec.messages, max(1, size_bytes(spec.bytes)), spec.overflow, spec.key)


def _supervision(spec: SupervisionSpec) -> SupervisionPlan:
    return SupervisionPlan(
        strategy=spec.strategy,
        max_restarts=spec.max_restarts,
        within_ns=duration_ns(spec.within),
        backoff_initial_ns=duration_ns(spec.backoff.initial),
        backoff_max_ns=duration_ns(spec.backoff.max),
    )


def _observability(spec: ObservabilitySpec) -> ObservabilityPlan:
    return ObservabilityPlan(
        http=spec.http, log_format=spec.log.format, log_level=spec.log.level, statistics=spec.statistics
    )
