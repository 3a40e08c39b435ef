"""The work of the struct and column lanes is what their readers take."""

from __future__ import annotations

from actorbus.bench import topologies
from actorbus.bench.case import Case
from actorbus.bench.fixed import ColumnSink, FixedSink, columns_of, fixed_frames
from actorbus.bench.handlers import last_made
from actorbus.bench.work import FRAMES
from actorbus.codec import FormatId, unpack
from actorbus.topology.plan import load_mapping


def test_frames_are_struct_messages_that_differ() -> None:
    frames = fixed_frames()
    assert len(frames) == len(set(frames)) == FRAMES
    first, fourth = unpack(frames[0]), unpack(frames[3])
    assert (first.format, len(first.bodies[0]), first.type_id) == (FormatId.STRUCT, 48, 5001)
    assert fourth.type_id == 5002


def test_sinks_count_and_add_up() -> None:
    sink = ColumnSink()
    assert last_made() is sink
    columns = columns_of(10)
    sink.on_columns(columns, None)  # type: ignore[arg-type] - it does not look
    assert (sink.count, sink.last) == (10, 90)


def test_the_topologies_of_both_lanes_are_right() -> None:
    for form, sink in (("struct", FixedSink), ("columns", ColumnSink)):
        case = Case(system="actorbus", lane=0, directory="/dev/shm/none", place="", form=form)
        assert load_mapping(topologies.reader(case)).handlers[0].cls is sink
        assert load_mapping(topologies.writer(case)).streams["main"].format == "struct"
