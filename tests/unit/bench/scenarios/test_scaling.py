"""What merely exists."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actorbus.bench.case import Case
from actorbus.bench.scenarios import scaling
from tests.unit.bench.scenarios.tiny import session


@pytest.mark.parametrize(("name", "field"), [("streams", "streams"), ("kinds", "kinds"), ("fan-out", "bystanders")])
def test_every_count_is_a_lane(monkeypatch: pytest.MonkeyPatch, name: str, field: str) -> None:
    found: dict[str, Sequence[Case]] = {}
    monkeypatch.setattr(scaling, "compare", lambda _session, label, cases: found.update({label: cases}))
    scaling.run(session(name))
    lanes = found[scaling.EXIST[name]]

    less = 1 if field == "bystanders" else 0
    assert [getattr(case, field) + less for case in lanes] == [1, 10, 100]
    assert [case.at for case in lanes] == [1, 10, 100]
    assert lanes[0].label.startswith("actorbus, 1 ")
