"""The page of topology files, from the Structs of the topology: every key, and which are not built yet."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reference_text import table

TOPOLOGY_TEXT = """\
Every key, its type and its default. Files are YAML 1.2: `9:30`, `NO` and `ON` stay text. Unknown keys, duplicate keys
and values out of range are errors, all told at once with their place. `${NAME}` and `${NAME:-default}` are replaced
from the environment. What is marked *(not yet)* is planned: it is refused by name ([AB1501](../errors/AB1501.md)).

An editor completes and checks a file that begins with the line `actorbus schema --header` prints."""
NOT_YET = "*(not yet)*"


def topology() -> str:
    """The keys of a topology file, one table for each mapping."""
    from actorbus.topology.schema import topology_schema

    definitions: dict[str, Any] = topology_schema()["$defs"]
    later = _later(definitions)
    order = ["Topology", *(name for name in definitions if name != "Topology")]
    parts = [
        "# Topology files",
        TOPOLOGY_TEXT,
    ]
    for name in order:
        found = definitions[name]
        if "properties" not in found:
            continue
        title = "The top level" if name == "Topology" else found["title"]
        parts.append(f"## {title}\n\n{found.get('description', '').strip()}")
        required = set(found.get("required", ()))
        rows = (
            (
                f"`{key}`",
                _type(value, definitions, later.get((name, key), ())),
                _default(value, required=key in required),
                f"{_described(value, key)} {_mark(value, later.get((name, key)))}",
            )
            for key, value in found["properties"].items()
        )
        parts.append(table(("key", "takes", "default", "means"), rows))
    return "\n\n".join(parts)


def _later(definitions: Mapping[str, Any]) -> dict[tuple[str, str], tuple[object, ...]]:
    """Return what works of each key that `check` refuses values of, by definition and key."""
    from actorbus.topology.later import LATER

    found: dict[tuple[str, str], tuple[object, ...]] = {}
    for row in LATER:
        place, inside = ("", ""), "Topology"
        for step in row.where.split("."):
            if step != "*":
                place = (inside, step)
                refers = re.search(r"#/\$defs/(\w+)", json.dumps(definitions[inside]["properties"][step]))
                inside = refers[1] if refers is not None else inside
        found[place] = row.unless
    return found


def _mark(value: Mapping[str, Any], works: tuple[object, ...] | None) -> str:
    """Return the mark of a key that is no enumeration: those have a mark at each value."""
    if works is None or "enum" in value:
        return ""
    return f"Others: {NOT_YET}." if any(works) else NOT_YET


def _described(value: Mapping[str, Any], key: str) -> str:
    return str(value.get("description", {"class": "A name of the shelf, or module:Class."}.get(key, "")))


def _type(value: Mapping[str, Any], definitions: Mapping[str, Any], works: tuple[object, ...] = ()) -> str:
    if "enum" in value:
        shown = [(one, "null" if one is None else one) for one in value["enum"]]
        return " · ".join(f"`{text}`" + ("" if not works or one in works else f" {NOT_YET}") for one, text in shown)
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        title = definitions[name].get("title", name)
        if "properties" in definitions[name]:
            return f"[{title}](#{title.lower()})"
        return _type(definitions[name], definitions)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in value:
            return " or ".join(dict.fromkeys(_type(one, definitions) for one in value[key]))
    return _plain_type(value, definitions)


def _plain_type(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    match value.get("type"):
        case "array":
            return f"list of {_type(value.get('items', {}), definitions)}"
        case "object" if isinstance(value.get("additionalProperties"), dict) and value["additionalProperties"]:
            return f"name: {_type(value['additionalProperties'], definitions)}"
        case "object":
            return "mapping"
        case "integer":
            low, high = value.get("minimum"), value.get("maximum")
            return "integer" + (f" {low} to {high}" if low is not None and high is not None else "")
        case "string":
            return {"duration": "duration", "size": "size"}.get(_kind(value), "text")
        case None:
            return "any"
        case other:
            return "no value" if other == "null" else str(other)


def _kind(value: Mapping[str, Any]) -> str:
    if "ms" in str(value.get("pattern", "")):
        return "duration"
    return "size" if "kKmMgG" in str(value.get("pattern", "")) else ""


def _default(value: Mapping[str, Any], *, required: bool) -> str:
    if required:
        return "**required**"
    found = value.get("default")
    if isinstance(found, dict) or found == []:
        return ""
    return f"`{json.dumps(found)}`" if not isinstance(found, str) else f"`{found}`"
