"""The tree a topology is read into: plain values that remember where they were written.

    file ----- yaml_reader.read_yaml ----\\
    dict ----- tree.from_python ----------> Tree ---> shape.decode ---> Topology ---> check ---> plan
    Structs -- tree.from_python ----------/

Every problem of a topology points at a `Tree`, so it knows the place of the value and of its key. Trees made from
Python have no places; their problems name the path alone. Immutable but for `take_unquoted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

__all__ = ["NO_PLACE", "Path", "Place", "Tree", "from_python", "path_text"]

type Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Line and column, counted from 1; both None where there is no file."""

    line: int | None = None
    column: int | None = None


NO_PLACE = Place()


class Tree:
    """One node: `value` is a scalar, a dict of trees or a list of trees."""

    __slots__ = ("key_place", "place", "spoiled", "text", "unquoted", "value")

    def __init__(
        self, value: object, place: Place = NO_PLACE, *, key_place: Place = NO_PLACE, text: str | None = None
    ) -> None:
        self.value = value
        self.place = place
        self.key_place = key_place if key_place.line is not None else place
        self.text = text
        self.spoiled = False
        """It already has a problem (a variable that is not set): nobody should look at its value."""
        self.unquoted: object = None
        """Of a quoted `"${NAME}"` with nothing beside it: what the value is without quotes, where no text is wanted."""

    def under(self, key_place: Place) -> Tree:
        """Return the same value under a key at this place."""
        tree = Tree(self.value, self.place, key_place=key_place, text=self.text)
        tree.spoiled, tree.unquoted = self.spoiled, self.unquoted
        return tree

    def again_at(self, place: Place) -> Tree:
        """Return the same value at another place: an alias."""
        tree = Tree(self.value, place, text=self.text)
        tree.spoiled, tree.unquoted = self.spoiled, self.unquoted
        return tree

    def take_unquoted(self) -> None:
        """Become the number or truth value that a quoted variable holds: its quotes are YAML's wish in `{...}`."""
        if self.unquoted is not None:
            self.value, self.unquoted = self.unquoted, None

    @property
    def mapping(self) -> dict[str, Tree] | None:
        """The children by key, or None when this is no mapping."""
        return cast("dict[str, Tree]", self.value) if isinstance(self.value, dict) else None

    @property
    def sequence(self) -> list[Tree] | None:
        """The children in order, or None when this is no sequence."""
        return cast("list[Tree]", self.value) if isinstance(self.value, list) else None

    def child(self, step: str | int) -> Tree | None:
        """Return the child at a key or index."""
        if isinstance(step, str):
            return (self.mapping or {}).get(step)
        items = self.sequence or []
        return items[step] if 0 <= step < len(items) else None

    def nearest(self, path: Path) -> Tree:
        """Return the node at a path, or the deepest one on the way to it that exists."""
        node = self
        for step in path:
            found = node.child(step)
            if found is None:
                break
            node = found
        return node

    def at(self, path: Path) -> Tree | None:
        """Return the node at a path, or None."""
        node: Tree | None = self
        for step in path:
            node = node.child(step) if node is not None else None
        return node

    def shown(self, limit: int = 80) -> str:
        """Return the value as it was written, shortened."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        text = self.text if self.text is not None else _python_text(self.value)
        return text if len(text) <= limit else f"{text[: limit - 3]}..."

    def to_python(self) -> object:
        """Return plain dicts, lists and scalars."""
        if (mapping := self.mapping) is not None:
            return {key: child.to_python() for key, child in mapping.items()}
        if (sequence := self.sequence) is not None:
            return [child.to_python() for child in sequence]
        return self.value

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
        """Yield every node under this one with its path, this one first."""
        yield path, self
        for key, child in (self.mapping or {}).items():
            yield from child.walk((*path, key))
        for index, child in enumerate(self.sequence or ()):
            yield from child.walk((*path, index))


def path_text(path: Path) -> str:
    """Return `streams.bars.messages[1]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def from_python(value: object) -> Tree:
    """Make a tree of dicts, lists, scalars and the Structs of `model.py`. Other objects become scalars as they are."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(type(value))
        given = {field.encode_name: getattr(value, field.name) for field in fields}
        return Tree({name: from_python(part) for name, part in given.items()})
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return Tree({str(key): from_python(part) for key, part in items})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview):
        return Tree([from_python(part) for part in cast("Sequence[object]", value)])
    return Tree(cast("object", value))


def _python_text(value: object) -> str:
    if isinstance(value, type):
        return f"{value.__module__}:{value.__qualname__}"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
