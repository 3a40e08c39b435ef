"""A running topology for the verbs that join one: quotes and bytes, and a thread that goes on publishing quotes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import actorbus as ab

TOPOLOGY = """\
version: 1
name: {name}
profile: ci
streams:
  quotes: {{stream_id: 1, messages: [Quote]}}
  mixed: {{stream_id: 2, messages: [Quote, News]}}
  bytes: {{stream_id: 3, codec: {{format: raw}}}}
handlers:
  count: {{streams: [quotes, mixed, bytes], class: count}}
"""


class Running(NamedTuple):
    """A node at work and its file."""

    node: ab.Node
    file: str

    def received(self, stream: str) -> int:
        return self.node.stats().streams[stream].received


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Run a topology with an embedded driver."""
    file = tmp_path / "topology.yaml"
    file.write_text(TOPOLOGY.format(name=f"cli-{tmp_path.name[:40]}"), encoding="utf-8")
    with ab.Node.from_yaml(file) as node:
        yield Running(node, str(file))


@pytest.fixture
def quoting(running: Running) -> Iterator[Running]:
    """The same, while quotes of A and B go on coming."""
    publisher = running.node.publisher("quotes", ab.Quote)
    over = threading.Event()

    def publish() -> None:
        number = 0
        while not over.wait(0.005):
            number += 1
            publisher.publish(ab.Quote("AB"[number % 2], bid=ab.price(number), ask=ab.price(number + 1)))

    thread = threading.Thread(target=publish, name="quoting")
    thread.start()
    yield running
    over.set()
    thread.join(10)
