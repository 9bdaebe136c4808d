"""Make one HTML page of whole runs, with nothing to fetch: diagram, timeline, data and journal."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from .assets import asset
from .record import ReportRun, pack
from .svg import Marks, style_css, to_svg
from .text import one_line, xml

FACTS = 5_000
"""A report shows at most this many journal rows of a run: the first and the last ones."""


def to_html(
    runs: ReportRun | Sequence[ReportRun],
    *,
    title: str = "Run report",
    note: str = "",
    facts_limit: int = FACTS,
) -> str:
    """A self-contained page that steps through the runs; several runs become tabs.

    Its content security policy lets only its own script run and nothing be loaded. All texts of
    the runs are escaped. Raises `NotInstalled` where graphviz is missing.
    """
    shown = [runs] if isinstance(runs, ReportRun) else list(runs)
    script = asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{xml(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{xml(one_line(title))}</title>",
        f"<style>\n{asset('report.css')}\n{style_css()}</style>\n</head>\n<body>",
        '<div class="page">',
        f"<header><div><h1>{xml(one_line(title))}</h1><p>{xml(note)}</p></div>",
        '<button id="theme" class="theme" type="button">Theme: auto</button></header>',
        "<noscript><p>This page needs its own script to step through the runs; the diagrams "
        "below show where each run ended.</p></noscript>",
    ]
    if len(shown) > 1:
        parts.append(_tabs([run.title for run in shown], "runs", "Runs"))
    for number, run in enumerate(shown):
        parts.extend(_run(run, number, len(shown) > 1, facts_limit))
    parts.append(
        '<p class="hint">Keys: <kbd>←</kbd> <kbd>→</kbd> one step, <kbd>Page up</kbd> '
        "<kbd>Page down</kbd> twenty, <kbd>Home</kbd> <kbd>End</kbd>, <kbd>Space</kbd> play.</p>"
    )
    parts.append(f"</div>\n<script>{script}</script>\n</body>\n</html>\n")
    return "\n".join(parts)


def _tabs(titles: Sequence[str], ident: str, label: str) -> str:
    tabs = "".join(
        f'<button type="button" role="tab" id="tab-{number}" aria-controls="run-{number}" '
        f'aria-selected="{str(number == 0).lower()}" tabindex="{0 if number == 0 else -1}">'
        f"{xml(one_line(title))}</button>"
        for number, title in enumerate(titles)
    )
    return f'<div id="{ident}" class="tabs" role="tablist" aria-label="{label}">{tabs}</div>'


def _run(run: ReportRun, number: int, several: bool, facts_limit: int) -> Iterator[str]:
    role = f' role="tabpanel" aria-labelledby="tab-{number}"' if several else ""
    yield f'<section class="run" id="run-{number}"{role}>'
    yield _about(run, several)
    yield _timeline(len(run.steps))
    last = run.steps[-1] if run.steps else {}
    marks = Marks(active=last.get("state") or (), taken=last.get("taken") or ())
    yield '<div class="grid"><div class="card"><div class="bar"><h2>Diagram</h2>'
    yield '<button data-part="zoom" type="button" aria-pressed="false">Full size</button></div>'
    yield '<div class="picture" data-part="picture" tabindex="0" aria-label="Diagram">'
    yield to_svg(run.chart, marks, standalone=False)
    yield f"</div></div>{_INSPECTOR}</div>"
    yield _LISTS.format(steps=len(run.steps), facts=len(run.facts), refused=len(run.refused))
    yield f'<script type="application/json">{pack(run, facts_limit=facts_limit)}</script>'
    yield "</section>"


def _about(run: ReportRun, several: bool) -> str:
    chart = run.chart
    facts = {"Run": run.title} if not several else {}
    facts |= {
        "Machine": f"{one_line(chart.name)} {one_line(chart.version)}".strip(),
        "Steps": f"{len(run.steps):,}",
        "Refused events": f"{len(run.refused):,}",
        "Journal facts": f"{len(run.facts):,}",
        "Chart": chart.hash[:12],
    }
    facts |= {str(key): str(value) for key, value in run.about.items()}
    items = "".join(
        f"<div><dt>{xml(one_line(key))}</dt><dd>{xml(one_line(value)[:300])}</dd></div>"
        for key, value in facts.items()
    )
    return f'<dl class="about">{items}</dl>'


def _timeline(count: int) -> str:
    steer = "".join(
        f'<button type="button" data-part="{part}" aria-label="{label}" title="{label}">'
        f'<svg viewBox="0 0 14 14" aria-hidden="true">{icon}</svg></button>'
        for part, (label, icon) in _ICONS.items()
    )
    return (
        f'<div class="card" role="group" aria-label="Timeline"><div class="steer">{steer}'
        f'<input type="range" data-part="slide" min="0" max="{max(0, count - 1)}" value="0" '
        'aria-label="Step"><output data-part="place"></output></div>'
        '<div class="lanes" aria-hidden="true"><ul data-part="lanes"></ul>'
        '<div class="plot" data-part="plot"><canvas data-part="canvas"></canvas>'
        '<div class="now" data-part="now"></div></div><div class="span" data-part="span"></div>'
        "</div></div>"
    )


_ICONS = {
    "first": ("First step", '<path d="M1 2h2v10H1zM13 2v10L4 7z"/>'),
    "back": ("Step back", '<path d="M11 2v10L3 7z"/>'),
    "play": (
        "Play",
        '<path class="go" d="M3 1l9 6-9 6z"/><path class="pause" d="M2 1h4v12H2zM8 1h4v12H8z"/>',
    ),
    "next": ("Next step", '<path d="M3 2v10l8-5z"/>'),
    "last": ("Last step", '<path d="M11 2h2v10h-2zM1 2v10l9-5z"/>'),
}

_INSPECTOR = """\
<div class="card" aria-label="Step" role="group">
<div class="what" data-part="what" aria-live="polite"></div>
<div class="when" data-part="when"></div>
<div class="part"><h2>Now in</h2><ul class="chips" data-part="state"></ul></div>
<div class="part"><h2>Transitions taken</h2><ul class="chips" data-part="taken"></ul></div>
<div class="part"><h2>Effects asked for</h2><ul class="chips" data-part="effects"></ul></div>
<div class="part"><h2>Event data</h2><pre data-part="event" tabindex="0"></pre></div>
<div class="part"><h2>Data after the step</h2><div class="scroll" tabindex="0"><table class="data">
<caption class="sr">Data after the step; changed fields are highlighted</caption>
<tbody data-part="data"></tbody></table><p data-part="nodata" class="count">No data.</p></div></div>
</div>"""

_LISTS = """\
<div class="card"><div class="bar">
<div class="tabs" role="tablist" aria-label="Lists" data-part="kinds">
<button type="button" role="tab" aria-selected="true">Steps ({steps:,})</button>
<button type="button" role="tab" aria-selected="false" tabindex="-1">Journal ({facts:,})</button>
<button type="button" role="tab" aria-selected="false" tabindex="-1">Refused ({refused:,})</button>
</div><span class="count" data-part="count" aria-live="polite"></span>
<input type="search" data-part="filter" placeholder="Filter" aria-label="Filter rows"></div>
<div class="list" data-part="list" tabindex="0" aria-label="Rows"></div></div>"""
