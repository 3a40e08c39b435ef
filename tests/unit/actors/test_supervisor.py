"""The supervisor over a real session: what it answers, what it keeps, what it does when a child fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.actors import Close, Open, OpenPublisher, OpenSubscriber, SessionSupervisor, ask, join, launch
from actorbus.errors import ClosedError, InternalError
from actorbus.topology.assembly import session_parts
from actorbus.topology.plan import load_mapping

DEADLINE_S = 10.0


class Nothing(ab.Handler):
    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...


def supervisor(failures: list[BaseException]) -> SessionSupervisor:
    plan = load_mapping(
        {
            "version": 1,
            "name": "s",
            "streams": {"bars": {"stream_id": 1, "messages": ["Bar"]}},
            "handlers": {"h": {"stream": "bars", "class": "tests.unit.actors.test_supervisor:Nothing"}},
        }
    )
    actor = SessionSupervisor(session_parts(plan), (("h",),), failures.append)
    launch(actor)
    return actor


def test_a_session_opens_answers_and_closes() -> None:
    failures: list[BaseException] = []
    actor = supervisor(failures)
    ask(actor, Open(), DEADLINE_S)
    publisher = ask(actor, OpenPublisher("bars"), DEADLINE_S)
    assert ask(actor, OpenPublisher("bars"), DEADLINE_S) is publisher
    subscription = ask(actor, OpenSubscriber("bars", (ab.Bar,)), DEADLINE_S)
    subscription.close()
    subscription.close()
    assert actor.look().quarantine == {"bars": []}
    assert ask(actor, Close(drain=True), DEADLINE_S) is True
    actor.request_stop()

    assert join(actor, DEADLINE_S)
    assert failures == []
    assert actor.sources_finished
    assert actor.event_count == len(actor.events) >= 2


def test_what_is_asked_of_a_session_that_is_not_open_is_refused() -> None:
    actor = supervisor([])
    with pytest.raises(ClosedError, match="not open"):
        ask(actor, OpenPublisher("bars"), DEADLINE_S)
    with pytest.raises(InternalError, match="does not know 'nonsense'"):
        ask(actor, "nonsense", DEADLINE_S)
    actor.request_stop()
    assert join(actor, DEADLINE_S)


def test_failures_of_children_are_all_counted_and_the_first_is_told() -> None:
    failures: list[BaseException] = []
    actor = supervisor(failures)
    first, second = ValueError("first"), ValueError("second")
    threads = [threading.Thread(target=actor._child_failed, args=("child", error)) for error in (first, second)]
    for thread in threads:
        thread.start()
        thread.join()
    actor.request_stop()

    assert join(actor, DEADLINE_S)
    assert failures == [first]
    assert actor.failure_count == 2


def test_a_supervisor_that_is_stopped_closes_what_is_still_open() -> None:
    threads = threading.active_count()
    actor = supervisor([])
    ask(actor, Open(), DEADLINE_S)
    directory = Path(actor.session.driver_directory or "")
    actor.request_stop()

    assert join(actor, DEADLINE_S)
    assert threading.active_count() == threads
    assert not directory.exists()
