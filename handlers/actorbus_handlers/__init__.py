"""The shelf: ready-made sources and handlers, built from the public names of `actorbus` alone.

A topology names them by their entry point, in the group `actorbus.handlers`:

    csv_replay   source: bars of a CSV file, at original speed, n times, or as fast as possible
    count        counts every message by type
    print        prints messages, one line each
    bars         makes longer bars out of bars: every n of a symbol, or by period (5m, 1h, 1d, 1w)
    range_alarm  publishes an Event when a bar's range exceeds a share of its close
    row_check    finds gaps, repeats and disorder by the row number that a message carries itself

If our own shelf can be built from the public names, so can yours: each file is an example to start from.
"""

from __future__ import annotations

from actorbus_handlers.bars import Bars
from actorbus_handlers.count import Count
from actorbus_handlers.csv_replay import CsvReplay
from actorbus_handlers.printer import Print
from actorbus_handlers.range_alarm import RangeAlarm
from actorbus_handlers.row_check import RowCheck

__all__ = ["Bars", "Count", "CsvReplay", "Print", "RangeAlarm", "RowCheck"]
