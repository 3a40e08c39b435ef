"""The site builds with no network and without a warning, its links hold, and it asks nothing of other hosts."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.docs.links import Found, check_site
from tests.docs.shell import ROOT
from tests.docs.site import built_and_checked

MARKDOWN_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)\s]*)?\)")


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed (extra docs)")
def test_the_site_builds_strictly_without_a_network_and_every_link_holds(tmp_path: Path) -> None:
    found, _ = built_and_checked(tmp_path / "site")
    assert found.wrong == [], "\n".join(found.wrong)
    assert found.pages > 100
    assert found.links > 1000
    assert found.loaded > 100


PAGE = '<html><head>{head}</head><body><h1 id="top">x</h1>{body}</body></html>'


def site(folder: Path, *, head: str = "", body: str = "", css: str = "") -> Found:
    (folder / "index.html").write_text(PAGE.format(head=head, body=body), encoding="utf-8")
    (folder / "other.html").write_text(PAGE.format(head="", body='<a name="old">'), encoding="utf-8")
    (folder / "a.css").write_text(css, encoding="utf-8")
    return check_site(folder)


@pytest.mark.parametrize(
    "body",
    [
        '<a href="other.html">',
        '<a href="other.html#top">',
        '<a href="other.html#old">',
        '<a href="#top">',
        '<a href="/other.html">',
        '<a href=".">',
        '<a href="https://github.com/aeron-io/aeron">',
        '<img src="data:image/png;base64,AAAA">',
    ],
)
def test_a_good_link_holds(tmp_path: Path, body: str) -> None:
    assert site(tmp_path, body=body).wrong == []


@pytest.mark.parametrize(
    ("head", "body", "css", "says"),
    [
        ("", '<a href="gone.html">', "", "'gone.html' is not there"),
        ("", '<a href="other.html#gone">', "", "has no place #gone"),
        ("", '<a href="../secret.html">', "", "leads out of the site"),
        ("", '<a href="ftp://example.org/x">', "", "has the scheme 'ftp'"),
        ("", '<a href="https://nowhere">', "", "is no address"),
        ("", '<img src="gone.png">', "", "which is not in the site"),
        ("", '<img src="//cdn.example.org/x.png">', "", "which is on another host"),
        ('<script src="https://cdn.example.org/x.js"></script>', "", "", "which is on another host"),
        ('<link rel="stylesheet" href="https://fonts.example.org/css">', "", "", "which is on another host"),
        ("<style>@import 'https://fonts.example.org/css';</style>", "", "", "which is on another host"),
        ("", "", "body { background: url(https://example.org/x.png) }", "a.css: loads"),
        ("", "", "@font-face { src: url('gone.woff2') }", "a.css: loads 'gone.woff2', which is not in the site"),
    ],
)
def test_a_bad_one_is_found(tmp_path: Path, head: str, body: str, css: str, says: str) -> None:
    wrong = site(tmp_path, head=head, body=body, css=css).wrong
    assert len(wrong) == 1
    assert says in wrong[0]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_links_of_a_page_beside_the_site_hold(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [found["target"] for found in MARKDOWN_LINK.finditer(text) if "://" not in found["target"]]
    assert [target for target in targets if not (ROOT / target).exists()] == []
    named = re.findall(r"`((?:docs|examples|config|tests|native|tools)/[\w./-]+)`", text)
    real = [path for path in named if "/x/" not in path]  # a mirrored test is named as tests/unit/x/test_y.py
    assert [path for path in real if not (ROOT / path).exists()] == []
