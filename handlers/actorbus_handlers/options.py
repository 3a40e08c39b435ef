"""Options that several of the shelf read alike: an enum's member by its name."""

from __future__ import annotations

from enum import Enum

import actorbus as ab

__all__ = ["member"]


def member[E: Enum](kind: type[E], option: str, name: str) -> E:
    """Return the member of an enum that an option names, in lower case or as it is written.

    Raises:
        UsageError: it has no such member; the text lists those it has.
    """
    found = {known.name.lower(): known for known in kind}.get(name.lower())
    if found is None:
        known = ", ".join(each.name.lower() for each in kind)
        raise ab.UsageError(f"{option} is {name!r}", hint=f"give one of {known}")
    return found
