"""Lines 3 and 4 of issue 4: chains on one poller, and a stopped consumer under each policy."""

from __future__ import annotations

from tests.system.chains import back_to_itself, beside_a_sleeper, blocked, chain, flood
from tests.system.stopped import stopped_under

MESSAGES = 1_000_000


def line_3() -> str:
    """Three streams on one poller, 32 KiB window, 10^6 messages; back to its own stream; beside a sleeper."""
    chains = [chain(MESSAGES, 240, middle) for middle in ("inline", "mailbox")]
    sleeper = beside_a_sleeper(MESSAGES, 4, 0.9)
    return "; ".join([*chains, back_to_itself(MESSAGES, 240), flood(200_000), blocked(5.0, 1.0), sleeper])


def line_4() -> str:
    """A consumer stopped for 5 s at 100 k msg/s under each policy."""
    return "; ".join(stopped_under(policy, 5.0, 1.0) for policy in ("block", "raise", "drop_newest", "conflate"))
