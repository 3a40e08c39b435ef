"""Option types shared by the verbs."""

from __future__ import annotations

from typing import override

import click

from actorbus.errors import InvalidValue
from actorbus.units import duration_ns

__all__ = ["DURATION", "DurationType"]


class DurationType(click.ParamType[int]):
    """A duration with its unit, as in a topology: 100ms, 5s. The value is nanoseconds."""

    name = "duration"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return duration_ns(str(value))
        except InvalidValue as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()
