"""What a driver process of ours runs: an embedded driver that lives as long as its parent's pipe.

See driver_process.py for the talk. Exit codes: 0 closed in order, 1 it did not start (the answer said why).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import msgspec

from actorbus.errors import ActorBusError
from actorbus.transport.driver import EmbeddedDriver
from actorbus.transport.driver_process import Answer, Order

__all__ = ["main"]


class _Terminated(BaseException):
    """SIGTERM: leave the read and close."""


def _on_terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def main() -> None:
    """Read the order, start, answer, wait for the end of stdin, close."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        code = _serve()
    except _Terminated:
        code = 0
    sys.exit(code)


def _serve() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    settings = order.settings.with_(inherit_environment=True, environment={})  # it was chosen by the parent
    driver = EmbeddedDriver(order.directory, settings)
    try:
        driver.start()
    except ActorBusError as error:
        _answer(Answer(False, type(error).__name__, error.what, error.where, error.why, error.hint))
        return 1
    try:
        _answer(Answer(True, notes=driver.notes))
        while os.read(sys.stdin.fileno(), 4096):
            pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        driver.close()
    return 0


def _answer(answer: Answer) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent is gone: the end of stdin comes next
        os.write(sys.stdout.fileno(), msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    main()
