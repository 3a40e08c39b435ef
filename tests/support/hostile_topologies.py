"""Files that mean harm to a reader of topologies: 200 and more, each with a name, the same ones for the same seed."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from pathlib import Path

__all__ = ["hostile_files"]

LIMIT = 128 * 1024
VALID = Path(__file__).resolve().parents[1] / "data" / "valid.yaml"
HEAD = "version: 1\nname: x\n"


def hostile_files(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield `count` files, those made by hand first, then random ones, none longer than the limit and a little."""
    made = [(name, text.encode("utf-8", "surrogatepass")) for name, text in _texts()]
    made += list(_bytes())
    chance = random.Random(seed)
    number = 0
    while len(made) < count:
        made.append((f"random {number}", _random(chance)))
        number += 1
    yield from made[:count]


def _fill(part: str, head: str = "", tail: str = "") -> str:
    """Return head, as many parts as fit, and tail: just within the limit."""
    room = LIMIT - len((head + tail).encode("utf-8", "surrogatepass"))
    return head + part * (room // len(part.encode("utf-8", "surrogatepass"))) + tail


def _texts() -> Iterator[tuple[str, str]]:
    yield from _deep()
    yield from _aliases()
    yield from _wide()
    yield from _scalars()
    yield from _syntax()
    yield from _meaning()


def _deep() -> Iterator[tuple[str, str]]:
    for name, part in (
        ("flow lists", "["), ("flow mappings", "{"), ("nested keys", "{a: "), ("flow lists in lines", "[\n"),
        ("dashes", "- "), ("question marks", "? "), ("mixed", "[{a: "), ("empty keys", "{? "), ("closing", "]"),
        ("pairs", "[a: "), ("colons", ": "), ("anchored lists", "&a ["), ("tagged lists", "!t ["),
    ):  # fmt: skip
        yield f"deep: {name}", _fill(part)
        yield f"deep under security: {name}", _fill(part, f"{HEAD}security: ")
    yield "deep by indentation", "".join(f"{' ' * depth}a:\n" for depth in range(500))
    yield "exactly 32 deep", f"{HEAD}security: " + "{a: " * 30 + "1" + "}" * 30
    yield "exactly 33 deep", f"{HEAD}security: " + "{a: " * 32 + "1" + "}" * 32
    yield "closed flow lists", "[" * 60_000 + "]" * 60_000


def _aliases() -> Iterator[tuple[str, str]]:
    for width in (2, 9, 40):
        lines = [f"a0: &a0 [{','.join('x' * width)}]"]
        lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]" for n in range(1, 60)]
        yield f"bomb of lists, {width} wide", "\n".join(lines)
        lines = ["a0: &a0 {x: 1}"]
        lines += [f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(width))}}}" for n in range(1, 60)]
        yield f"bomb of mappings, {width} wide", "\n".join(lines)
    yield "bomb of texts", f"a: &a '{'x' * 100_000}'\n" + "".join(f"b{n}: *a\n" for n in range(100))
    yield (
        "bomb of streams",
        (
            f"{HEAD}streams:\n  a: &a {{stream_id: 1, messages: [{', '.join(['Bra'] * 150)}]}}\n"
            + "".join(f"  b{n}: *a\n" for n in range(99))
        ),
    )
    yield "101 aliases", "a: &a 1\n" + "".join(f"b{n}: *a\n" for n in range(101))
    yield "100 aliases", f"{HEAD}security:\n  a: &a 1\n" + "".join(f"  b{n}: *a\n" for n in range(100))
    yield "own alias", "a: &a [*a]"
    yield "a circle of aliases", "a: &a [*b]\nb: &b [*a]"
    yield "an alias as a key", "a: &a x\n*a : 1"
    yield "many anchors", _fill("a: &anchor 1\n")
    yield "one anchor again and again", "".join(f"k{n}: &a {n}\n" for n in range(9_000))
    yield "a long anchor", f"a: &{'x' * 130_000} 1"
    yield "a long alias", f"a: *{'x' * 130_000}"
    yield "anchors in anchors", _fill("&a ")


def _wide() -> Iterator[tuple[str, str]]:
    yield "many keys", "".join(f"k{n}: 1\n" for n in range(12_000))
    yield "many misspelt keys", HEAD + "".join(f"handler{n}: 1\n" for n in range(8_000))
    yield "many streams", f"{HEAD}streams:\n" + "".join(f"  s{n}: {{stream_id: {n}}}\n" for n in range(5_000))
    yield "many streams of one id", f"{HEAD}streams:\n" + "".join(f"  s{n}: {{stream_id: 1}}\n" for n in range(5_000))
    yield (
        "many channels",
        f"{HEAD}streams:\n"
        + "".join(f'  s{n}: {{stream_id: {n}, channel: "aeron:udp?endpoint=h:{n}|x=1"}}\n' for n in range(2_000)),
    )
    yield (
        "many sockets",
        (
            f"{HEAD}streams:\n"
            + "".join(
                f'  s{n}: {{stream_id: 1, channel: "aeron:udp?endpoint=h:{n + 1}", messages: [Bar]}}\n'
                for n in range(1_500)
            )
            + f"handlers: {{h: {{class: count, streams: [{', '.join(f's{n}' for n in range(1_500))}]}}}}\n"
        ),
    )
    yield (
        "many handlers",
        f"{HEAD}handlers:\n" + "".join(f"  h{n}: {{stream: s, class: count}}\n" for n in range(4_000)),
    )
    yield (
        "many handlers of one stream",
        (
            f"{HEAD}streams: {{s: {{stream_id: 1, messages: [Bar]}}}}\nhandlers:\n"
            + "".join(f"  h{n}: {{stream: s, class: count}}\n" for n in range(3_500))
        ),
    )
    yield (
        "many handlers after each other",
        (
            f"{HEAD}streams: {{s: {{stream_id: 1, messages: [Bar]}}}}\nhandlers:\n"
            + "".join(
                f"  h{n}: {{stream: s, class: count, dispatch: mailbox, after: [h{n + 1}]}}\n" for n in range(1_500)
            )
        ),
    )
    everywhere = ", ".join(f"s{m}" for m in range(60))
    yield (
        "many loops",
        (
            f"{HEAD}streams:\n"
            + "".join(f"  s{n}: {{stream_id: {n}, messages: [Bar]}}\n" for n in range(60))
            + "handlers:\n"
            + "".join(f"  h{n}: {{streams: [{everywhere}], class: count, publishes: {{o: s{n}}}}}\n" for n in range(60))
        ),
    )
    yield (
        "many modules",
        f"{HEAD}handlers:\n" + "".join(f"  h{n}: {{stream: s, class: 'no_such_module_{n}:H'}}\n" for n in range(2_500)),
    )
    yield "many items", f"{HEAD}pollers: {{p: {{streams: [{'s,' * 19_000}]}}}}"
    yield "a flow mapping of empties", f"{HEAD}security: {{{'a,' * 60_000}}}"
    yield "a flow list of empties", f"{HEAD}security: [{',' * 120_000}]"
    yield "a flow list of lists", f"{HEAD}security: [{'[],' * 40_000}]"
    yield "duplicate keys", _fill("a: 1\n")
    yield "duplicate sections", _fill("streams: {}\n", HEAD)
    yield "empty keys", _fill(": 1\n")
    yield "comments", _fill("#\n")
    yield "one comment", _fill("#")
    yield "blank lines", _fill("\n")
    yield "blanks", _fill(" ")
    yield "documents", _fill("---\n")
    yield "document ends", _fill("...\n")
    yield "directives", _fill("%a\n")
    yield "tag directives", "".join(f"%TAG !t{n}! tag:x,{n}:\n" for n in range(4_500)) + "---\na: 1\n"


def _scalars() -> Iterator[tuple[str, str]]:
    for name, part in (
        ("digits", "9"), ("hexadecimal", "f"), ("zeros", "0"), ("underscores", "1_"), ("points", "1."), ("signs", "-"),
        ("letters", "x"), ("dollars", "$"), ("dollar braces", "${"), ("defaults", "${A:-"), ("variables", "${A:-x}"),
        ("escaped dollars", "$${"), ("quotes", "''"), ("exclamation marks", "!"), ("stars", "*"), ("umlauts", "\u00e4"),
        ("emoji", "\U0001f600"), ("combining", "\u0301"), ("right to left", "\u202e"), ("zero width", "\u200b"),
        ("line separators", "\u2028"), ("next lines", "\u0085"), ("tildes", "~"), ("backslashes", "\\"), ("at", "@"),
    ):  # fmt: skip
        yield f"name of {name}", _fill(part, "version: 1\nname: ")
        yield f"id of {name}", _fill(part, f"{HEAD}streams: {{s: {{stream_id: ", "}}")
    for key in (
        "stream_id: 0x" + "f" * 100_000,
        "stream_id: 1e" + "9" * 100_000,
        "stream_id: 0." + "0" * 100_000 + "1",
    ):
        yield f"number {key[:16]}", f"{HEAD}streams: {{s: {{{key}}}}}"
    yield "a duration of digits", f"{HEAD}supervision: {{within: {'9' * 100_000}s}}"
    yield "a size of digits", f"{HEAD}streams: {{s: {{stream_id: 1, batch: {{max_bytes: {'9' * 100_000}k}}}}}}"
    yield "a folded text", f"{HEAD}security: >\n" + "  x\n" * 30_000
    yield "a literal text", f"{HEAD}security: |9\n" + " " * 100_000
    yield "a quoted text of lines", f'{HEAD}security: "' + "\n x" * 40_000 + '"'
    yield "escapes", f'{HEAD}security: "' + "\\u0041" * 20_000 + '"'
    yield "surrogate escapes", f'{HEAD}security: "' + "\\ud800" * 20_000 + '"'
    yield "a long key", f"{'x' * 130_000}: 1"
    yield "a long quoted key", f"'{'x' * 130_000}': 1"
    yield "a long key of a stream", f"{HEAD}streams: {{{'x' * 1_000}: {{}}}}"
    yield "a long channel", f"{HEAD}streams: {{s: {{stream_id: 1, channel: 'aeron:ipc?{'x=1|' * 30_000}'}}}}"
    yield "a long class", f"{HEAD}handlers: {{h: {{class: '{'a.' * 60_000}:B'}}}}"
    yield "a class of colons", f"{HEAD}handlers: {{h: {{class: '{':' * 120_000}'}}}}"
    yield "a long message", f"{HEAD}streams: {{s: {{stream_id: 1, messages: ['{'x' * 120_000}']}}}}"
    yield "a long profile", f"{HEAD}profile: {'x' * 120_000}\n"
    yield "a profile of folders", f"{HEAD}profile: {'../' * 40_000}x.yaml\n"
    yield "a profile that never ends", f"{HEAD}profile: /dev/zero\n"
    yield "a long directory", f"{HEAD}driver: {{directory: /{'x/' * 60_000}}}"


def _syntax() -> Iterator[tuple[str, str]]:
    yield from {
        "nul": "a: \0",
        "bell": "a: \x07",
        "escape": "a: \x1b[31m",
        "surrogate": "a: \ud800",
        "mark in the middle": "a: \ufeff1",
        "two marks": "\ufeff\ufeffversion: 1",
        "tab": "a:\n\t- b",
        "tabs": "\t" * 100_000,
        "an object": "!!python/object/apply:os.system [ls]",
        "a module": "name: !!python/module:antigravity x",
        "a name": "name: !!python/name:os.system x",
        "a set": "name: !!set {a, b}",
        "an ordered map": "name: !!omap [a: 1]",
        "a binary": "name: !!binary aGVsbG8=",
        "an own tag": "name: !include /etc/passwd",
        "a verbatim tag": "name: !<tag:yaml.org,2002:python/object:os.system> x",
        "a long tag": f"name: !{'x' * 120_000} x",
        "merge": "name: {<<: {b: 1}}",
        "merge of a list": "name: {<<: [{b: 1}, {c: 2}]}",
        "a list as a key": "? [a, b]\n: 1",
        "a mapping as a key": "? {a: b}\n: 1",
        "version of YAML": "%YAML 9.9\n---\na: 1",
        "old version of YAML": "%YAML 1.0\n---\na: 1",
        "windows": HEAD.replace("\n", "\r\n") * 2,
        "old macintosh": HEAD.replace("\n", "\r"),
        "line separator": "version: 1\u2028name: x",
        "next line": "version: 1\u0085name: x",
        "no end of line": "version: 1",
        "only a mark": "\ufeff",
        "two documents": f"{HEAD}---\n{HEAD}",
        "a document that ends": f"{HEAD}...\n{HEAD}",
        "an open quote": 'a: "',
        "an open list": f"{HEAD}streams: [",
    }.items()


def _meaning() -> Iterator[tuple[str, str]]:
    for name in ("os:system", "builtins:exit", "__main__:__builtins__", "os.path:join", "sys:modules", "actorbus:Node"):
        yield (
            f"class {name}",
            f"{HEAD}streams: {{s: {{stream_id: 1}}}}\nhandlers: {{h: {{stream: s, class: '{name}'}}}}",
        )
    yield "overrides nothing", f"{HEAD}__class__: x\n__init__: {{}}\n"
    yield (
        "options of dunders",
        (
            f"{HEAD}streams: {{s: {{stream_id: 1, messages: [Bar]}}}}\n"
            "handlers: {h: {stream: s, class: count, options: {__class__: x, self: 1, cls: 2}}}"
        ),
    )
    yield "the environment twice", f"{HEAD}profile: ${{A:-${{B:-c}}}}\n"


def _bytes() -> Iterator[tuple[str, bytes]]:
    head = HEAD.encode()
    yield "empty", b""
    yield "128 KiB", head + b"#" * (LIMIT - len(head))
    yield "128 KiB and one", head + b"#" * (LIMIT - len(head) + 1)
    yield "a mebibyte", b"a: 1\n" * 200_000
    yield "zeros", b"\0" * LIMIT
    yield "all ones", b"\xff" * LIMIT
    yield "latin", head + b"# caf\xe9\n"
    yield "a cut character", head + b"# \xf0\x9f\x98"
    yield "an overlong slash", head + b"# \xc0\xaf\n"
    yield "UTF-16", HEAD.encode("utf-16")
    yield "UTF-32", HEAD.encode("utf-32")
    yield "gzip", b"\x1f\x8b\x08\x00" + bytes(range(256)) * 100
    yield "ELF", b"\x7fELF" + bytes(1_000)


def _random(chance: random.Random) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, LIMIT))
    if kind == 1:
        marks = "[]{},:?-&*!|>'\"%@`#~$<= \n" + string.ascii_lowercase[:4]
        return "".join(chance.choices(marks, k=chance.randrange(10, 60_000))).encode()
    valid = bytearray(VALID.read_bytes())
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(valid))
        if kind == 2:
            valid[at] = chance.randrange(256)
        else:
            valid[at:at] = valid[chance.randrange(len(valid)) :][: chance.randrange(400)]
    return bytes(valid)
