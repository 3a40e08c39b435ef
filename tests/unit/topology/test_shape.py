"""Mappings, lists and unions: every misfit at once, and what is left is usable."""

from __future__ import annotations

from typing import Any

import msgspec

from actorbus.topology.model import HandlerSpec, StreamSpec, Topology
from actorbus.topology.report import Report
from actorbus.topology.scalars import MISSING
from actorbus.topology.shape import decode
from tests.support.topologies import tree_of


def decoded(text: str, wanted: Any) -> tuple[Any, Report]:
    report = Report("t.yaml")
    return decode(tree_of(text, report), wanted, report), report


def codes(report: Report) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.path) for problem in report.problems()]


def test_all_misfits_are_told_at_once() -> None:
    _, report = decoded("stream_id: x\nmessages: 3\nframe: none\ncolour: red\n", StreamSpec)

    assert codes(report) == [("AB1103", "stream_id"), ("AB1103", "messages"), ("AB1101", "colour")]


def test_what_is_wrong_falls_back_to_its_default_and_the_rest_is_kept() -> None:
    spec, _ = decoded("stream_id: 5\nframe: nothing\nmessages: [Bar]\n", StreamSpec)

    assert (spec.stream_id, spec.frame, spec.messages) == (5, "actorbus", ["Bar"])


def test_a_required_key_that_is_wrong_gets_a_stand_in_and_is_broken() -> None:
    spec, report = decoded("stream: s\nclass: [x]\n", HandlerSpec)

    assert spec.cls == ""
    assert report.is_broken("class")


def test_a_missing_key_beside_an_unknown_one_like_it_is_told_once_as_a_misspelling() -> None:
    _, report = decoded("stream: s\nclas: count\n", HandlerSpec)

    assert [(problem.code, problem.hint) for problem in report.problems()] == [("AB1101", "did you mean 'class'?")]
    assert report.is_broken("class")


def test_an_item_that_is_broken_leaves_the_others_their_indexes() -> None:
    value, report = decoded("streams: [a, 7, c]\nclass: count\n", HandlerSpec)

    assert value.streams == ["a", "", "c"]
    assert report.is_broken("streams", 1)
    assert not report.is_broken("streams", 2)


def test_an_empty_section_is_as_good_as_none() -> None:
    topology, report = decoded("name: x\nhandlers:\ndriver:\nstreams:\n", Topology)

    assert report.problems() == []
    assert topology == Topology(name="x")


def test_a_scalar_where_a_mapping_belongs_is_told_as_that_mapping() -> None:
    _, report = decoded("stream_id: 1\nback_pressure: raise\n", StreamSpec)

    assert report.problems()[0].hint == "write {policy: raise}"


def test_a_scalar_where_a_list_belongs_is_told_as_that_list() -> None:
    _, report = decoded("stream_id: 1\nmessages: Bar\n", StreamSpec)

    assert report.problems()[0].hint == "write a list: [Bar]"


def test_a_union_takes_the_part_that_fits() -> None:
    assert decoded("{a: 1}", str | dict[str, int])[0] == {"a": 1}
    assert decoded("x", str | dict[str, int])[0] == "x"
    value, report = decoded("[1]", str | dict[str, int])
    assert value is MISSING
    assert codes(report) == [("AB1103", None)]


def test_a_union_of_scalars_is_told_as_a_whole() -> None:
    value, report = decoded("[fast]", list[float | bool])

    assert value == [""]
    assert report.problems()[0].message == "expected a number or true or false, got the text 'fast'"


def test_an_unset_variable_is_told_once() -> None:
    report = Report()
    tree = tree_of("stream_id: ${NOT_SET}\nchannel: {media: udp, endpoint: '${NOT_SET}'}\n", report)

    decode(tree, StreamSpec, report)

    assert {problem.code for problem in report.problems()} == {"AB1008"}
    assert report.is_broken("stream_id")
    assert report.is_broken("channel")


def test_other_types_are_converted_by_msgspec() -> None:
    class Point(msgspec.Struct):
        x: int

    assert decoded("x: 3\n", Point)[0] == Point(3)
    assert decoded("[1, 2]", tuple[int, ...])[0] == (1, 2)
