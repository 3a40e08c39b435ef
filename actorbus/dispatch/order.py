"""In which order a batch gets to the handlers of a stream: by priority, and never before those named in `after` (D6).

    first                      loop, message by message                    last
    [mailboxes, batch handlers above all inline handlers] [inline, mailboxes between them] [those below all]

Message-by-message handlers of the poller's thread see message 1 from high to low priority, then message 2
(inv_priority_order). A mailbox above or below all of them is handed the whole batch at once; one between two of them is
handed each message at its turn, which costs about a microsecond a message. A batch handler between two of them gets its
batch after the last of them: it cannot have a message that a higher one has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from actorbus.dispatch.events import StreamEvent
from actorbus.dispatch.handler import BatchHandler, ColumnHandler, Handler
from actorbus.dispatch.parcel import Parcel
from actorbus.dispatch.routes import Route, takes

__all__ = ["Mail", "MailRoute", "Stages", "arrange", "takers"]


class Mail(Protocol):
    """The poller's end of a handler's mailbox. Never waits, never raises."""

    def post(self, parcel: Parcel) -> None:
        """Hand messages over, by the mailbox's overflow policy."""
        ...

    def tell(self, event: StreamEvent) -> None:
        """Hand an event over, in order with the messages."""
        ...


class MailRoute(NamedTuple):
    """A handler of `dispatch: mailbox` on a stream. `order` is its place in the file."""

    name: str
    cls: type[Handler]
    priority: int
    order: int
    after: tuple[str, ...]
    mail: Mail


class Stages(NamedTuple):
    """What happens to a batch: before, in, and after the loop over its messages."""

    first: list[Route | MailRoute]
    loop: list[Route | MailRoute]
    last: list[Route | MailRoute]

    @property
    def is_loop(self) -> bool:
        """Whether the loop is all that happens."""
        return bool(self.loop) and not self.first and not self.last

    def without(self, names: Iterable[str]) -> Stages:
        """Return the same stages without some handlers."""
        gone = set(names)
        return Stages(*([item for item in stage if item.name not in gone] for stage in self))


def is_whole(item: Route | MailRoute) -> bool:
    """Whether it takes a batch as a whole on the poller's thread."""
    return isinstance(item, Route) and isinstance(item.handler, (BatchHandler, ColumnHandler))


def arrange(routes: Sequence[Route], mails: Sequence[MailRoute]) -> Stages:
    """Return the stages of a stream's handlers."""
    items = _after(sorted([*routes, *mails], key=lambda item: (-item.priority, item.order)))
    single = [number for number, item in enumerate(items) if isinstance(item, Route) and not is_whole(item)]
    if not single:
        return Stages(items, [], [])
    begin, end = single[0], single[-1] + 1
    loop: list[Route | MailRoute] = []
    late: list[Route | MailRoute] = []
    for item in items[begin:end]:
        behind = isinstance(item, MailRoute) and bool({other.name for other in late} & set(item.after))
        (late if is_whole(item) or behind else loop).append(item)
    return Stages(items[:begin], loop, [*late, *items[end:]])


def takers(items: Sequence[Route | MailRoute], message_type: type) -> list[str]:
    """Return the names of those of these that take a message of a type."""
    classes = ((item.name, item.cls if isinstance(item, MailRoute) else type(item.handler)) for item in items)
    return [name for name, cls in classes if takes(cls, message_type)]


def _after(items: Sequence[Route | MailRoute]) -> list[Route | MailRoute]:
    """Move every mailbox behind those it names in `after`; otherwise the order stays. Cycles stay as they are."""
    left = list(items)
    placed: list[Route | MailRoute] = []
    while left:
        waiting = {item.name for item in left}
        ready = next(
            (item for item in left if not (isinstance(item, MailRoute) and waiting & (set(item.after) - {item.name}))),
            left[0],
        )
        left.remove(ready)
        placed.append(ready)
    return placed
