"""The inner loop of a stream, written out once per set of handlers and compiled.

Why generated: one call site per handler keeps CPython's inline caches hot and costs no table, no tuple and no loop per
message (docs/performance.md has the figures). Types and functions are defaults of parameters, so that each is a local
variable (6 ns a message against a closure's). What it generates for two types and three handlers:

    def loop(messages, meta, fail, T0=T0, T1=T1, f0=f0, f1=f1, f2=f2, type=type):
        for m in messages:
            t = type(m)
            if t is T0:
                try: f0(m)
                except BaseException as e: fail(0, m, e)
                try: f1(m, meta)
                except BaseException as e: fail(1, m, e)
            elif t is T1:
                ...
            else: unrouted(m)

`fail(call index, message, exception)` settles a handler's error. If it raises, the loop ends there: the dispatcher
does so to rebuild the loop, and goes on with what is left in the iterator. Beyond `DIRECT_TYPES` types a table takes
over, so that many kinds do not slow the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from actorbus.dispatch.meta import Meta
from actorbus.dispatch.routes import Call

__all__ = ["DIRECT_TYPES", "Loop", "build_loop"]

DIRECT_TYPES = 8
"""Types tested one after the other before the table: a test costs 6 ns, the table 20 (measured)."""

Fail = Callable[[int, object, BaseException], None]
Loop = Callable[[Iterator[object], Meta, Fail], None]


def _nobody(_messages: Iterator[object], _meta: Meta, _fail: Fail) -> None:
    """The loop of a stream whose messages nobody takes here: mailboxes and batch handlers have them."""


def _calls_source(numbers: Sequence[int], calls: Sequence[Call], indent: str) -> list[str]:
    lines: list[str] = []
    for number in numbers:
        arguments = "m, meta" if calls[number].takes_meta else "m"
        lines += [
            f"{indent}try:",
            f"{indent}    f{number}({arguments})",
            f"{indent}except BaseException as e:",
            f"{indent}    fail({number}, m, e)",
        ]
    return lines or [f"{indent}pass"]


def build_loop(calls_by_type: Mapping[type, Sequence[Call]]) -> tuple[Loop, list[Call]]:
    """Compile the loop; returns it with the calls that `fail`'s index counts.

    Raises nothing for a message of a type that is not in the mapping: it is skipped (the native part already counted
    it as unwanted before it was decoded).
    """
    if not any(calls_by_type.values()):
        return _nobody, []
    calls: list[Call] = []
    names: dict[str, Any] = {}
    body: list[str] = []
    numbered: list[tuple[type, list[int]]] = []
    for message_type, its_calls in calls_by_type.items():
        numbers = list(range(len(calls), len(calls) + len(its_calls)))
        calls += its_calls
        numbered.append((message_type, numbers))
    scope: dict[str, Any] = {f"f{number}": call.function for number, call in enumerate(calls)}
    for position, (message_type, numbers) in enumerate(numbered[:DIRECT_TYPES]):
        names[f"T{position}"] = message_type
        names.update({f"f{number}": scope[f"f{number}"] for number in numbers})
        body.append(f"        {'el' if position else ''}if t is T{position}:")
        body += _calls_source(numbers, calls, " " * 12)
    table: dict[type, Callable[[object, Meta, Fail], None]] = {}
    source: list[str] = []
    if len(numbered) > DIRECT_TYPES:
        body += ["        else:", "            table[t](m, meta, fail)"]
        names["table"] = table
        for position, (_, numbers) in enumerate(numbered[DIRECT_TYPES:]):
            defaults = "".join(f", f{number}=f{number}" for number in numbers)
            source += [f"def one{position}(m, meta, fail{defaults}):", *_calls_source(numbers, calls, " " * 4)]
    defaults = ", ".join(f"{name}={name}" for name in (*names, "type"))
    source += [
        f"def loop(messages, meta, fail, {defaults}):",
        "    for m in messages:",
        "        t = type(m)",
        *body,
    ]
    scope.update(names)
    text = "\n".join(source)
    exec(compile(text, "<actorbus loop>", "exec"), scope)  # noqa: S102 - the text is made of numbers above, never of input
    table.update({message_type: scope[f"one{n}"] for n, (message_type, _) in enumerate(numbered[DIRECT_TYPES:])})
    loop: Loop = scope["loop"]
    return loop, calls
