"""What is wrong with the links of a built site: read from its HTML and CSS, with nothing but the files.

* A link inside the site names a file that is there, and its `#anchor` an id of that page.
* What a page loads by itself (scripts, styles, images, fonts, frames) is a file of the site: nothing of another host.
* A link to elsewhere is only looked at: http or https, a host with a dot, no blanks.
"""

from __future__ import annotations

import html.parser
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

__all__ = ["Found", "check_site"]

LOADED = {
    ("script", "src"), ("link", "href"), ("img", "src"), ("img", "srcset"), ("iframe", "src"), ("source", "src"),
    ("audio", "src"), ("video", "src"), ("object", "data"), ("embed", "src"), ("input", "src"),
}  # fmt: skip
NOT_LOADED_RELS = {"canonical", "next", "prev", "alternate", "author", "license", "help", "search"}
STYLE_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
HOST = re.compile(r"^(localhost|127\.0\.0\.1|[a-z0-9-]+(\.[a-z0-9-]+)+)(:\d+)?$", re.IGNORECASE)


class Found(NamedTuple):
    """What a site has, and what is wrong with it, a sentence each."""

    pages: int
    links: int
    loaded: int
    outside: int
    wrong: list[str]


class Page(html.parser.HTMLParser):
    """The ids of a page, where it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.update(values[name] for name in ("id", "name") if values.get(name))
        self._in_style = tag == "style"
        if "style" in values:
            self.loads += styles(values["style"])
        for name, value in values.items():
            if (tag, name) in LOADED and not (tag == "link" and NOT_LOADED_RELS & set(values.get("rel", "").split())):
                self.loads.append(value.split()[0] if name == "srcset" else value)
            elif (tag, name) in {("a", "href"), ("area", "href"), ("form", "action")}:
                self.links.append(value)

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.loads += styles(data)


def styles(text: str) -> list[str]:
    """Return what a style sheet loads."""
    found = [one or other for one, other in STYLE_URL.findall(text)]
    return [one.strip() for one in found if not one.startswith("data:")]


def check_site(site: Path) -> Found:
    """Check every page and style sheet of a built site."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    wrong: list[str] = []
    links = loaded = outside = 0
    for path, page in pages.items():
        where = path.relative_to(site.resolve()).as_posix()
        for target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                outside += 1
                wrong += [f"{where}: {target!r} {why}" for why in _outside(target)]
            else:
                links += 1
                wrong += [f"{where}: {target!r} {why}" for why in _inside(path, target, site.resolve(), pages)]
        for target in page.loads:
            loaded += 1
            wrong += [f"{where}: loads {target!r}, which {why}" for why in _load(path, target, site.resolve())]
    for sheet in sorted(site.rglob("*.css")):
        for target in styles(sheet.read_text(encoding="utf-8")):
            loaded += 1
            why = _load(sheet.resolve(), target, site.resolve())
            wrong += [f"{sheet.relative_to(site)}: loads {target!r}, which {one}" for one in why]
    return Found(len(pages), links, loaded, outside, wrong)


def _place(page: Path, target: str, site: Path) -> Path:
    path = unquote(urlsplit(target).path)
    base = site if path.startswith("/") else page.parent
    found = (base / path.lstrip("/")).resolve() if path else page
    return found / "index.html" if found.is_dir() else found


def _inside(page: Path, target: str, site: Path, pages: dict[Path, Page]) -> list[str]:
    place, anchor = _place(page, target, site), unquote(urlsplit(target).fragment)
    if not place.is_relative_to(site):
        return ["leads out of the site"]
    if not place.is_file():
        return ["is not there"]
    if anchor and place in pages and anchor not in pages[place].ids:
        return [f"has no place #{anchor}"]
    return []


def _load(page: Path, target: str, site: Path) -> list[str]:
    parts = urlsplit(target)
    if parts.scheme == "data":
        return []
    if parts.scheme or parts.netloc:
        return ["is on another host"]
    place = _place(page, target, site)
    return [] if place.is_file() and place.is_relative_to(site) else ["is not in the site"]


def _outside(target: str) -> list[str]:
    parts = urlsplit(target)
    if parts.scheme == "mailto":
        return []
    if parts.scheme not in ("http", "https"):
        return [f"has the scheme {parts.scheme!r}"]
    return [] if HOST.match(parts.netloc) and not re.search(r"\s", target) else ["is no address"]
