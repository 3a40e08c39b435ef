"""Reports as one self-contained HTML page: no script, no file beside it, readable in light and dark. Pure functions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from html import escape
from types import ModuleType
from typing import cast

from actorbus.bench import chart, peers
from actorbus.bench.digest import HEAD, UNITS, amount, cells, where
from actorbus.bench.record import Report, Result

__all__ = ["html"]

STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#24292f;background:#fff}
h1{margin-bottom:.2em} h2{margin-top:2.2em;border-bottom:1px solid #d0d7de} h3{margin-bottom:.3em}
table{border-collapse:collapse;font-size:13px;width:100%}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid #eaeef2}
th:nth-child(-n+3),td:nth-child(-n+3){text-align:left} svg{width:100%;height:auto}
.warning{background:#fff8c5;border:1px solid #d4a72c66;padding:.3em .8em;margin:.4em 0}
.skipped{color:#57606a;font-size:13px}
pre{background:#f6f8fa;padding:.8em;overflow:auto;font-size:12px}
"""
_COUNT = re.compile(r", (\d+) (handlers|streams|kinds)")


def html(reports: Sequence[Report]) -> str:
    """Return the page."""
    first = reports[0]
    body = [
        "<h1>actorbus bench</h1>",
        f"<p>{escape(where(first))}. {escape(', '.join(f'{name} {v}' for name, v in first.versions.items()))}.</p>",
        "<p>Compare only inside one drawing: same processes, turn by turn. The line through a bar is min to max.</p>",
        *(_section(report) for report in reports),
        _code(sorted({name for report in reports for name in report.peers})),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>actorbus bench</title><style>{STYLE}</style>'
        f"<body>{''.join(body)}</body></html>\n"
    )


def _section(report: Report) -> str:
    name = escape(report.scenario)
    parts = [f'<h2 id="{name}">{name}</h2><p>{escape(report.about)}. Runs: {report.runs}; {report.seconds:g} s.</p>']
    parts += [f'<p class="warning">{escape(warning)}</p>' for warning in report.warnings]
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        groups.setdefault((result.metric, result.case), []).append(result)
    for (metric, case), results in groups.items():
        title = f"{case}: {UNITS.get(metric, metric)}" if case else UNITS.get(metric, metric)
        parts.append(f"<h3>{escape(title)}</h3>{_drawing(title, metric, results)}")
    rows = [cells(result) for result in report.results]
    filled = [place for place in range(len(HEAD)) if place < 6 or any(row[place] for row in rows)]
    head = "".join(f"<th>{escape(HEAD[place])}</th>" for place in filled)
    lines = "".join("<tr>" + "".join(f"<td>{escape(row[place])}</td>" for place in filled) + "</tr>" for row in rows)
    parts.append(f"<details><summary>figures</summary><table><tr>{head}</tr>{lines}</table></details>")
    parts += [f'<p class="skipped">not run: {escape(what)}: {escape(why)}</p>' for what, why in report.skipped.items()]
    return "".join(parts)


def _drawing(title: str, metric: str, results: Sequence[Result]) -> str:
    counts = [(_COUNT.search(result.system), result) for result in results]
    if metric == "msgs_per_s" and all(found for found, _ in counts):
        line = [(float(found[1]), 1e9 / result.median) for found, result in counts if found and result.median]
        return chart.scaling(title, {"actorbus": line}, "ns a message")
    bars = [
        (f"{result.system} {result.note}".strip(), result.min, result.median, result.max, amount(metric, result.median))
        for result in results
    ]
    drawn = chart.bars(title, bars)
    curves = {result.system: result.percentiles_ns for result in results if result.percentiles_ns}
    return drawn if not curves else chart.percentile_curves(title, curves) + drawn


def _code(systems: Sequence[str]) -> str:
    """Show what each system was measured with."""
    parts = ["<h2>The programs</h2>"]
    for name in systems:
        module = peers.find(name)
        source = escape(inspect.getsource(cast("ModuleType", module)))
        parts += [
            f"<h3>{escape(name)}</h3><p>{escape(module.ABOUT)}</p>",
            f"<details><summary>code</summary><pre>{source}</pre></details>",
        ]
    return "".join(parts)
