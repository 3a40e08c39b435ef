"""The mailboxes of a session: linked by `after`, emptied, finished and ended together."""

from __future__ import annotations

from actorbus.actors.hosting import HandlerSetup, RestartPolicy
from actorbus.actors.mailbox_handler import MailboxSetup
from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.poller import MailSetup, PollerActor
from actorbus.clock import SystemClock
from actorbus.dispatch import Origin, Parcel
from tests.unit.actors.test_mailbox_handler import Cells, Taking, far
from tests.unit.dispatch.fakes import FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Tick


def parcel(*numbers: int) -> Parcel:
    port = FakePort()
    port.feed(*(b"x" for _ in numbers))
    port.poll()
    return Parcel(Origin("ticks", 0, port), [Tick(n) for n in numbers])


def test_handlers_are_linked_run_and_ended() -> None:
    clock, failures, logs = SystemClock(), [], {"lead": [], "follower": []}  # type: ignore[var-annotated]
    boxes = Mailboxes(clock, report=lambda name, error: failures.append(error), on_event=lambda event: None)
    poller = PollerActor("p", clock, report=lambda name, error: failures.append(error))
    cells = {name: Cells() for name in logs}

    def add(name: str, after: tuple[str, ...]) -> MailSetup:
        handler = HandlerSetup(
            name, Taking, {"log": logs[name]}, ("ticks",), 0, 0, "skip", {}, FakeLatency(), cells[name]
        )
        setup = MailboxSetup(handler, {"ticks": (Tick,)}, 10, 1_000, "block", None, RestartPolicy())
        return boxes.add(setup, after, poller)

    follower, lead = add("follower", ("lead",)), add("lead", ())
    boxes.start()
    assert boxes.is_idle
    follower.route.mail.post(parcel(1, 2))
    lead.route.mail.post(parcel(1, 2))
    assert boxes.empty(far())
    assert boxes.finish(["lead"], far())
    assert logs == {"lead": ["init", 1, 2, "on_stop"], "follower": ["init", 1, 2]}
    boxes.clock_moved()
    assert boxes.next_due_ns() is None
    boxes.end()
    boxes.end()

    assert logs["follower"][-1] == "on_stop"
    assert cells["follower"].values[0] == cells["lead"].values[0] == 2
    assert failures == []
