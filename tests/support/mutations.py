"""Breaks a right topology at random and knows where: a mutation says which lines of the file it wrote it touched.

The topology is read into pairs (so that a key can come twice), one place is changed, and the whole is written again
line by line; the writer notes the lines of every entry. What the mutation is about is its *node*: the lines of the
entry that was changed; of its parent where something is no longer there (a removed or renamed key).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import NamedTuple, cast

from actorbus.topology.report import Report
from actorbus.topology.tree import Tree
from actorbus.topology.yaml_reader import read_text

__all__ = ["Mutation", "lines_named", "mutate"]

type Node = list[Entry] | list[Raw] | Raw
"""A mapping, a list of scalars, or a scalar as it is written."""


class Raw(str):
    """A scalar or flow value as it stands in the file."""

    __slots__ = ()


class Entry:
    """A key and what is under it."""

    def __init__(self, key: str, value: Node) -> None:
        self.key = key
        self.value = value
        self.lines = (0, 0)


class Mutation(NamedTuple):
    """A changed file, what was done, the lines that are its node, and whether it is right, wrong or either."""

    text: str
    what: str
    first: int
    last: int
    right: bool | None


class _Place(NamedTuple):
    parent: Entry | None
    siblings: list[Entry]
    entry: Entry
    path: str


def mutate(text: str, seed: int) -> Mutation:
    """Return the topology with one thing changed; the same for the same seed."""
    chance = random.Random(seed)
    tree = read_text(text, Report("valid.yaml"), {})
    assert tree is not None
    root = _entries(tree)
    places = list(_places(root, None, ""))
    while True:
        place = chance.choice(places)
        name, change = chance.choice(CHANGES)
        done = change(place, chance)
        if done is None:
            continue
        node, right = done
        out: list[str] = []
        _write(root, 0, out)
        first, last = (1, len(out)) if node is None else node.lines
        return Mutation("\n".join(out) + "\n", f"seed {seed}: {name} at {place.path}", first, last, right)


def lines_named(text: str) -> set[int]:
    """Return the lines that a message names besides its own place: `(line 7)`."""
    return {int(number) for number in re.findall(r"\bline (\d+)", text)}


def _entries(tree: Tree) -> list[Entry]:
    return [Entry(key, _node(child)) for key, child in (tree.mapping or {}).items()]


def _node(tree: Tree) -> Node:
    if tree.mapping:
        return _entries(tree)
    return Raw(json.dumps(tree.to_python(), ensure_ascii=False))


def _places(entries: list[Entry], parent: Entry | None, path: str) -> list[_Place]:
    found: list[_Place] = []
    for entry in entries:
        inner = f"{path}.{entry.key}" if path else entry.key
        found.append(_Place(parent, entries, entry, inner))
        if not isinstance(entry.value, Raw):
            found += _places(cast("list[Entry]", entry.value), entry, inner)
    return found


def _write(entries: list[Entry], indent: int, out: list[str]) -> None:
    for entry in entries:
        first = len(out) + 1
        key = entry.key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", entry.key) else json.dumps(entry.key)
        if isinstance(entry.value, Raw):
            out += f"{' ' * indent}{key}: {entry.value}".split("\n")
        else:
            out.append(f"{' ' * indent}{key}:")
            _write(cast("list[Entry]", entry.value), indent + 2, out)
        entry.lines = first, len(out)


type Done = tuple[Entry | None, bool | None] | None
"""The entry whose lines are the node (None: the whole file) and whether it is right now; None: does not apply here."""


def _scalar(place: _Place) -> object:
    return json.loads(place.entry.value) if isinstance(place.entry.value, Raw) else None


def _free(place: _Place) -> bool:
    """Whether the place is inside what an application names as it likes: options of any name are its own."""
    return ".options" in place.path or place.path.startswith("security")


def _rename(place: _Place, chance: random.Random) -> Done:
    key = place.entry.key
    at = chance.randrange(len(key))
    place.entry.key = chance.choice([key[:at] + key[at + 1 :], key + chance.choice("sxy_"), "zzz", key.upper(), ""])
    return place.parent, None


def _remove(place: _Place, chance: random.Random) -> Done:
    del chance
    place.siblings.remove(place.entry)
    return place.parent, None


def _twice(place: _Place, chance: random.Random) -> Done:
    copy = Entry(place.entry.key, place.entry.value)
    place.siblings.insert(chance.randrange(len(place.siblings) + 1), copy)
    return place.parent, False


def _other_type(place: _Place, chance: random.Random) -> Done:
    values = ["[1, 2]", "{a: 1}", "7", "true", "null", '"text"', "1.5", "[]", "{}", "[[]]", '""', "[null]", "- 1"]
    place.entry.value = Raw(chance.choice(values[:-1]))
    return place.entry, None


def _out_of_range(place: _Place, chance: random.Random) -> Done:
    value = _scalar(place)
    if type(value) is not int or _free(place) or place.path == "version":
        return None
    place.entry.value = Raw(chance.choice(["-9999999999999", str(10**30), "-1e400", "99999999999999"]))
    # A mailbox may be as long as one likes.
    return place.entry, None if place.path.endswith("messages") else False


def _bad_unit(place: _Place, chance: random.Random) -> Done:
    value = _scalar(place)
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]+(ms|s|k|m)", value):
        return None
    place.entry.value = Raw(
        chance.choice(["5 parsecs", '"ten"', "1.2.3s", "-5s", "5ss", "0x5k", "1e3s", "99999999999d"])
    )
    return place.entry, False


def _no_such(place: _Place, chance: random.Random) -> Done:
    value = _scalar(place)
    if not isinstance(value, str) or _free(place) or place.path == "name":
        return None
    place.entry.value = Raw(json.dumps(chance.choice([f"no_such_{value}", "zzz", f"{value}x", f"x:{value}", "\u00e4"])))
    return place.entry, None


def _item(place: _Place, chance: random.Random) -> Done:
    items = _scalar(place)
    if not isinstance(items, list) or not items:
        return None
    items = cast("list[object]", items)
    items[chance.randrange(len(items))] = chance.choice(["zzz", 7, None, [], {}, items[0], "Quote", True])
    place.entry.value = Raw(json.dumps(items))
    return place.entry, None


def _unknown_key(place: _Place, chance: random.Random) -> Done:
    if isinstance(place.entry.value, Raw) or _free(place):
        return None
    entries = cast("list[Entry]", place.entry.value)
    new = Entry(chance.choice(["zzz", "colour", "time out", "1", "true", "ünknown"]), Raw('"x"'))
    entries.insert(chance.randrange(len(entries) + 1), new)
    return new, False


def _syntax(place: _Place, chance: random.Random) -> Done:
    written = [
        "[1, 2",
        "{a: 1",
        "a: b: c",
        "*nothing",
        "!!python/object:os.system x",
        "'open",
        '"open',
        "]",
        "@x",
        "`x`",
    ]
    written += [
        "&a [*a]",
        "%x: y",
        "${",
        "${NO_SUCH_VARIABLE}",
        "{<<: {a: 1}}",
        "!x y",
        "\x01",
        "x\n\ty: 1",
        "? a",
        "[}",
    ]
    place.entry.value = Raw(chance.choice(written))
    return place.entry, None


def _secret(place: _Place, chance: random.Random) -> Done:
    if not place.path.endswith("codec.security") and place.path != "security":
        return None
    secret = chance.choice(["hex:0011223344556677", "ab" * 16, "-----BEGIN PRIVATE KEY-----"])
    place.entry.value = Raw(json.dumps(secret) if place.path != "security" else json.dumps({"key": secret}))
    return place.entry, False


def _harmless(place: _Place, chance: random.Random) -> Done:
    """Change what may be changed: order of keys, priorities, durations, a comment, names nobody refers to."""
    if isinstance(place.entry.value, Raw):
        value = _scalar(place)
        if place.path.endswith(".priority"):
            place.entry.value = Raw(str(chance.randrange(-1_000_000, 1_000_000)))
        elif place.path.endswith((".within", ".timeout")):
            place.entry.value = Raw(f"{chance.randrange(1, 999)}{chance.choice(['ms', 's', 'us', 'm'])}")
        elif isinstance(value, bool | int | float) or value is None:
            place.entry.value = Raw(f"{place.entry.value}  # {chance.randrange(100)}: a comment")
        else:
            return None
        return place.entry, True
    chance.shuffle(cast("list[Entry]", place.entry.value))
    # Handlers in another order may tie or wait otherwise, which is right too.
    return place.entry, True


CHANGES: list[tuple[str, Callable[[_Place, random.Random], Done]]] = [
    ("rename", _rename),
    ("remove", _remove),
    ("give twice", _twice),
    ("another type", _other_type),
    ("out of range", _out_of_range),
    ("bad unit", _bad_unit),
    ("no such name", _no_such),
    ("another item", _item),
    ("unknown key", _unknown_key),
    ("syntax", _syntax),
    ("secret", _secret),
    ("harmless", _harmless),
]
