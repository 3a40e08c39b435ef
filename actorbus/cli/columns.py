"""Plain aligned text: columns of rows, and sizes as people read them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["left_aligned", "shown_bytes"]

_KIB = 1024


def left_aligned(rows: Sequence[Sequence[str]], *, right: Collection[int] = (), indent: str = "") -> str:
    """Return rows with their columns aligned to the left, those whose numbers are in `right` to the right."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        indent
        + "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def shown_bytes(size: int) -> str:
    """Return a size with the largest unit that leaves a number: `12 B`, `64.0 KiB`, `3.0 MiB`."""
    if size < _KIB:
        return f"{size} B"
    number = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        number /= _KIB
        if number < _KIB or unit == "GiB":
            return f"{number:,.1f} {unit}"
    raise AssertionError("the loop returns at its last unit")
