"""inv_no_ask_hangs: whoever asks whom, every ask ends: with its answer, or refused because the ask would never end.

Actors ask one another along paths, several paths at once. A path alone is refused exactly when it comes back to an
actor that waits already; paths at once may also cross (A asks B while B asks A), and then at least one is refused.
`run_graphs` runs as many examples as it is told: 2,000 of up to 50 rounds found no ask without an end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import pykka
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from actorbus.actors import shell
from actorbus.actors.shell import Shell, ask, join, launch
from actorbus.errors import AskCycle, ClosedError

DEADLINE_S = 20.0
"""An ask that takes so long hangs."""
ACTORS = 8
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
type Path = tuple[int, ...]


class Node(Shell):
    """Asks on along the path it is given; answers how many actors came after it."""

    def __init__(self, number: int, others: list[Node]) -> None:
        super().__init__(f"node{number}")
        self._others = others

    def on_receive(self, message: Path) -> int:
        if not message:
            return 0
        return 1 + ask(self._others[message[0] % len(self._others)], message[1:], DEADLINE_S)


@contextlib.contextmanager
def _living(count: int) -> Generator[list[Node]]:
    nodes: list[Node] = []
    nodes.extend(Node(number, nodes) for number in range(count))
    try:
        for node in nodes:
            launch(node)
        yield nodes
    finally:
        for node in nodes:
            node.request_stop()
        left = [node.name for node in nodes if not join(node, DEADLINE_S)]
        assert not left


def _ends(nodes: list[Node], paths: list[Path]) -> list[int | type[Exception]]:
    """Start every path at once; return how each ended. A pykka.Timeout or InternalError here is a hang."""
    found: list[int | type[Exception]] = []
    futures: list[pykka.Future[int]] = [
        nodes[path[0] % len(nodes)].actor_ref.ask(path[1:], block=False) for path in paths
    ]
    for future in futures:
        try:
            found.append(future.get(timeout=2 * DEADLINE_S))
        except (AskCycle, ClosedError) as refused:
            found.append(type(refused))
    return found


def _whole(count: int, path: Path, end: int | type[Exception], *, alone: bool) -> None:
    """What may end a path through actors that all live."""
    places = [place % count for place in path]
    if len(set(places)) < len(places):  # it comes back to an actor that waits
        assert end is AskCycle, path
    else:
        assert end == len(path) - 1 or (end is AskCycle and not alone), path


def _check(count: int, rounds: list[list[Path]], ends_at: int) -> None:
    with _living(count) as nodes:
        for paths in rounds[:ends_at]:
            for path, end in zip(paths, _ends(nodes, paths), strict=True):
                _whole(count, path, end, alone=len(paths) == 1)
        if rounds[ends_at:]:
            nodes[0].request_stop()
            assert join(nodes[0], DEADLINE_S)
        for paths in rounds[ends_at:]:
            from_living = [path for path in paths if path[0] % count]
            for path, end in zip(from_living, _ends(nodes, from_living), strict=True):
                assert end in (len(path) - 1, AskCycle, ClosedError), path
    waiting = shell._waits_for  # pyright: ignore[reportPrivateUsage] - all have ended: nothing may be left in it
    assert not waiting


paths = st.lists(st.integers(0, ACTORS - 1), min_size=1, max_size=6).map(tuple)


def run_graphs(examples: int, rounds: int) -> None:
    """Run so many examples of at most so many rounds."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=SLOW, database=None)
    @given(
        st.integers(2, ACTORS), st.lists(st.lists(paths, min_size=1, max_size=6), max_size=rounds), st.integers(0, 60)
    )
    @example(2, [[(0, 1), (1, 0)]] * 20, 60)
    @example(3, [[(0, 1, 2), (1, 2, 0), (2, 0, 1)]] * 20, 60)
    @example(2, [[(1, 0)]], 0)
    def check(count: int, graph: list[list[Path]], ends_at: int) -> None:
        _check(count, graph, ends_at)

    check()


def test_every_ask_ends() -> None:
    run_graphs(60, 12)
