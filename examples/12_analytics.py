"""Analytics in the application's own loop: moving averages over batches, while the stream goes on.

Prints:
    after 5: mean 12.0
    after 10: mean 17.0
    after 15: mean 22.0
    after 20: mean 27.0
"""

from __future__ import annotations

from collections import deque
from statistics import fmean

import actorbus as ab


class Reading(ab.Message, type_id=1001):
    """One measured value."""

    sensor: str
    value: float


WINDOW = 5
with ab.quick() as node:
    node.stream("readings", Reading)
    with node.subscribe("readings", Reading) as readings:
        node.publisher("readings", Reading).publish_many(Reading("t1", 10.0 + number) for number in range(20))
        window: deque[float] = deque(maxlen=WINDOW)
        for seen, reading in enumerate(readings, 1):
            window.append(reading.value)
            if seen % WINDOW == 0:
                print(f"after {seen}: mean {fmean(window)}")
            if seen == 20:
                break
