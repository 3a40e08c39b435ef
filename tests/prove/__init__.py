"""Proofs of an issue's "Done when": `make prove ISSUE=n LINE=m` runs `line_m()` of `tests/prove/issue_n.py`.

Contract of a line: it takes nothing, returns its figure as one line of text when it holds, and raises `Failed(figure)`
(or AssertionError) when it does not. What it starts it stops, also when it fails.
"""

from __future__ import annotations

__all__ = ["Failed"]


class Failed(Exception):
    """A line does not hold; the text is the figure that says by how much."""
