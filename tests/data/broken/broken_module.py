"""A module that cannot be imported: it raises."""

RATE = 1 / 0
