"""The connection file: nobody else reads it, nothing foreign is believed, the right one is found."""

import itertools
import json
import os
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_runtime_dir

from traaviis_lab import LabError
from traaviis_lab.bridge import (
    Connection,
    all_connections,
    find,
    listed,
    remove,
    runtime_folder,
    write,
)

AT = "http://127.0.0.1:4321/mcp"


def known(**changes):
    return replace(Connection(AT, "the-token", kernel="aaaa-1", started="2026-01-01"), **changes)


def spoiled(**changes):
    """The path of a file whose text was changed after it was written."""
    path = Path(write(known()))
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_it_is_written_for_this_user_alone_and_read_again(folder):
    path = Path(write(known(notebook="/books/a.ipynb", tenant="t", version="1")))
    assert path == folder / "traaviis-mcp-aaaa-1-4321.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in folder.iterdir()] == [path.name], "nothing is left beside it"
    found = find()
    assert (found.url, found.token, found.pid) == (AT, "the-token", os.getpid())
    assert (found.kernel, found.notebook, found.tenant, found.version) == (
        "aaaa-1",
        "/books/a.ipynb",
        "t",
        "1",
    )
    assert found.file == str(path)


def test_no_repr_and_no_list_shows_the_token():
    one = known()
    assert "the-token" not in repr(one) + str(one) + listed([one])


def test_it_is_never_readable_by_others_not_even_while_it_is_written(folder):
    modes, end = set(), threading.Event()

    def watch():
        while not end.is_set():
            for path in folder.iterdir() if folder.is_dir() else ():
                try:
                    modes.add(stat.S_IMODE(path.stat().st_mode))
                except FileNotFoundError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    before = os.umask(0)
    try:
        until = time.monotonic() + 20
        for number in itertools.count():  # at least one has to be seen
            remove(write(known()))
            if number > 200 and (modes or time.monotonic() > until):
                break
    finally:
        os.umask(before)
        end.set()
        watcher.join()
    assert modes == {0o600}


def test_a_link_of_its_name_is_replaced_and_not_followed(folder, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder.mkdir()
    (folder / "traaviis-mcp-aaaa-1-4321.json").symlink_to(victim)
    path = Path(write(known()))
    assert victim.read_text() == "mine"
    assert not path.is_symlink()


def test_a_name_cannot_lead_out_of_the_folder(folder):
    path = Path(write(known(kernel="../../etc/x")))
    assert path.parent == folder
    assert all_connections()[0].kernel == "../../etc/x"


def test_removing_twice_is_no_mistake():
    path = write(known())
    remove(path)
    remove(path)
    assert all_connections() == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "http://evil.example:80/mcp"}, "not one of this machine"),
        ({"url": "http://127.0.0.1.evil.example:80/mcp"}, "not one of this machine"),
        ({"url": "http://user@127.0.0.1:80/mcp"}, "not one of this machine"),
        ({"url": "https://127.0.0.1:80/mcp"}, "not one of this machine"),
        ({"url": "http://127.0.0.1/mcp"}, "not one of this machine"),
        ({"url": "http://127.0.0.1:99999/mcp"}, "not one of this machine"),
        ({"url": "http://[::1/mcp"}, "not one of this machine"),
        ({"url": "http://127.0.0.1:80/mcp\r\nX: y"}, "not one of this machine"),
        ({"url": "http://127.0.0.1:80/mcp?a b"}, "not one of this machine"),
        ({"token": "a\r\nX-Evil: yes"}, "no token"),
        ({"token": 7}, "not of the right kind"),
        ({"pid": "1"}, "not of the right kind"),
        ({"pid": True}, "not of the right kind"),
        ({"kernel": ["x"]}, "not of the right kind"),
        ({"host": "elsewhere"}, "it was written on elsewhere"),
    ],
)
def test_a_file_that_says_something_odd_is_left_out_and_said_so(changes, why):
    path = spoiled(**changes)
    said = []
    assert all_connections(said.append) == []
    assert len(said) == 1
    assert str(path) in said[0]
    assert why in said[0]
    assert path.exists(), "it is not ours to remove"


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b"\xff", b'{"url": "x"}', b"[" * 60_000, b" " * 70_000]
)
def test_a_file_that_is_no_connection_is_left_out(folder, text):
    path = Path(write(known()))
    path.write_bytes(text)
    said = []
    assert all_connections(said.append) == []
    assert len(said) == 1


def test_files_that_others_may_read_links_pipes_and_folders_are_left_out(folder, tmp_path):
    open_to_all = Path(write(known()))
    open_to_all.chmod(0o644)
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text("{}")
    (folder / "traaviis-mcp-link-1.json").symlink_to(elsewhere)
    os.mkfifo(folder / "traaviis-mcp-pipe-1.json", 0o600)
    (folder / "traaviis-mcp-folder-1.json").mkdir()
    (folder / "kernel-1.json").write_text("{}")
    said = []
    assert all_connections(said.append) == []
    assert len(said) == 4, said
    assert any("others may read" in text for text in said)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_left_out():
    os.chown(write(known()), 12345, 12345)
    said = []
    assert all_connections(said.append) == []
    assert "another user" in said[0]


def test_a_process_that_has_gone_is_forgotten_even_if_its_number_is_not():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = Path(write(known(pid=child.pid)))
    assert len(all_connections()) == 1
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is not reaped
    assert all_connections() == []
    child.communicate()
    assert not path.exists()

    path = spoiled(born="1")
    assert all_connections() == [], "another process has that number now"
    assert not path.exists()


def test_which_one_is_meant():
    one = known(notebook="/books/deep/a.ipynb")
    other = known(
        url=AT.replace("4321", "4322"), kernel="aabb-2", notebook="/books/b.ipynb", started="2027"
    )
    with pytest.raises(LabError, match="No lab is being served") as none:
        find()
    assert "lab.serve_mcp()" in none.value.hint
    write(one)
    write(other)
    assert find(kernel="aaaa").kernel == "aaaa-1"
    assert find(notebook="/books/b.ipynb").kernel == "aabb-2"
    assert find(notebook="deep/a.ipynb").kernel == "aaaa-1"
    assert find(notebook="a.ipynb").kernel == "aaaa-1"
    assert find(notebook="/books/../books/b.ipynb").kernel == "aabb-2"
    with pytest.raises(LabError, match=r"which of 2 servers is meant\.") as many:
        find()
    assert "aaaa-1" in many.value.hint
    assert "aabb-2" in many.value.hint
    assert "the-token" not in many.value.hint
    with pytest.raises(LabError, match="which of 2 servers is meant by kernel 'aa'"):
        find(kernel="aa")
    with pytest.raises(LabError, match=r"No lab is served by notebook 'C\.ipynb'"):
        find(notebook="C.ipynb")
    with pytest.raises(LabError):
        find(notebook="eep/a.ipynb")


def test_two_labs_of_one_kernel_are_no_riddle_the_newest_is_meant():
    write(known())
    write(known(url=AT.replace("4321", "4322"), started="2026-02-02"))
    assert find().port == 4322


def test_without_a_kernel_the_process_gives_the_name(folder):
    assert Path(write(known(kernel=""))).name == f"traaviis-mcp-{os.getpid()}-4321.json"


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"JUPYTER_RUNTIME_DIR": "/some/where"},
        {"JUPYTER_DATA_DIR": "/some/data"},
        {"XDG_DATA_HOME": "/some/share"},
        {"JUPYTER_PLATFORM_DIRS": "1"},
        {"JUPYTER_PLATFORM_DIRS": "1", "XDG_DATA_HOME": "/some/share"},
        {"HOME": "/some/home"},
    ],
)
def test_the_folder_is_jupyters(env, monkeypatch):
    for name in (
        "JUPYTER_RUNTIME_DIR",
        "JUPYTER_DATA_DIR",
        "XDG_DATA_HOME",
        "JUPYTER_PLATFORM_DIRS",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert runtime_folder() == jupyter_runtime_dir()


def test_many_write_and_look_at_once(folder):
    failures = []

    def work(number):
        try:
            for _ in range(20):
                path = write(known(kernel=f"k{number}"))
                assert find(kernel=f"k{number}").kernel == f"k{number}"
                remove(path)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failures
    assert not list(folder.iterdir())
