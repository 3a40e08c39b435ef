"""`actorbus check FILE`: every problem of a topology at once, and the shared memory it needs. Starts nothing."""

from __future__ import annotations

import json

import click

from actorbus.errors import EXIT_DONE, EXIT_INPUT_WRONG
from actorbus.topology.check import Checked, check_file

__all__ = ["command"]


@click.command("check")
@click.argument("file")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Text, or one JSON object.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--app-dir", metavar="D", help="First on sys.path instead of the topology's folder.")
def command(file: str, form: str, strict: bool, app_dir: str | None) -> int:
    """Tell every problem of the topology FILE, and its shared-memory budget. Exits with 2 when there is an error."""
    checked = check_file(file, app_dir=app_dir)
    errors = sum(problem.is_error for problem in checked.problems)
    warnings = len(checked.problems) - errors
    print(_json(file, checked, errors, warnings) if form == "json" else _text(file, checked, errors, warnings))
    return EXIT_INPUT_WRONG if errors or (strict and warnings) else EXIT_DONE


def _json(file: str, checked: Checked, errors: int, warnings: int) -> str:
    budget = checked.facts.budget if checked.facts is not None else None
    return json.dumps(
        {
            "file": file,
            "errors": errors,
            "warnings": warnings,
            "problems": [problem.to_dict() for problem in checked.problems],
            "memory": None if budget is None else budget.to_dict(),
        },
        indent=2,
    )


def _text(file: str, checked: Checked, errors: int, warnings: int) -> str:
    lines = [problem.format_text() for problem in checked.problems]
    budget = checked.facts.budget if checked.facts is not None else None
    if budget is not None:
        lines += [f"shared memory{' of what is right so far' if errors else ''}:", budget.format_text()]
    counts = [_counted(errors, "error"), _counted(warnings, "warning")]
    lines.append(f"{file}: " + (", ".join(counts) if errors or warnings else "no problems"))
    return "\n".join(lines)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
