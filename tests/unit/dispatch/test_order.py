"""Stages: by priority, mailboxes between inline handlers message by message, never before those in `after`."""

from __future__ import annotations

from actorbus.dispatch import BatchHandler, Handler, MailRoute, Parcel, Route, StreamEvent
from actorbus.dispatch.order import arrange


class NoMail:
    def post(self, parcel: Parcel) -> None: ...

    def tell(self, event: StreamEvent) -> None: ...


class Whole(BatchHandler[bytes]): ...


def inline(name: str, priority: int, order: int = 0) -> Route:
    return Route(name, Handler(), priority, order)


def mail(name: str, priority: int, order: int = 0, after: tuple[str, ...] = ()) -> MailRoute:
    return MailRoute(name, Handler, priority, order, after, NoMail())


def names(routes: list[Route], mails: list[MailRoute]) -> tuple[list[str], ...]:
    return tuple([item.name for item in stage] for stage in arrange(routes, mails))


def test_mailboxes_above_below_and_between() -> None:
    routes = [inline("risk", 8), inline("log", 2)]
    mails = [mail("top", 9), mail("middle", 5), mail("bottom", 1)]

    assert names(routes, mails) == (["top"], ["risk", "middle", "log"], ["bottom"])


def test_without_inline_handlers_all_are_handed_the_batch_at_once_in_order() -> None:
    assert names([], [mail("b", 1, 1), mail("a", 1, 0), mail("c", 7, 2)]) == (["c", "a", "b"], [], [])


def test_after_wins_over_priority() -> None:
    assert names([inline("risk", 1)], [mail("fast", 9, after=("risk",))]) == ([], ["risk"], ["fast"])
    assert names([], [mail("b", 9, after=("a",)), mail("a", 1)]) == (["a", "b"], [], [])


def test_a_batch_handler_between_inline_handlers_comes_behind_them_and_those_after_it_too() -> None:
    routes = [inline("a", 9), Route("whole", Whole(), 5, 1), inline("b", 1)]

    assert names(routes, []) == ([], ["a", "b"], ["whole"])
    assert names(routes, [mail("m", 3, after=("whole",))]) == ([], ["a", "b"], ["whole", "m"])
    assert names(routes[1:], []) == (["whole"], ["b"], [])


def test_stages_without_a_handler_keep_the_places_of_the_others() -> None:
    stages = arrange([inline("a", 9), inline("b", 1)], [mail("m", 5)]).without(["a"])

    assert [[item.name for item in stage] for stage in stages] == [[], ["m", "b"], []]
