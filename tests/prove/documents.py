"""Issue 5, lines 5 and 6: what we show is strictly typed, the face is documented, the site holds together."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from tests.prove import Failed

__all__ = ["line_5", "line_6"]


def line_5() -> str:
    """Strict types over the examples, templates and pages, by both checkers; docstrings of the public face."""
    from tests.meta import test_docstrings as docstrings
    from tests.support import docrules
    from tests.typing import test_mypy as mypy
    from tests.typing import test_programs as programs

    found = list(docstrings.face())
    lacking = [text for one in found for text in docrules.missing(one)]
    numbers = [(name, said) for path in docstrings.files_of_the_face() for name, said in docrules.constants(path)]
    silent = [name for name, said in numbers if not said]
    if lacking or silent:
        full = len(found) - len({text.split(":", 1)[0] for text in lacking})
        raise Failed(f"{full} of {len(found)} public names documented: {'; '.join([*lacking, *silent])[:2000]}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        blocks = programs.write_blocks(folder)
        shown = mypy.PROGRAMS
        wrong = [*programs.check(folder), *programs.check_files(shown)]
        wrong += mypy.check_programs(folder / "cache")
    if wrong:
        raise Failed(f"{len(wrong)} errors of types: {'; '.join(wrong)[:2000]}")
    kinds = Counter("member" if one.owner else "name" for one in found)
    return (
        f"{len(found)} of {len(found)} (100 %) public docstrings complete ({kinds['name']} names, {kinds['member']} "
        f"members), {len(numbers)} constants with a source; {len(shown)} examples and templates strict in basedpyright "
        f"and mypy, {blocks} Python blocks of pages in basedpyright: 0 errors"
    )


def line_6() -> str:
    """Build the site without a network, warnings as errors, and follow every link of it."""
    from tests.docs.site import built_and_checked, figure

    with tempfile.TemporaryDirectory() as place:
        found, isolated = built_and_checked(Path(place) / "site")
    if found.wrong:
        raise Failed(f"{len(found.wrong)} links are wrong: {'; '.join(found.wrong)[:2000]}")
    if not isolated:
        raise Failed("the network could not be taken away here (unshare --net): the build had dead proxies only")
    return figure(found, isolated=isolated)
