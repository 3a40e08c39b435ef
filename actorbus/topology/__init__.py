"""Topologies: the YAML, its check, the plan, and the node that runs it."""

from __future__ import annotations
