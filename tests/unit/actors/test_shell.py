"""The actor shell, and the Pykka seams it stands on: a new Pykka that moves one of them fails here."""

from __future__ import annotations

import threading
from importlib import metadata

import pykka
import pytest

from actorbus.actors.shell import Shell, ask, join, launch
from actorbus.errors import AskCycle, ClosedError, InternalError

DEADLINE_S = 5.0


class Echo(Shell):
    def on_receive(self, message: object) -> object:
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            return message()
        return message


@pytest.fixture
def echo() -> object:
    failures: list[tuple[str, BaseException]] = []
    actor = Echo("echo", lambda name, error: failures.append((name, error)))
    actor.__dict__["failures_seen"] = failures
    launch(actor)
    yield actor
    actor.request_stop()
    assert join(actor, DEADLINE_S)


def test_the_seams_of_pykka_are_where_we_expect_them() -> None:
    for seam in (
        "_create_actor_inbox",
        "_start_actor_loop",
        "_actor_loop_setup",
        "_actor_loop_running",
        "_actor_loop_teardown",
    ):
        assert hasattr(pykka.ThreadingActor, seam), seam
    assert metadata.version("pykka").startswith("4.")


def test_an_ask_is_answered_and_an_exception_goes_to_the_asker_alone(echo: Echo) -> None:
    assert ask(echo, 5, DEADLINE_S) == 5
    with pytest.raises(ValueError, match="theirs"):
        ask(echo, ValueError("theirs"), DEADLINE_S)
    assert ask(echo, 6, DEADLINE_S) == 6
    assert echo.failures == 0


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_nobody_asked_for_is_reported_and_the_actor_lives_on(echo: Echo, error: BaseException) -> None:
    """In plain Pykka the first stops this actor and the others stop every actor of the process."""
    other = Echo("other")
    launch(other)

    echo.actor_ref.tell(error)

    assert ask(echo, 1, DEADLINE_S) == 1
    assert ask(other, 2, DEADLINE_S) == 2
    assert echo.__dict__["failures_seen"] == [("echo", error)]
    other.request_stop()
    assert join(other, DEADLINE_S)


def test_launch_raises_what_on_start_raised_and_leaves_no_thread() -> None:
    class Broken(Echo):
        def on_start(self) -> None:
            raise OSError("no disk")

    actor = Broken("broken")
    with pytest.raises(OSError, match="no disk"):
        launch(actor)
    assert join(actor, DEADLINE_S)
    assert actor.actor_ref not in pykka.ActorRegistry.get_all()


def test_a_start_that_hangs_is_given_up_at_its_deadline() -> None:
    released = threading.Event()

    class Slow(Echo):
        def on_start(self) -> None:
            released.wait(DEADLINE_S)

    actor = Slow("slow")
    with pytest.raises(InternalError, match="slow did not start within 0.05 s"):
        launch(actor, timeout=0.05)
    released.set()
    actor.request_stop()
    assert join(actor, DEADLINE_S)


def test_a_stopped_actor_answers_what_was_left_and_refuses_what_comes_later() -> None:
    gate = threading.Event()
    actor = Echo("late")
    launch(actor)
    actor.actor_ref.tell(lambda: gate.wait(DEADLINE_S))
    actor.request_stop()
    left = actor.actor_ref.ask("left", block=False)
    gate.set()
    assert join(actor, DEADLINE_S)

    with pytest.raises(pykka.ActorDeadError, match="before it came to this message"):
        left.get(timeout=DEADLINE_S)
    with pytest.raises(ClosedError):
        ask(actor, 1, DEADLINE_S)


def test_an_ask_has_a_deadline(echo: Echo) -> None:
    """inv_no_ask_without_deadline."""
    gate = threading.Event()
    with pytest.raises(InternalError, match="did not answer"):
        ask(echo, lambda: gate.wait(DEADLINE_S), 0.05)
    gate.set()


def test_actor_threads_are_daemons_named_after_the_actor(echo: Echo) -> None:
    assert echo.thread is not None
    assert echo.thread.daemon
    assert echo.thread.name.startswith("actorbus-echo-")


def test_an_ask_that_would_close_a_circle_is_refused(echo: Echo) -> None:
    other = Echo("other")
    launch(other)
    with pytest.raises(AskCycle, match="other -> "):
        ask(echo, lambda: ask(other, lambda: ask(echo, 1, DEADLINE_S), DEADLINE_S), DEADLINE_S)
    with pytest.raises(AskCycle):
        ask(echo, lambda: ask(echo, 1, DEADLINE_S), DEADLINE_S)
    assert ask(echo, lambda: ask(other, 3, DEADLINE_S), DEADLINE_S) == 3
    other.request_stop()
    assert join(other, DEADLINE_S)
