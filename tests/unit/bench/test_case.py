"""Cases travel as JSON."""

from __future__ import annotations

import msgspec

from actorbus.bench.case import Case


def test_a_case_comes_back_as_it_went() -> None:
    case = Case(system="floor", lane=3, directory="d", place="p", size=32, busy_thread=True)

    assert msgspec.json.decode(msgspec.json.encode(case), type=Case) == case


def test_lanes_share_no_stream() -> None:
    first, second = (Case(system="floor", lane=lane, directory="", place="") for lane in (0, 1))

    assert second.stream_id - first.stream_id == 1000


def test_the_report_calls_it_by_its_label() -> None:
    assert Case(system="a", lane=0, directory="", place="").label == "a"
    assert Case(system="a", lane=0, directory="", place="", labelled="b").label == "b"
