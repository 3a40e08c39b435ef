"""Reports as one self-contained HTML page: no script, no file beside it, in light and in dark. Pure functions.

Each drawing has the code behind it: the functions and classes that ran, of both sides of each system in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from actorbus.bench import axes, chart, peers
from actorbus.bench.chart import Bar, Point
from actorbus.bench.digest import UNITS, arrived, facts, filled, made_by, sentence, versions_of, where
from actorbus.bench.record import Report, Result

__all__ = ["html"]

HOW_TO_READ = (
    "Compare only inside one drawing: the same processes, turn by turn. Point at a mark for its figure. Below a "
    "drawing: the code that ran, of both sides."
)

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1f2328;--soft:#59636e;--grid:#e2e6ea;--card:#f6f8fa;--edge:#d1d9e0;
--warn:#fff8c5;--warned:#d4a72c}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9198a1;--grid:#2a313c;--card:#161b22;
--edge:#3d444d;--warn:#332b00;--warned:#9e7700}}
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:var(--fg);
background:var(--bg)}
h1{margin-bottom:.2em} h2{margin-top:2.4em;border-bottom:1px solid var(--edge)} h3{margin:1.6em 0 .2em}
a{color:inherit} nav a{margin-right:.9em;white-space:nowrap}
.wide{overflow-x:auto} table{border-collapse:collapse;font-size:13px;width:100%}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid var(--edge)} td{white-space:nowrap}
th:nth-child(-n+3),td:nth-child(-n+3){text-align:left} svg{width:100%;height:auto;display:block}
.warning{background:var(--warn);border:1px solid var(--warned);border-radius:4px;padding:.2em .8em;margin:.4em 0}
.soft,.skipped{color:var(--soft);font-size:13px} ul{margin:.3em 0;padding-left:1.3em}
details{margin:.4em 0} summary{cursor:pointer;color:var(--soft)}
pre{background:var(--card);border:1px solid var(--edge);border-radius:4px;padding:.8em;overflow:auto;font-size:12px}
"""


def html(reports: Sequence[Report]) -> str:
    """Return the page."""
    first = reports[0]
    links = "".join(f'<a href="#{escape(report.scenario)}">{escape(report.scenario)}</a>' for report in reports)
    body = [
        "<h1>actorbus bench</h1>",
        f"<p>{escape(made_by(reports, of=len(reports)))} {escape(where(first))}. {escape(versions_of(reports))}.</p>",
        f'<p class="soft">{HOW_TO_READ}</p>',
        f"<nav>{links}</nav>",
        *(_section(report) for report in reports),
        _systems(reports),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>actorbus bench</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}{axes.style()}</style><body>{''.join(body)}</body></html>\n"
    )


def _section(report: Report) -> str:
    name = escape(report.scenario)
    parts = [f'<h2 id="{name}">{name}</h2><p>{escape(report.about)}; {report.seconds:g} s.</p>']
    parts += [f'<p class="warning">{escape(warning)}</p>' for warning in report.warnings]
    parts += [
        f'<p class="warning">missing, and of every report: {escape(what)}: {escape(why)}</p>'
        for what, why in report.lacking.items()
    ]
    parts += [f'<p class="soft">{escape(words)}</p>' for words in (arrived(report), facts(report)) if words]
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        if result.metric != "ratio":
            groups.setdefault((result.case, result.metric), []).append(result)
    told: set[str] = set()
    for (case, metric), results in groups.items():
        title = f"{case}: {UNITS.get(metric, metric)}" if case else UNITS.get(metric, metric)
        parts.append(f"<h3>{escape(title)}</h3>{_drawing(title, case, metric, results)}")
        if case not in told:
            parts.append(_ratios([each for each in report.results if each.metric == "ratio" and each.case == case]))
            told.add(case)
        parts.append(_code(results))
    parts.append(_ratios([each for each in report.results if each.metric == "ratio" and each.case not in told]))
    head, rows = filled(report)
    names = "".join(f"<th>{escape(word)}</th>" for word in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    table = f'<div class="wide"><table><tr>{names}</tr>{lines}</table></div>'
    parts.append(f"<details><summary>all figures</summary>{table}</details>")
    parts += [f'<p class="skipped">not run: {escape(what)}: {escape(why)}</p>' for what, why in report.skipped.items()]
    return "".join(parts)


def _ratios(results: Sequence[Result]) -> str:
    if not results:
        return ""
    return f"<ul>{''.join(f'<li>{escape(sentence(result))}</li>' for result in results)}</ul>"


def _named(result: Result) -> str:
    return f"{result.system} ({result.note})" if result.note else result.system


def _drawing(title: str, case: str, metric: str, results: Sequence[Result]) -> str:
    counted = [result for result in results if result.at is not None and result.median > 0]
    if metric == "msgs_per_s" and len(counted) == len(results):
        series: dict[str, list[Point]] = {}
        for result in counted:
            point = Point(
                float(result.at or 0), 1e9 / result.max, 1e9 / result.median, 1e9 / (result.min or result.median)
            )
            series.setdefault(result.system.split(",")[0], []).append(point)
        return chart.scaling(title, "message_ns", case, series)
    drawn = chart.bars(title, metric, [Bar(_named(each), each.min, each.median, each.max) for each in results])
    curves = {_named(result): result.percentiles_ns for result in results if result.percentiles_ns}
    return chart.percentile_curves(title, metric, curves) + drawn if curves else drawn


def _code(results: Sequence[Result]) -> str:
    """Show the functions that ran, each once, with the systems they are of."""
    users: dict[str, list[str]] = {}
    for result in results:
        for name in result.ran:
            users.setdefault(name, []).append(result.system)
    if not users:
        return ""
    parts: list[str] = []
    for name, systems in users.items():
        file, source = peers.code_of(name)
        whose = ", ".join(dict.fromkeys(systems))
        parts.append(f"<p>{escape(whose)}: <code>{escape(file)}</code></p><pre>{escape(source)}</pre>")
    return f"<details><summary>the code that ran ({len(users)} pieces)</summary>{''.join(parts)}</details>"


def _systems(reports: Sequence[Report]) -> str:
    """Say what each system does and does not do."""
    known = {name: words for report in reports for name, words in report.peers.items()}
    rows = "".join(f"<li><b>{escape(name)}</b>: {escape(words)}</li>" for name, words in known.items())
    return f"<h2>What each system does and does not do</h2><ul>{rows}</ul>"
