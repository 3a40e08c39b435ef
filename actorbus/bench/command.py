"""`actorbus bench SCENARIO`: measure, print a table, write JSON and HTML.

The command line finds this verb by name (actorbus/cli/main.py), so that it does not import the bench; of it the bench
takes the line that shows progress.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from actorbus.bench import digest, hold, page
from actorbus.bench.peers import PEERS, RECORDERS
from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import SCENARIOS, run
from actorbus.cli.completion import one_of_list
from actorbus.cli.progress import progress
from actorbus.errors import EXIT_DONE, EXIT_FAILED

__all__ = ["FULL", "HOLD", "QUICK", "QUICK_SCENARIOS", "command"]

FILE = click.Path(dir_okay=False, path_type=Path)
FULL = Effort(soak_messages=100_000_000)
QUICK = Effort(rounds=3, turn_s=0.06, runs=1, seconds=0.5, soak_messages=1_000_000, journal_bytes=1 << 28, quick=True)
KNOWN = (*PEERS, *RECORDERS)
HOLD = Effort(
    rounds=25, turn_s=0.08, runs=3, seconds=1.0, journal_bytes=1 << 30,
    systems=("floor", "pyaeron", "pyaeron+msgspec", "java-archive"),
)  # fmt: skip
QUICK_SCENARIOS = (
    "publish", "publish-many", "receive", "latency", "throughput", "fan-out", "streams", "kinds", "metrics", "memory",
)  # fmt: skip


@click.command("bench")
@click.argument("scenario", type=click.Choice([*SCENARIOS, "all", "hold"]))
@click.option("--json", "json_file", type=FILE, help="Write the figures there.")
@click.option("--html", "html_file", type=FILE, help="Write a page of curves there.")
@click.option("--markdown", "page_file", type=FILE, help="Write tables there.")
@click.option(
    "--peers",
    "systems",
    metavar="P,...",
    shell_complete=one_of_list(list(KNOWN)),
    help=f"Only these beside actorbus: {', '.join(KNOWN)}; or none.",
)
@click.option("--quick", is_flag=True, help="Fewer, shorter turns: shows that it runs, ratios mean little.")
def command(
    scenario: str,
    json_file: Path | None,
    html_file: Path | None,
    page_file: Path | None,
    systems: str | None,
    quick: bool,
) -> int:
    """Measure SCENARIO here and now, beside its peers. `all` runs everything, `hold` the rows that must hold."""
    effort = HOLD if scenario == "hold" else QUICK if quick else FULL
    if systems is not None:
        effort = msgspec.structs.replace(effort, systems=chosen(systems))
    names = hold.SCENARIOS if scenario == "hold" else [scenario]
    if scenario == "all":
        names = QUICK_SCENARIOS if quick else list(SCENARIOS)
    reports: list[Report] = []
    with progress("bench", len(names), unit="scenarios") as work:
        for name in names:
            reports.append(run(name, effort, lambda what, name=name: work.tell(f"{name}: {what}")))
            work.wipe()
            print(digest.text(reports[-1]), flush=True)
            work.advance()
    values = [msgspec.to_builtins(report) for report in reports]
    if json_file is not None:
        json_file.write_text(json.dumps(values[0] if len(values) == 1 else values, indent=1) + "\n", encoding="utf-8")
    if html_file is not None:
        html_file.write_text(page.html(reports), encoding="utf-8")
    if page_file is not None:
        page_file.write_text(digest.markdown(reports), encoding="utf-8")
    if scenario == "hold":
        rows = hold.judge(reports)
        print(hold.text(rows), flush=True)
        return EXIT_DONE if all(row.holds for row in rows) else EXIT_FAILED
    return EXIT_DONE if any(report.results for report in reports) else EXIT_FAILED


def chosen(text: str) -> tuple[str, ...]:
    """Return the systems of a list; empty for `none`.

    Raises:
        click.BadParameter: one is not known.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip() and name.strip() != "none")
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: the bench knows {', '.join(KNOWN)}", param_hint="--peers")
    return names
