"""Small versions of issue 4, lines 3b, 5 and 6 (`make prove` runs the full ones), and each overflow policy."""

from __future__ import annotations

import pytest

import actorbus as ab
from tests.system.mailbox_parts import Tick, boards
from tests.system.mailboxes import PARTS, STREAM, errors, new_board, overflow, priority_order
from tests.system.processes import wait_for


def test_inv_priority_order_holds_for_every_message_of_made_up_topologies() -> None:
    assert "in order" in priority_order(examples=4, seconds=0.5)


@pytest.mark.parametrize("on_error", ["quarantine", "skip", "restart", "stop"])
def test_counts_are_exact_when_one_percent_raises(on_error: str) -> None:
    errors(on_error, 20_000)


def test_a_mailbox_keeps_its_messages_through_any_number_of_restarts() -> None:
    errors("restart", 20_000, unlimited=True)


@pytest.mark.parametrize("policy", ["drop_newest", "drop_oldest", "conflate", "raise"])
def test_a_consumer_that_stands_still_loses_what_its_policy_says_and_all_is_counted(policy: str) -> None:
    count, room = 3_000, 500
    found = overflow(policy, count, room)
    figures, seen = found["figures"], found["seen"]
    assert figures.messages == len(seen)
    assert len(seen) + figures.dropped + figures.dead_letters == count
    if policy == "drop_newest":
        assert seen[: room // 2] == list(range(room // 2))
        assert figures.dead_letters == figures.errors == 0
    elif policy == "drop_oldest":
        assert seen[-room:] == list(range(count - room, count))
    elif policy == "conflate":
        assert sorted(seen[-7:]) == list(range(7))
        assert figures.dropped > 0
    else:
        assert figures.errors == figures.dead_letters == count - len(seen)
        assert figures.dropped == 0
        assert all("MailboxFull" in entry.error for entry in found["kept"])


def test_a_full_mailbox_that_blocks_pauses_its_stream_and_loses_nothing() -> None:
    found = overflow("block", 3_000, 500)
    assert found["seen"] == list(range(3_000))
    assert found["held"] < 1_500
    assert found["figures"].dropped == 0


def test_a_mailbox_that_stands_still_does_not_slow_another_stream_of_its_poller() -> None:
    name = new_board([])
    topology = {
        "version": 1,
        "name": "beside",
        "streams": {"slow": {**STREAM, "stream_id": 2}, "fast": STREAM},
        "handlers": {
            "slow": {
                "stream": "slow",
                "class": f"{PARTS}:Waiting",
                "dispatch": "mailbox",
                "mailbox": {"messages": 10},
                "options": {"board": name},
            },
            "fast": {"stream": "fast", "class": f"{PARTS}:Noting", "options": {"board": name}},
        },
    }
    board = boards[name]
    with ab.Node.from_dict(topology) as node:
        slow, fast = node.publisher("slow"), node.publisher("fast")
        for n in range(2_000):
            slow.publish(Tick(n))
        for n in range(20_000):
            fast.publish(Tick(n))
        wait_for(lambda: len(board.seen["fast"]) == 20_000, 10, "the fast stream")
        assert node.stats().streams["slow"].received < 1_000
        board.gate.set()
        assert node.wait(until_idle_ns=200_000_000, for_ns=20_000_000_000) == "idle"
    assert board.seen["slow"] == list(range(2_000))
    assert board.seen["fast"] == list(range(20_000))
    boards.pop(name)


def test_a_node_stops_in_time_with_a_full_mailbox_and_counts_what_it_cut() -> None:
    name = new_board([])
    topology = {
        "version": 1,
        "name": "cut",
        "streams": {"ticks": STREAM},
        "handlers": {
            "slow": {"stream": "ticks", "class": f"{PARTS}:Sleeping", "dispatch": "mailbox", "options": {"board": name}}
        },
    }
    with ab.Node.from_dict(topology) as node:
        publisher = node.publisher("ticks")
        for n in range(2_000):
            publisher.publish(Tick(n))
        wait_for(lambda: bool(boards[name].seen), 10, "the first message")
        node.close(drain=False)
    figures = node.stats().handlers["slow"]
    assert figures.messages == len(boards.pop(name).seen["slow"]) < 100
    assert figures.dropped > 0
