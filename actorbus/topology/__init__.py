"""Topologies: what a file may say, its check, the plan, and the node that runs it.

This face has the declarations alone, so that importing it stays light. Beside it:

    check.check_file      every problem of a file          plan.load    a file as a plan
    node.Node             a running topology               quick.quick  a node without a file
"""

from __future__ import annotations

from actorbus.topology.model import (
    BackoffSpec,
    BackPressureSpec,
    BatchSpec,
    CodecSpec,
    DriverSpec,
    HandlerSpec,
    LogSpec,
    MailboxSpec,
    NotConnectedSpec,
    ObservabilitySpec,
    PollerSpec,
    RecorderSpec,
    SourceSpec,
    StreamSpec,
    SupervisionSpec,
    Topology,
)

__all__ = [
    "BackPressureSpec",
    "BackoffSpec",
    "BatchSpec",
    "CodecSpec",
    "DriverSpec",
    "HandlerSpec",
    "LogSpec",
    "MailboxSpec",
    "NotConnectedSpec",
    "ObservabilitySpec",
    "PollerSpec",
    "RecorderSpec",
    "SourceSpec",
    "StreamSpec",
    "SupervisionSpec",
    "Topology",
]
