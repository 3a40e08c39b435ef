"""Small versions of issue 3, line 3."""

from __future__ import annotations

from tests.system.foreign import from_pyaeron, to_pyaeron


def test_pyaeron_publishes_to_our_handler() -> None:
    assert "in order" in from_pyaeron(50_000, 32, 60.0)


def test_we_publish_to_a_pyaeron_subscriber() -> None:
    assert "in order" in to_pyaeron(50_000, 32, 60.0)
