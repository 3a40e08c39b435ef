"""Raises what a module with a mistake in its syntax raises; the linters could not read the module itself."""

from __future__ import annotations

_ = compile("class Range(:\n    pass\n", __file__, "exec")
