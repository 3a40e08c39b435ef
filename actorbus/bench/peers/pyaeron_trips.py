"""Round trips over pyaeron, whatever the bodies: between two processes, and in one loop."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from actorbus.bench.case import Case
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words

__all__ = ["CONNECT_S", "answer", "ask", "ask_alone", "client"]

CONNECT_S = 20


def client(case: Case) -> Any:
    """Connect to the case's driver."""
    return importlib.import_module("pyaeron").Aeron(dir=case.directory)


def ask(
    case: Case, warm_s: float, seconds: float, encode: Callable[[int], bytes], decode: Callable[[bytes], object]
) -> Latencies:
    """Make round trips: encode, offer, poll until the answer, decode it and compare it with the question.

    Raises:
        ValueError: the answer to another question.
    """
    clock, found = time.perf_counter_ns, Latencies()
    with (
        client(case) as aeron,
        aeron.add_subscription(case.channel, case.stream_id + 1) as replies,
        aeron.add_exclusive_publication(case.channel, case.stream_id) as publication,
    ):
        publication.await_connected(CONNECT_S)
        replies.await_connected(CONNECT_S)
        offer, poll, record = publication.offer, replies.poll, found.record
        asked, right = [b""], [False]

        def reply(buffer: bytes, header: object = None) -> None:
            decode(buffer)
            right[0] = asked[0].startswith(buffer)

        began = start = clock()
        warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
        while start < until:
            number += 1
            start = clock()
            body = encode(number)
            asked[0] = body
            while not offer(body):
                pass
            while not poll(reply, 1):
                pass
            took = clock() - start
            if not right[0]:
                raise ValueError(f"question {number} got the answer to another")
            if start > warm:
                record(took)
    return found


def answer(case: Case, words: Words, echo: Callable[[bytes], bytes]) -> None:
    """Answer until told to stop."""
    with (
        client(case) as aeron,
        aeron.add_subscription(case.channel, case.stream_id) as subscription,
        aeron.add_exclusive_publication(case.channel, case.stream_id + 1) as publication,
    ):
        offer, poll, view = publication.offer, subscription.poll, words.view

        def reply(buffer: bytes, header: object = None) -> None:
            body = echo(buffer)
            while not offer(body):
                if view[TURN] < 0:
                    return

        ready(words)
        while view[TURN] >= 0:
            for _ in range(1000):
                poll(reply, 1)


def ask_alone(
    case: Case,
    warm_s: float,
    seconds: float,
    encode: Callable[[int], bytes],
    decode: Callable[[bytes], object],
    echo: Callable[[bytes], bytes],
) -> Latencies:
    """Make round trips in one loop that polls both ways.

    Raises:
        ValueError: the answer to another question.
    """
    clock, found, channel = time.perf_counter_ns, Latencies(), case.channel
    with (
        client(case) as aeron,
        aeron.add_subscription(channel, case.stream_id) as there,
        aeron.add_subscription(channel, case.stream_id + 1) as back,
        aeron.add_exclusive_publication(channel, case.stream_id) as questions,
        aeron.add_exclusive_publication(channel, case.stream_id + 1) as answers,
    ):
        for each in (questions, answers, there, back):
            each.await_connected(CONNECT_S)
        offer, offer_back, poll_there, poll_back = questions.offer, answers.offer, there.poll, back.poll
        record, asked, right = found.record, [b""], [False]

        def question(buffer: bytes, header: object = None) -> None:
            body = echo(buffer)
            while not offer_back(body):
                pass

        def reply(buffer: bytes, header: object = None) -> None:
            decode(buffer)
            right[0] = asked[0].startswith(buffer)

        began = start = clock()
        warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
        while start < until:
            number += 1
            start = clock()
            body = encode(number)
            asked[0] = body
            while not offer(body):
                pass
            while not poll_back(reply, 1):
                poll_there(question, 1)
            took = clock() - start
            if not right[0]:
                raise ValueError(f"question {number} got the answer to another")
            if start > warm:
                record(took)
    return found
