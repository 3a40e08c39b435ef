"""Aeron channels: URIs and mappings parsed, checked and written."""

from __future__ import annotations

from actorbus.channel.parameters import Kind, Media, Parameter, channel_parameters
from actorbus.channel.uri import Channel, parse_channel

__all__ = ["Channel", "Kind", "Media", "Parameter", "channel_parameters", "parse_channel"]
