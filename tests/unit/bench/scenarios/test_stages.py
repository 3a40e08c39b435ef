"""What the framework adds to its own floor."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from actorbus.bench.case import Case
from actorbus.bench.peers.stages import FLOOR
from actorbus.bench.scenarios import stages
from actorbus.bench.turns import Lane
from tests.unit.bench.scenarios.tiny import session

RATES = {"actorbus": 2e6, FLOOR: 2.5e6, "stage:poll": 2e7}


def test_stages_tell_what_the_framework_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(_session: object, _label: str, cases: list[Case]) -> list[Mapping[str, Lane]]:
        return [{case.label: Lane(rates=[[RATES.get(case.label, 1e7)]]) for case in cases}]

    monkeypatch.setattr(stages, "measured", measured)
    made = session("stages", forks=1)
    stages.run(made)
    found = {(result.system, result.case): round(result.median) for result in made.results}

    assert found["actorbus", stages.ONE] == 500
    assert found["stage:poll", stages.ONE] == 50
    assert found["actorbus", stages.ABOVE] == 100
