"""`actorbus bench SCENARIO`: measure, print tables, write JSON, HTML and Markdown.

The command line finds this verb by name (actorbus/cli/main.py), so that it does not import the bench.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import override

import click
import msgspec

from actorbus.bench import digest, hold
from actorbus.bench.outputs import Outputs
from actorbus.bench.peers import MUST, PEERS, RECORDERS
from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import SCENARIOS, Interrupted, expected_s, run
from actorbus.bench.show import Shown
from actorbus.cli.completion import one_of_list
from actorbus.errors import EXIT_DONE, EXIT_FAILED

__all__ = ["FULL", "HOLD", "QUICK", "QUICK_SCENARIOS", "chosen", "command"]

FILE = click.Path(dir_okay=False, path_type=Path)
FULL = Effort(soak_messages=100_000_000)
QUICK = Effort(
    rounds=3, turn_s=0.06, forks=1, seconds=0.4, soak_messages=1_000_000, journal_bytes=1 << 28, kind="quick",
    systems=(*MUST, "pyaeron+struct", "pyaeron+numpy"),
)  # fmt: skip
KNOWN = (*PEERS, *RECORDERS)
HOLD = Effort(
    rounds=27, turn_s=0.08, seconds=1.0, journal_bytes=1 << 30, kind="hold",
    systems=("floor", "pyaeron", "pyaeron+msgspec", "pyaeron+struct", "pyaeron+numpy", "java-archive"),
)  # fmt: skip
QUICK_SCENARIOS = (
    "publish", "publish-many", "receive", "latency", "one-way", "throughput", "fan-out", "streams", "kinds", "metrics",
    "memory",
)  # fmt: skip
GROUPS = {"all": "every scenario (about an hour; with --quick some of them, 90 s)",
          "hold": "the rows that must hold, judged (10 minutes)"}  # fmt: skip


class BenchCommand(click.Command):
    """Lists the scenarios in its help, a line each."""

    @override
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list."""
        rows = [(name, scenario.about) for name, scenario in SCENARIOS.items()]
        with formatter.section("Scenarios"):
            formatter.write_dl([*GROUPS.items(), *rows])


@click.command("bench", cls=BenchCommand)
@click.argument("scenario", metavar="SCENARIO", type=click.Choice([*SCENARIOS, *GROUPS]))
@click.option("--json", "json_file", type=FILE, help="Write the figures there.")
@click.option("--html", "html_file", type=FILE, help="Write a page of drawings there, with the programs that ran.")
@click.option("--markdown", "page_file", type=FILE, help="Write tables there.")
@click.option(
    "--peers",
    "systems",
    metavar="P,...",
    shell_complete=one_of_list(list(KNOWN)),
    help=f"Only these beside actorbus: {', '.join(KNOWN)}; or none.",
)
@click.option("--quick", is_flag=True, help="Fewer, shorter turns, no optional peers; ratios mean little.")
def command(
    scenario: str,
    json_file: Path | None,
    html_file: Path | None,
    page_file: Path | None,
    systems: str | None,
    quick: bool,
) -> int:
    """Measure SCENARIO here and now, beside what else a Python user would take.

    Files are written anew after each scenario, also when Ctrl-C ends the run.
    """
    effort = HOLD if scenario == "hold" else QUICK if quick else FULL
    if systems is not None:
        effort = msgspec.structs.replace(effort, systems=chosen(systems))
    names: Sequence[str] = hold.SCENARIOS if scenario == "hold" else [scenario]
    if scenario == "all":
        names = QUICK_SCENARIOS if quick else list(SCENARIOS)
    outputs = Outputs(json_file, html_file, page_file, scenarios=len(names), many=scenario in GROUPS)
    reports = _measured(names, effort, outputs)
    if scenario == "hold":
        rows = hold.judge(reports)
        print(hold.text(rows), flush=True)
        return EXIT_DONE if all(row.holds for row in rows) else EXIT_FAILED
    return _verdict(reports)


def _measured(names: Sequence[str], effort: Effort, outputs: Outputs) -> list[Report]:
    """Run scenarios and print each report; the files have all there is after each, and at a Ctrl-C."""
    reports: list[Report] = []
    shown = Shown({name: expected_s(name, effort) for name in names})
    try:
        for name in names:
            shown.begin(name)
            reports.append(run(name, effort, shown.tell))
            shown.end()
            print(digest.text(reports[-1]), flush=True)
            outputs.write(reports)
    except Interrupted as stop:
        shown.wipe()
        outputs.write([*reports, stop.report])
        print(digest.text(stop.report), flush=True)
        raise
    finally:
        shown.wipe()
    return reports


def _verdict(reports: Sequence[Report]) -> int:
    """Return the exit code, and say why when it is not 0."""
    lacking = {name: why for report in reports for name, why in report.lacking.items()}
    empty = [report.scenario for report in reports if not report.results]
    for name, why in lacking.items():
        click.echo(f"{name} is of every report, and could not run: {why}", err=True)
    for name in empty:
        click.echo(f"{name}: nothing was measured; `not run` above says why", err=True)
    return EXIT_FAILED if lacking or empty else EXIT_DONE


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
