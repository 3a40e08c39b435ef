"""`actorbus init [TEMPLATE] DIR`: starts a project: a topology, its classes, and the schema for editors.

Templates are data, `config/templates/*`, shipped with the wheel. Nothing that is there is overwritten.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from actorbus.cli.columns import left_aligned
from actorbus.cli.schema import SCHEMA_FILE
from actorbus.errors import EXIT_DONE, EXIT_INPUT_WRONG, UsageError
from actorbus.topology.profiles import config_directory
from actorbus.topology.report import one_of
from actorbus.topology.schema import schema_text

__all__ = ["DEFAULT", "TEMPLATES", "command", "template_files"]

TEMPLATES: Final = {
    "minimal": "a message, a source and a handler",
    "market-data": "quotes and trades in, spreads and bars out",
    "orders": "orders, risk, executions, positions",
    "fastapi": "a web application around a node",
    "notebook": "a Jupyter notebook, with and without a topology",
}
STARTS: Final = {
    "fastapi": ("fastapi run app.py", "python -m pip install 'fastapi[standard]'"),
    "notebook": ("jupyter lab notebook.ipynb", "python -m pip install jupyterlab"),
}
"""What starts the projects that `actorbus run` does not start, and what that needs."""
DEFAULT: Final = "minimal"
NAME_IN_TEMPLATES: Final = "project-name"


def _templates(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in TEMPLATES if name.startswith(incomplete)]


@click.command("init")
@click.argument("names", nargs=-1, metavar="[TEMPLATE] DIR", shell_complete=_templates)
@click.option("--list", "only_list", is_flag=True, help="List the templates.")
def command(names: tuple[str, ...], only_list: bool) -> int:
    """Start a project in the new or empty folder DIR from a TEMPLATE (default: minimal)."""
    if only_list:
        print(left_aligned(list(TEMPLATES.items())))
        return EXIT_DONE
    if not 1 <= len(names) <= 2:
        raise click.UsageError(f"give a folder, and a template before it: {', '.join(TEMPLATES)}")
    template, folder = (names[0], Path(names[1])) if len(names) == 2 else (DEFAULT, Path(names[0]))
    if template not in TEMPLATES:
        raise click.UsageError(f"there is no template {template!r}; {one_of(template, TEMPLATES)}")
    taken = [name for name, _ in _made(template, folder) if (folder / name).exists()]
    if taken:
        what = f"{folder} already has {', '.join(taken)}"
        print(UsageError(what, hint="nothing was changed; name another folder").format_text(), file=sys.stderr)
        return EXIT_INPUT_WRONG
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _made(template, folder):
        (folder / name).write_text(text, encoding="utf-8")
        print(f"made {folder / name}")
    print(f"now: cd {shlex.quote(str(folder))} && actorbus check topology.yaml && {_start(template)}")
    return EXIT_DONE


def _start(template: str) -> str:
    if template not in STARTS:
        return "actorbus run topology.yaml --until-idle 1s"
    command, needs = STARTS[template]
    return f"{command}    # needs: {needs}"


def template_files(template: str) -> list[Path]:
    """Return the files of a template."""
    folder = config_directory() / "templates" / template
    return sorted(path for path in folder.iterdir() if path.is_file())


def _made(template: str, folder: Path) -> Iterator[tuple[str, str]]:
    name = _topology_name(folder)
    for path in template_files(template):
        yield path.name, path.read_text(encoding="utf-8").replace(NAME_IN_TEMPLATES, name)
    yield SCHEMA_FILE, schema_text()


def _topology_name(folder: Path) -> str:
    """Return a name that a topology may have, made from the folder's."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name)[:64].strip("-.")
    return name if re.match(r"[A-Za-z_]", name) else f"project-{name}".rstrip("-")
