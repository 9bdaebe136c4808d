"""Find the machine that a command names: a file, stdin, a Python name, or one of the gallery.

* `door.yaml`, `door.json`   a document (`-` reads one from stdin)
* `shop.doors:SmartDoor`     a class or chart in a module; `doors.py:SmartDoor` in a file.
                             The module is imported, so its code runs.
* `gallery:SmartDoor`        one that ships with the Lab
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import typer

from traaviis_lab.errors import LabError

if TYPE_CHECKING:
    from traaviis_lab.machine.chart import Chart

DOCUMENTS = (".yaml", ".yml", ".json")


def load_chart(source: str) -> Chart:
    """The chart that `source` names.

    Raises `DefinitionError` where the machine cannot work, `typer.BadParameter` where there is
    none of that name.
    """
    text = document_text(source)
    if text is not None:
        return chart_of_text(text, source)
    module, colon, name = source.rpartition(":")
    if not colon:
        raise typer.BadParameter(
            f"{source!r} is no file and no name. A machine is a .yaml or .json file, "
            "module:Machine, file.py:Machine or gallery:SmartDoor."
        )
    return chart_of(_named(_module(module), name, source), source)


def chart_of_text(text: str, source: str) -> Chart:
    """The chart in a document's text. Raises `DefinitionError` with every mistake in it."""
    from traaviis_lab.flows import read_chart

    return read_chart(text, where="" if source == "-" else source)


def document_text(source: str) -> str | None:
    """The text of the document that `source` names; None where it names something in Python."""
    if source == "-":
        return sys.stdin.read()
    path = Path(source)
    if path.suffix in DOCUMENTS or path.exists():
        return read_text(path)
    return None


def read_text(path: Path) -> str:
    """The text of a file; one that is not there is wrong usage, and the message says what is."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise typer.BadParameter(f"There is no file {path}.{_near(path)}") from None
    except IsADirectoryError:
        raise typer.BadParameter(f"{path} is a folder, not a file.") from None
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{path} is not text (byte {error.start} is no UTF-8).") from None


def chart_of(thing: Any, source: str) -> Chart:
    """The chart of a `Machine` class, or the chart itself."""
    from traaviis_lab.machine import Chart

    chart = getattr(thing, "chart", thing)
    if not isinstance(chart, Chart):
        raise typer.BadParameter(f"{source} is a {type(thing).__name__}, not a Machine or a Chart.")
    return chart


def _module(name: str) -> ModuleType:
    if name == "gallery":
        return importlib.import_module("traaviis_lab.gallery")
    try:
        if name.endswith(".py"):
            return _module_from(Path(name))
        if "" not in sys.path and str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(name)
    except LabError:
        raise
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise typer.BadParameter(f"{name} cannot be imported: {error}.") from error
        raise typer.BadParameter(f"There is no module {name} here or on the path.") from None
    except Exception as error:
        raise typer.BadParameter(f"{name} fails when it is imported: {error!r}.") from error


def _module_from(path: Path) -> ModuleType:
    read_text(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise typer.BadParameter(f"{path} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _named(module: ModuleType, name: str, source: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        known = [n for n in dir(module) if hasattr(getattr(module, n), "chart")]
        close = get_close_matches(name, known, n=1)
        better = (
            f"Did you mean {close[0]}?"
            if close
            else f"Machines there: {', '.join(known) or 'none'}."
        )
        raise typer.BadParameter(
            f"There is no {name} in {source.rpartition(':')[0]}. {better}"
        ) from None


def _near(path: Path) -> str:
    folder = path.parent
    names = [p.name for p in folder.iterdir() if p.suffix in DOCUMENTS] if folder.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return f" Did you mean {folder / close[0]}?" if close else ""
