"""Issue 4, lines 5 and 6: order among handlers, and exact counts when they raise."""

from __future__ import annotations

from tests.prove import Failed
from tests.system.mailboxes import errors, priority_order

__all__ = ["line_5", "line_6"]

EXAMPLES, SECONDS = 12, 5.0
COUNT = 1_000_000


def line_5() -> str:
    """Priority order for every message over 60 s of saturation with made-up topologies; `after` across mailboxes."""
    try:
        return f"{priority_order(EXAMPLES, SECONDS)}, {EXAMPLES} x {SECONDS:g} s"
    except AssertionError as error:
        raise Failed(str(error)[:2_000]) from error


def line_6() -> str:
    """1 % of 10^6 messages raise, inline and in a mailbox, under each `on_error`: every count exact."""
    try:
        told = [errors(on_error, COUNT) for on_error in ("quarantine", "skip", "restart", "stop")]
        told.append(errors("restart", COUNT, unlimited=True))
    except AssertionError as error:
        raise Failed(str(error)[:2_000]) from error
    return f"{COUNT} messages each; {'; '.join(told)}"
