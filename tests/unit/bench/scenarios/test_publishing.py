"""Publishing, one by one and many."""

from __future__ import annotations

import pytest

from tests.unit.bench.scenarios.tiny import tiny


@pytest.mark.parametrize(("name", "label"), [("publish", "actorbus"), ("publish-many", "actorbus, publish_many")])
def test_publishing_is_compared_with_pyaeron_and_all_of_it_arrives(name: str, label: str) -> None:
    results = tiny(name).results
    found = {(result.system, result.metric, result.against) for result in results}

    assert {(label, "publish_ns", ""), ("pyaeron+msgspec", "publish_ns", ""), ("clock", "publish_ns", "")} <= found
    assert (label, "ratio", "pyaeron+msgspec") in found
    assert {result.lost for result in results if result.system == label and result.metric == "publish_ns"} == {0}
