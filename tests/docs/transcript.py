"""The README's part for users, done word for word in a bare environment that has only the wheel.

Rules:
* The part is from the heading `## Use it` to the next heading. Its blocks are done in order, in one shell session.
* A `python` or `yaml` block begins with `# name` and is a file of that name in the folder the session is in.
* In a `console` block a line `$ command` is given to bash as it stands; the lines up to the next `$` are all that it
  prints, stdout and stderr. `…` stands for anything within a line; a line `…` for any number of lines. A command ends
  with 0 unless it says `# exits with N`.
* Nothing else is done: what the README forgets to say is missing here too.
"""

from __future__ import annotations

import re
import shutil
from typing import NamedTuple

from tests.docs.pages import Command
from tests.docs.shell import FENCE, ROOT, Snippet
from tests.support.wheels import Bare, built

__all__ = ["Said", "follow", "matches", "users_part"]

HEADING = "## Use it\n"
MARK = "--- end of command"
ANYTHING = "…"


class Said(NamedTuple):
    """A command of the README with what it promises, and what came."""

    command: Command
    exit_code: int
    output: list[str]


def commands(block: Snippet) -> list[Command]:
    """Return the commands of a console block, each with all lines under it but the last empty ones."""
    pieces = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    parted = [piece.rstrip("\n").split("\n") for piece in pieces]
    return [Command(lines[0], lines[1:]) for lines in parted]


def users_part() -> list[Snippet]:
    """Return the blocks of the README's part for users, in order."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    part = readme.split(HEADING, 1)[1].split("\n## ", 1)[0]
    assert part.count("```") == 2 * len(FENCE.findall(part)), "a block of the part for users says no language"
    return [Snippet(found["language"], found["text"]) for found in FENCE.finditer(part)]


def script(blocks: list[Snippet]) -> str:
    """Return the part as one script of bash, a MARK with the exit code after each command."""
    lines: list[str] = []
    for block in blocks:
        if block.language == "console":
            for command in commands(block):
                lines += [command.text, f"printf '\\n{MARK} %s\\n' $?"]
        else:
            assert block.name is not None, f"a {block.language} block without a file's name: {block.text[:60]!r}"
            lines.append(f"cat >{block.name} <<'END OF FILE'\n{block.text}END OF FILE")
    return "\n".join(lines)


def matches(promised: list[str], output: list[str]) -> bool:
    """Return whether the output is what was promised, line by line."""
    if not promised:
        return not output
    if promised[0] == ANYTHING:
        return any(matches(promised[1:], output[skipped:]) for skipped in range(len(output) + 1))
    pattern = ".*".join(re.escape(piece) for piece in promised[0].rstrip().split(ANYTHING))
    return bool(output) and re.fullmatch(pattern, output[0].rstrip()) is not None and matches(promised[1:], output[1:])


def follow(environment: Bare) -> list[Said]:
    """Do the part in a bare environment to which the wheel is copied; return what each command said.

    Raises:
        AssertionError: a command did not end, or did not print, as the README says; names it and shows both.
    """
    blocks = users_part()
    wanted = [command for block in blocks if block.language == "console" for command in commands(block)]
    shutil.copy2(built().wheel, environment.folder)
    printed = environment.run(script(blocks))
    pieces = re.split(rf"\n?^{MARK} (\d+)\n", printed, flags=re.MULTILINE)
    done = [Said(*each) for each in zip(wanted, map(int, pieces[1::2]), map(_lines, pieces[::2]), strict=False)]
    for command, exit_code, output in done:
        both = "\n".join(["the README says:", *command.promised, f"what came (exit code {exit_code}):", *output])
        assert exit_code == command.exit_code, f"$ {command.text}\n{both}"
        assert matches(command.promised, output), f"$ {command.text}\n{both}"
    assert len(done) == len(wanted), f"the session ended early: {printed[-2000:]}"
    return done


def _lines(text: str) -> list[str]:
    return text.rstrip("\n").split("\n") if text.strip() else []
