"""`range_alarm`: publishes an `Event` when a bar's range exceeds a share of its close."""

from __future__ import annotations

import actorbus as ab
from actorbus_handlers.options import member

__all__ = ["RangeAlarm"]

MILLION = 1_000_000


class RangeAlarm(ab.Handler):
    """Watches bars; when `high - low` is more than `share` of `close`, its output `alerts` gets an `Event`.

    Options:
        share: part of the close, above 0: `0.1` alarms when the range is wider than 10 %.
        severity: of the event: info, warning, and so on, as `ab.Severity` names them.

    Compared in integers (the share in millionths), so the same bars give the same alarms everywhere.
    """

    alerts = ab.Output(ab.Event)

    def __init__(self, *, share: float = 0.1, severity: str = "warning") -> None:
        self.share_ppm = round(share * MILLION)
        if self.share_ppm < 1:
            raise ab.UsageError(f"share is {share}", hint="give 0.000001 or more: 0.1 is 10 % of the close")
        self.severity = member(ab.Severity, "severity", severity)
        self.alarms = 0

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        """Compare one bar's range with its close."""
        width = message.high - message.low
        if width * MILLION <= abs(message.close) * self.share_ppm:
            return
        percent = f"{100 * width / abs(message.close):.1f} %" if message.close else "any share"
        self.alarms += 1
        self.alerts.publish(
            ab.Event(
                kind="range",
                source=self.name,
                severity=self.severity,
                text=f"range is {percent} of close, above {self.share_ppm / 10_000:g} %",
                symbol=message.symbol,
                event_time_ns=message.event_time_ns,
            )
        )
