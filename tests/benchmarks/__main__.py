"""Measure the hot paths beside their peers, print one table and write `docs/benchmarks.md`.

python -m tests.benchmarks                  # everything
python -m tests.benchmarks step run         # only these, and nothing is written
python -m tests.benchmarks --write step     # only these; the others' sections stay as they are
"""

import importlib
import os
import platform
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"
COLUMNS = ("what", "value", "unit", "target", "beside", "ratio")
HEAD = """# Benchmarks

Made by `python -m tests.benchmarks`; numbers are of one machine and are not tests; each section is of
one run. Ratios are ours over the peer or baseline named beside, measured in the same run, so they
travel better than the times do. Effects and models: the least of blocks of measurements made in
turn, ours and the peers' alike, since what else a machine does only ever adds to them.

Machine: {machine}.
"""


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cells(row):
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
    return [row["what"], number(row["value"]), row["unit"], row["target"], row["beside"], ratio]


def machine():
    import duckdb

    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def measure(names):
    for path in sorted(HERE.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if names and name not in names:
            continue
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        yield name, importlib.import_module(f"tests.benchmarks.{path.stem}").rows()


def show(title, rows):
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("value", "ratio") else "left")
    for row in rows:
        table.add_row(*cells(row))
    Console().print(table)


def markdown(title, rows):
    lines = [f"\n## {title.capitalize()}\n", "| " + " | ".join(COLUMNS) + " |"]
    lines.append("|---|---:|---|---|---|---:|")
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def known_sections():
    """The sections of the page as it is, by title."""
    if not PAGE.exists():
        return {}
    found = re.split(r"(?m)^(?=## )", PAGE.read_text(encoding="utf-8"))[1:]
    return {
        text.split("\n", 1)[0].removeprefix("## "): "\n" + text.rstrip("\n") + "\n"
        for text in found
    }


def main(names, write):
    sections = {} if not names else known_sections()
    for name, rows in measure(names):
        show(name, rows)
        sections[name.capitalize()] = markdown(name, rows)
        if write:  # after each, so that nothing is lost when a later one fails
            kept = {**known_sections(), **sections}
            text = HEAD.format(machine=machine()) + "".join(kept[title] for title in sorted(kept))
            PAGE.write_text(text, encoding="utf-8")
    if write:
        print(f"written: {PAGE.relative_to(HERE.parents[1])}")


if __name__ == "__main__":
    asked = sys.argv[1:]
    only = {name for name in asked if name != "--write"}
    main(only, "--write" in asked or not only)
