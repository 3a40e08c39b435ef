"""The JSON schema of topology files, generated from the Structs of `model.py` and the channel package's table.

`config/topology.schema.json` is the shipped copy; a test holds that it is fresh. To write it anew:

    python -m actorbus schema > config/topology.schema.json

The schema is for editors; `check` knows more (references, classes, options, this machine).
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from actorbus.channel import Kind, Parameter, channel_parameters
from actorbus.channel.parameters import ALIASES
from actorbus.topology.model import DURATION_PATTERN, SIZE_PATTERN, Topology

__all__ = ["schema_text", "topology_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """Return the schema as it is shipped: indented, one trailing newline."""
    return json.dumps(topology_schema(), indent=2, ensure_ascii=False) + "\n"


def topology_schema() -> dict[str, Any]:
    """Return the schema as a mapping."""
    schema = msgspec.json.schema(Topology)
    root = schema["$defs"]["Topology"]
    root["required"] = ["version", *root.get("required", [])]
    channel = schema["$defs"]["StreamSpec"]["properties"]["channel"]
    channel["anyOf"] = [{"type": "string", "pattern": "^aeron(-spy)?:"}, _channel_mapping()]
    for definition in schema["$defs"].values():
        definition["title"] = definition["title"].removesuffix("Spec")
    return {"$schema": DIALECT, "title": "actorbus topology", **schema}


def _channel_mapping() -> dict[str, Any]:
    friendly = {aeron: alias for alias, aeron in ALIASES.items()}
    properties: dict[str, Any] = {"media": {"enum": ["ipc", "udp"], "description": "Shared memory, or the network."}}
    for name, parameter in channel_parameters().items():
        described = _parameter(name, parameter)
        properties[name.replace("-", "_")] = described
        if name in friendly:
            properties[friendly[name]] = described
    return {
        "type": "object",
        "properties": properties,
        "required": ["media"],
        "additionalProperties": False,
    }


def _parameter(name: str, parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"description": f"Aeron's {name}."}
    match parameter.kind:
        case Kind.SIZE:
            described["anyOf"] = [{"type": "string", "pattern": SIZE_PATTERN}, {"type": "integer", "minimum": 0}]
        case Kind.DURATION:
            described |= {"type": "string", "pattern": DURATION_PATTERN}
        case Kind.BOOLEAN:
            described["type"] = "boolean"
        case Kind.INT32:
            described["type"] = ["integer", "string"] if parameter.words else "integer"
        case Kind.CHOICE:
            described["enum"] = [*parameter.choices]
            if "true" in parameter.choices:
                described["enum"] += [True, False]
        case Kind.TEXT | Kind.ADDRESS:
            described["type"] = "string"
    return described
