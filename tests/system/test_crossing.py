"""Small versions of issue 3, line 2."""

from __future__ import annotations

import pytest

from tests.system.crossing import cross


@pytest.mark.parametrize("media", ["ipc", "udp"])
@pytest.mark.parametrize(("count", "size"), [(50_000, 32), (300, 100_000)])
def test_everything_crosses_between_two_processes_in_order(media: str, count: int, size: int) -> None:
    assert "none missing" in cross(media, count, size, 60.0)
