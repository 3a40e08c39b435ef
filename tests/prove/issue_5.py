"""Issue 5: declared and explained (topologies, command line, documents). CI runs the small versions."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.prove import Failed


def line_2() -> str:
    """Validate, complete and explain the shipped topologies in yaml-language-server, with our schema."""
    from tests.support.language_server import missing
    from tests.system.editor import in_an_editor

    if (why := missing()) is not None:
        raise Failed(why)
    with tempfile.TemporaryDirectory() as folder:
        return in_an_editor(Path(folder))
