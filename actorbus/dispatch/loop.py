"""The inner loop of a stream, and the step around it, written out once per set of handlers and compiled.

Why generated: one call site per handler keeps CPython's inline caches hot and costs no table, no tuple and no loop per
message, and one function for a whole batch no calls around it: of one message alone, those were two thirds of what it
cost (docs/performance.md). Types and functions are defaults of parameters, so that each is a local variable. The loop
for two types and three handlers:

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

`fail(call index, message, exception)` settles a handler's error. If it raises, the loop ends there: the dispatcher
does so to rebuild the loop, and goes on with what is left in the iterator. Beyond `DIRECT_TYPES` types a table takes
over, so that many kinds do not slow the last one.

A step has the same lines inside: `STEP` below is what is around them, where all handlers of a stream are in the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from actorbus.dispatch.meta import Meta, Standing
from actorbus.dispatch.routes import Call

__all__ = ["DIRECT_TYPES", "Loop", "Step", "Tools", "build_loop", "build_step"]

DIRECT_TYPES = 8
"""Types tested one after the other before the table: a test costs 6 ns, the table 20 (measured)."""

Fail = Callable[[int, object, BaseException], None]
Loop = Callable[[Iterator[object], Meta, Fail], None]
Step = Callable[..., int]
"""Takes one batch; returns how many messages, or what else was done. Its first three parameters are for rehearsals."""

STEP = """\
def step(poll=poll, decode=decode, standing=standing, port=port, meta=meta, fail=fail, type=type{defaults}):
    count = poll()
    if count <= 0:
        return idle(count)
    try:
        messages = decode(port)
    except Exception:
        undecoded(count)
        return count
    if len(messages) != count:
        mismatched(len(messages), count)
    left = iter(messages)
    standing.left = left
    standing.count = count
    standing.messages = messages
    standing.until_trace -= 1
    try:
        if not standing.until_trace:
            trace(left)
{loop}
    except Left:
        go_on(left)
    finally:
        standing.left = None
        standing.messages = ()
        standing.batches += 1
    return count
"""


class Tools(NamedTuple):
    """What a step is made of: the port's and the dispatcher's."""

    poll: Callable[[], int]
    decode: Callable[[Any], Sequence[object]]
    standing: Standing
    port: object
    meta: Meta
    fail: Fail
    idle: Callable[[int], int]
    """Nothing was polled, or notices; returns how much was done."""
    undecoded: Callable[[int], None]
    """One of so many messages cannot be decoded."""
    mismatched: Callable[[int, int], None]
    """There are not as many messages as records: raises."""
    trace: Callable[[Iterator[object]], None]
    """Takes the first message out of its turn."""
    Left: type[Exception]
    """A handler left: raised by `fail` and `trace`."""
    go_on: Callable[[Iterator[object]], None]
    """Handles the rest of the batch without it."""


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
    calls, names, body, source, scope = _lines(calls_by_type)
    defaults = ", ".join(f"{name}={name}" for name in (*names, "type"))
    source += [f"def loop(messages, meta, fail, {defaults}):", "    for m in messages:", "        t = type(m)", *body]
    return _compiled(source, scope)["loop"], calls


def build_step(calls_by_type: Mapping[type, Sequence[Call]], tools: Tools) -> Step:
    """Compile a step with the loop inside, for handlers that are `build_loop`'s."""
    _, names, body, source, scope = _lines(calls_by_type)
    lines = [" " * 8 + line for line in ("for m in left:", "    t = type(m)")] + [" " * 4 + line for line in body]
    defaults = "".join(f", {name}={name}" for name in names)
    source.append(STEP.format(defaults=defaults, loop="\n".join(lines)))
    return _compiled(source, scope | tools._asdict())["step"]


def _lines(
    calls_by_type: Mapping[type, Sequence[Call]],
) -> tuple[list[Call], list[str], list[str], list[str], dict[str, Any]]:
    """Return the calls, the names the loop wants as locals, its lines, those before it, and what all names mean."""
    calls: list[Call] = []
    names: list[str] = []
    body: list[str] = []
    numbered: list[tuple[type, list[int]]] = []
    for message_type, its_calls in calls_by_type.items():
        numbers = list(range(len(calls), len(calls) + len(its_calls)))
        calls += its_calls
        numbered.append((message_type, numbers))
    scope: dict[str, Any] = {f"f{number}": call.function for number, call in enumerate(calls)}
    for position, (message_type, numbers) in enumerate(numbered[:DIRECT_TYPES]):
        scope[f"T{position}"] = message_type
        names += [f"T{position}", *(f"f{number}" for number in numbers)]
        body.append(f"        {'el' if position else ''}if t is T{position}:")
        body += _calls_source(numbers, calls, " " * 12)
    source: list[str] = []
    if len(numbered) > DIRECT_TYPES:
        body += ["        else:", "            table[t](m, meta, fail)"]
        names.append("table")
        for position, (_, numbers) in enumerate(numbered[DIRECT_TYPES:]):
            defaults = "".join(f", f{number}=f{number}" for number in numbers)
            source += [f"def one{position}(m, meta, fail{defaults}):", *_calls_source(numbers, calls, " " * 4)]
        rest = enumerate(numbered[DIRECT_TYPES:])
        table = ", ".join(f"T{DIRECT_TYPES + position}: one{position}" for position, _ in rest)
        scope |= {f"T{DIRECT_TYPES + n}": kind for n, (kind, _) in enumerate(numbered[DIRECT_TYPES:])}
        source.append(f"table = {{{table}}}")
    return calls, names, body, source, scope


def _compiled(source: Sequence[str], scope: dict[str, Any]) -> dict[str, Any]:
    text = "\n".join(source)
    exec(compile(text, "<actorbus loop>", "exec"), scope)  # noqa: S102 - the text is made of numbers above, never of input
    return scope
