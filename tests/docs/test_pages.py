"""Every block of the pages of docs/ that says what it is works, from the top of the page to its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import actorbus as ab
from tests.docs.pages import Page, blocks, unseen
from tests.docs.shell import ROOT

DOCS = ROOT / "docs"
MADE = ("reference", "errors")
"""Made from the code; the examples of errors/ are run by tests/unit/topology/test_catalogue.py."""
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name not in MADE)
RUN = [page for page in PAGES if any(block.language in ("python", "yaml", "console") for block in blocks(page))]
WITH_A_NODE = {"statistics-format.md"}
"""Their snippets look at processes that run."""


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_a_page_works_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    if page.name in WITH_A_NODE:
        spec = {"version": 1, "name": "bars", "streams": {"bars": {"stream_id": 1, "messages": ["Bar"]}}}
        with ab.Node.from_dict(spec):
            _walk(page, tmp_path)
    else:
        _walk(page, tmp_path)


def _walk(page: Path, folder: Path) -> None:
    walked = Page(folder)
    try:
        for block in blocks(page):
            walked.run(block)
    finally:
        walked.close()


def test_the_pages_that_show_code_are_among_those_that_run() -> None:
    assert {"tutorial", "index", "messages", "handlers", "processes", "shell", "embed", "deploy"} <= {
        page.stem for page in RUN
    }


def test_promised_lines_match_aligned_columns_and_anything() -> None:
    assert unseen(["a ... c", "x  y"], "a  b  c\nx y\n") == []
    assert unseen(["a b"], "ab") == ["a b"]


def test_every_decision_has_its_page_with_its_price() -> None:
    pages = sorted((DOCS / "adr").glob("D*.md"))
    assert [page.stem for page in pages] == [f"D{number:02}" for number in range(1, 15)]
    for page in pages:
        assert re.findall(r"^## (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE) == [
            "Problem",
            "Choice",
            "Price",
        ]


def test_every_block_says_its_language_so_that_none_is_overlooked() -> None:
    """A fence without a language, or an indented block, would be shown and never run."""
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^\s*```", text, re.MULTILINE)
        assert len(fences) == 2 * len(list(blocks(page))), f"{page.name}: a fence without a language, or indented"
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        indented = re.findall(r"\n\n( {4,}\S.*)", outside)
        assert indented == [], f"{page.name}: an indented block {indented[0]!r} is never run; fence it"


def test_no_page_is_lost() -> None:
    """Every page is in the site's menu, or in a list of pages that is."""
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES:
        name = page.relative_to(DOCS).as_posix()
        assert name in menu or name.startswith("adr/D"), f"{name} is not in mkdocs.yml"
