"""Trees remember where their values were written."""

from __future__ import annotations

import actorbus as ab
from actorbus.topology.tree import NO_PLACE, Place, Tree, from_python, path_text
from tests.support.topologies import tree_of


def test_every_value_and_key_has_its_place() -> None:
    tree = tree_of("a: 1\nbc:\n  - x\n  - {d: y}\n")

    node = tree.at(("bc", 1, "d"))

    assert node is not None
    assert (node.value, node.place, node.key_place) == ("y", Place(4, 9), Place(4, 6))


def test_nearest_returns_the_deepest_node_on_the_way() -> None:
    tree = tree_of("a: {b: 1}\n")

    assert tree.nearest(("a", "c", "d")) is tree.at(("a",))
    assert tree.at(("a", "c")) is None


def test_a_path_reads_like_python() -> None:
    assert path_text(("streams", "bars", "messages", 1)) == "streams.bars.messages[1]"
    assert path_text(()) == ""


def test_a_tree_of_python_values_gives_them_back() -> None:
    values = {"a": [1, {"b": None}], "c": True}

    tree = from_python(values)

    assert tree.to_python() == values
    assert tree.place == NO_PLACE


def test_a_tree_of_structs_uses_the_names_of_the_file() -> None:
    tree = from_python(ab.SourceSpec(stream="s", cls=ab.Source, options={"path": "x"}))

    assert tree.to_python() == {"stream": "s", "class": ab.Source, "options": {"path": "x"}}


def test_bytes_are_a_scalar_and_not_a_list() -> None:
    assert from_python(b"ab").value == b"ab"


def test_walk_yields_every_node_with_its_path() -> None:
    paths = [path for path, _ in from_python({"a": [1, 2], "b": 3}).walk()]

    assert paths == [(), ("a",), ("a", 0), ("a", 1), ("b",)]


def test_a_value_is_shown_as_it_was_written_and_shortened() -> None:
    assert tree_of("a: 0x1F\n").nearest(("a",)).shown() == "0x1F"
    assert len(Tree("x" * 500).shown()) == 80
    assert Tree(ab.Bar).shown() == "actorbus.messages.market:Bar"
    assert [Tree(value).shown() for value in (None, True, {}, [])] == ["null", "true", "a mapping", "a list"]
