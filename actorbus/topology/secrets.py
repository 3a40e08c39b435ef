"""Secrets never stand in a topology: keys are given by reference, `file:PATH`, `env:NAME` or `provider:NAME`."""

from __future__ import annotations

import re

from actorbus.topology.report import Report
from actorbus.topology.tree import Path, Tree

__all__ = ["may_be_secret", "refuse_secrets"]

_SECRET_KEY = re.compile(r"(^|_)(key|keys|secret|password|passphrase|token|psk|private)($|_)", re.IGNORECASE)
_REFERENCE = re.compile(r"^(file|env|provider|vault|keyring|kms)(:|$)", re.IGNORECASE)
_LITERAL = re.compile(r"^(hex:|base64:|0x)|^[0-9a-fA-F]{32,}$|^[A-Za-z0-9+/_-]{40,}={0,2}$|-----BEGIN ")
HIDDEN = "(hidden)"


def refuse_secrets(root: Tree, report: Report) -> None:
    """Report literal keys (AB1601) in `security` and in the codecs of streams; their values are never repeated."""
    places: list[tuple[Path, Tree]] = []
    if (security := root.child("security")) is not None:
        places += security.walk(("security",))
    for name, stream in ((root.child("streams") or Tree({})).mapping or {}).items():
        if (codec := stream.child("codec")) is not None:
            places += codec.walk(("streams", name, "codec"))
    for path, node in places:
        if isinstance(node.value, str) and _is_literal(path, node.value):
            report.add(
                "AB1601",
                "a secret must not stand in the file",
                path=path,
                value=HIDDEN,
                hint="give a reference: file:PATH or env:NAME; and change this secret, it was written down",
            )


def may_be_secret(line: str) -> bool:
    """Whether a line of a file that could not be read may hold a secret: then it is not repeated."""
    words = re.findall(r"[^\s:,'\"{}\[\]]+", line)
    return any(_SECRET_KEY.search(word) or _LITERAL.search(word) for word in words)


def _is_literal(path: Path, value: str) -> bool:
    if _REFERENCE.search(value) or any(isinstance(step, str) and _REFERENCE.fullmatch(step) for step in path[-1:]):
        return False
    named = any(isinstance(step, str) and _SECRET_KEY.search(step) for step in path[1:])
    return bool(named or _LITERAL.search(value))
