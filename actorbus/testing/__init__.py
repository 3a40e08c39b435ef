"""The test kit: a topology on an in-process bus with a clock you move, and questions with deadlines.

    import actorbus as ab

    def test_a_halt_is_told() -> None:
        with ab.testing.bus("topology.yaml") as bus:
            bus.publish("bars", bar)
            halt = bus.expect("alerts", Halt, within=1.0)
            bus.clock.advance("1s")

What is real: codec, frames, gap check, dispatch, priorities, supervision, back pressure; every thread. What is not:
Aeron (`driver: {mode: none}`), and the clock of handlers, timers and sources, which stands still until it is advanced.
A handler that raises fails the test when the bus closes, unless `expect_error` took the error.
"""

from actorbus.testing.bus import Bus, bus
from actorbus.testing.clock import BusClock
from actorbus.testing.watch import HandlerError

__all__ = ["Bus", "BusClock", "HandlerError", "bus"]
