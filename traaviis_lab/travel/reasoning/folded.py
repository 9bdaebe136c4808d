"""A tree of reasons as HTML that folds, without a script, in light and in dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traaviis_lab.views.text import xml

OPEN = 3  # so many levels are open at first

STYLE = """
.tr-why{font:13px/1.5 system-ui,sans-serif;color:inherit;max-width:70em}
.tr-why details,.tr-why .tr-leaf{margin-left:1.1em}
.tr-why summary{cursor:pointer;margin-left:-1.1em}
.tr-why b{font-weight:600}
.tr-why .tr-seq{display:inline-block;font:11px/1.4 ui-monospace,monospace;opacity:.75;
border:1px solid;border-radius:3px;padding:0 .35em;margin-right:.5em;white-space:nowrap}
.tr-why .tr-kind{opacity:.6;margin-left:.6em;font-size:11px}
.tr-why code{font:12px ui-monospace,monospace;background:rgba(128,128,128,.16);
border-radius:3px;padding:0 .25em;color:inherit}
.tr-why p{margin:.5em 0 .2em}
.tr-why ul{margin:.1em 0 .4em;padding-left:1.3em}
"""


def folded(
    title: str,
    tree: Sequence[dict[str, Any]],
    run: str,
    notes: Sequence[str] = (),
    sections: Sequence[tuple[str, Sequence[str]]] = (),
) -> str:
    """The page part: a title, the tree, notes below it, and lists with headings."""
    parts = [f'<div class="tr-why"><style>{STYLE}</style><p><b>{marked(title)}</b></p>']
    _branches(tree, run, 0, parts)
    parts += [f"<p>{marked(note)}</p>" for note in notes]
    for heading, lines in sections:
        items = "".join(f"<li>{marked(line)}</li>" for line in lines)
        parts.append(f"<p><b>{marked(heading)}</b></p><ul>{items}</ul>")
    parts.append("</div>")
    return "".join(parts)


def _branches(tree: Sequence[dict[str, Any]], run: str, depth: int, parts: list[str]) -> None:
    for node in tree:
        place = f"seq {node['seq']}" if node["run"] == run else f"{node['run']} seq {node['seq']}"
        again = " (see above)" if node["again"] else ""
        line = (
            f'<span class="tr-seq">{xml(place)}</span>{marked(node["text"])}{again}'
            f'<span class="tr-kind">{xml(node["kind"])}</span>'
        )
        if not node["because"]:
            parts.append(f'<div class="tr-leaf">{line}</div>')
            continue
        parts.append(f"<details{' open' if depth < OPEN else ''}><summary>{line}</summary>")
        _branches(node["because"], run, depth + 1, parts)
        parts.append("</details>")


def marked(text: str) -> str:
    """The text escaped, with what stands between backticks as code."""
    pieces = xml(text).split("`")
    if len(pieces) % 2 == 0:
        return xml(text)
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
