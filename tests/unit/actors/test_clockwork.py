from __future__ import annotations

from collections.abc import Callable
from typing import cast

from actorbus.actors.clockwork import Clockwork
from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.poller import PollerActor
from actorbus.actors.shell import Shell, launch
from actorbus.actors.source import PublisherActor


class FakePoller(Shell):
    def __init__(self, due: int | None) -> None:
        super().__init__("poller")
        self.next_due_ns = due
        self.moved_on: list[int | None] = []

    def clock_moved(self) -> None:
        self.moved_on.append(self.thread_ident)

    def on_receive(self, message: object) -> object:
        return cast("Callable[[], object]", message)()


class FakeSource(Shell):
    def __init__(self, *, until: int | None, ended: bool = False) -> None:
        super().__init__("source")
        self.sleeping_until_ns = until
        self.ended = ended


class FakeMailboxes:
    def __init__(self, due: int | None) -> None:
        self.due = due
        self.moved = 0

    def clock_moved(self) -> None:
        self.moved += 1

    def next_due_ns(self) -> int | None:
        return self.due


def clockwork(poller: FakePoller, mailboxes: FakeMailboxes, *sources: FakeSource) -> Clockwork:
    return Clockwork(
        [cast("PollerActor", poller)], cast("Mailboxes", mailboxes), [cast("PublisherActor", one) for one in sources]
    )


def test_the_earliest_of_all_is_due_next() -> None:
    assert clockwork(FakePoller(7), FakeMailboxes(5), FakeSource(until=6)).next_due_ns() == 5
    assert clockwork(FakePoller(7), FakeMailboxes(None), FakeSource(until=6)).next_due_ns() == 6
    assert clockwork(FakePoller(None), FakeMailboxes(None), FakeSource(until=None)).next_due_ns() is None


def test_a_source_waits_when_it_sleeps_beyond_now_or_has_ended() -> None:
    sleeping, ended, busy = FakeSource(until=10), FakeSource(until=None, ended=True), FakeSource(until=None)
    assert clockwork(FakePoller(None), FakeMailboxes(None), sleeping, ended).sources_wait(9)
    assert not clockwork(FakePoller(None), FakeMailboxes(None), sleeping, ended).sources_wait(10)
    assert not clockwork(FakePoller(None), FakeMailboxes(None), busy).sources_wait(0)


def test_a_move_is_told_on_each_ones_thread_and_wakes_the_sources() -> None:
    poller, mailboxes, source = FakePoller(None), FakeMailboxes(None), FakeSource(until=5)
    launch(poller)
    seen = source.inbox.event.value
    clockwork(poller, mailboxes, source).moved()
    assert poller.moved_on == [poller.thread_ident]
    assert mailboxes.moved == 1
    assert source.inbox.event.value != seen
    poller.request_stop()
    assert poller.thread is not None
    poller.thread.join(5)
