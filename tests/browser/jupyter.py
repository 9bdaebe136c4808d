"""A private JupyterLab and a headless Chromium, so that tests see what a person would see.

Everything wrong that the page notices is a problem: console and page errors, failed requests,
answers of 400 and above, requests to any other host (they are blocked), cells that end in an
error, widgets that do not load.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, sync_playwright

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}
TIMEOUT_S = 90

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--force-color-profile=srgb", "--font-render-hinting=none",
]  # fmt: skip

# windowingMode none: every cell stays in the page, so one that is out of sight can be looked at
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/apputils-extension/themes": {"theme": "JupyterLab Light"},
}


def find_chromium() -> str | None:
    """A browser on this machine: `CHROMIUM`, the system's, or Playwright's own."""
    for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


class JupyterLab:
    """A server on a free loopback port, with settings and folders of its own, and a browser."""

    def __init__(self, root: Path, chromium: str, *, width: int = 1280, height: int = 900) -> None:
        self.root, self.chromium = root, chromium
        self.size = {"width": width, "height": height}
        self.home = Path(tempfile.mkdtemp(prefix="traaviis-browser-"))
        self.log = self.home / "server.log"
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._stack = contextlib.ExitStack()
        self._free: list[Window] = []

    def __enter__(self) -> JupyterLab:
        with self._stack:
            self._stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            self._start_server()
            playwright = self._stack.enter_context(sync_playwright())
            self.browser = playwright.chromium.launch(
                executable_path=self.chromium, headless=True, args=FLAGS
            )
            self._stack.callback(self.browser.close)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _start_server(self) -> None:
        for plugin, values in SETTINGS.items():
            file = self.home / "settings" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        folders = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }  # fmt: skip
        env = {**os.environ, "JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        env.pop("JUPYTER_NO_CONFIG", None)
        for variable, folder in folders.items():
            (self.home / folder).mkdir(exist_ok=True)
            env[variable] = str(self.home / folder)
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}", "--LabApp.expose_app_in_browser=True",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            f"--FileCheckpoints.checkpoint_dir={self.home / 'checkpoints'}",
        ]  # fmt: skip
        log = self._stack.enter_context(self.log.open("wb"))
        server = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
        self._stack.callback(_end, server)
        self._wait_for(server)

    def _wait_for(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        url = f"{self.base}/api/status?token={self.token}"
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-4000:]}")

    def open(self, *cells: str, alone: bool = True) -> Page:
        """A new notebook with these cells, opened in a window of its own or in one that is free."""
        name = f"test_{secrets.token_hex(4)}.ipynb"
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.root / name)
        return Page(self, name, alone=alone)

    def window(self) -> Window:
        """A window that is free, else a new one."""
        return self._free.pop() if self._free else Window(self)

    def take_back(self, window: Window) -> None:
        """Keep a window for the next notebook."""
        self._free.append(window)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server gently, so that it shuts its kernels down, then its whole group."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(server.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(5)


class Window:
    """JupyterLab in one page of the browser; notebooks are opened in it one after the other.

    Loading JupyterLab takes five times what a notebook and its kernel take.
    """

    def __init__(self, lab: JupyterLab) -> None:
        self.lab, self.heard = lab, list[str]()
        self.context = lab.browser.new_context(viewport=lab.size)
        self.context.route(_is_foreign, self._block)
        self.page = page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: said.type == "error" and self._add(f"console: {said.text}"))
        page.on("pageerror", lambda error: self._add(f"page error: {error}"))
        page.on("response", lambda r: r.status >= 400 and self._add(f"HTTP {r.status}: {r.url}"))
        page.on("requestfailed", self._failed)
        self._loaded = False

    def _add(self, text: str) -> None:
        self.heard.append(text)

    def _block(self, route: Any) -> None:
        self._add(f"request to another machine: {route.request.url}")
        route.abort()

    def _failed(self, request: Any) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            self._add(f"request failed: {request.url} {request.failure}")

    def show(self, name: str) -> None:
        """Open a notebook, and wait until its kernel is ready."""
        if self._loaded:
            self.page.evaluate(
                "path => void window.jupyterapp.commands.execute('docmanager:open', {path})", name
            )
        else:
            url = f"{self.lab.base}/doc/tree/{quote(name)}?token={self.lab.token}&reset"
            self.page.goto(url)
        self._wait_for(name)
        self._loaded = True

    def reload(self, name: str) -> None:
        """Load JupyterLab anew, which opens the same notebook again."""
        self.page.reload()
        self._wait_for(name)

    def _wait_for(self, name: str) -> None:
        self.page.wait_for_function(
            """path => {
                const session = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session;
                return session?.path === path && session.kernel?.status === 'idle'; }""",
            arg=name,
            timeout=TIMEOUT_S * 1000,
        )

    def clear(self) -> bool:
        """Shut the notebook's kernel down and take the notebook away; answers whether all is as new."""
        with contextlib.suppress(PlaywrightError):
            self.context.clear_permissions()
            self.page.mouse.move(0, 0)
            done = self.page.evaluate(
                """async () => {
                    const {shell, commands} = window.jupyterapp, shown = shell.currentWidget;
                    await shown.sessionContext.shutdown();
                    shown.dispose();
                    if (document.body.dataset.jpThemeLight !== 'true')
                        await commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'});
                    return !document.querySelector('.jp-Notebook, .jp-Dialog, .lm-Menu'); }"""
            )
            self.heard = []  # what is said from now on is no longer about this notebook
            return done
        return False


class Page:
    """One notebook in a window of the browser."""

    def __init__(self, lab: JupyterLab, name: str, *, alone: bool = True) -> None:
        self.lab, self.name, self._alone, self._forgiven = lab, name, alone, list[str]()
        self.window = Window(lab) if alone else lab.window()
        self.context, self.page = self.window.context, self.window.page
        self._problems = self.window.heard = []
        self.window.show(name)

    def start(self, index: int) -> None:
        """Start one cell and return at once."""
        self.page.evaluate(
            """i => { const w = window.jupyterapp.shell.currentWidget;
                (window.__cells ??= {})[i] = 'running';
                w.content.activeCellIndex = i; w.content.deselectAll();
                const end = () => { window.__cells[i] = 'done'; };
                window.jupyterapp.commands.execute('notebook:run-cell').then(end, end); }""",
            index,
        )

    def running(self, index: int) -> bool:
        """Whether a started cell has not ended yet."""
        return self.page.evaluate("i => window.__cells?.[i] === 'running'", index)

    def run(self, index: int) -> Locator:
        """Run one cell to its end; answers its output."""
        self.start(index)
        self.page.wait_for_function(
            "i => window.__cells[i] === 'done'", arg=index, timeout=TIMEOUT_S * 1000
        )
        return self.output(index)

    def widget(self, index: int) -> Locator:
        """Run one cell whose last value is a widget, and wait for the widget."""
        widget = self.run(index).locator(".tlw").first
        widget.wait_for()
        return widget

    def output(self, index: int) -> Locator:
        """What a cell shows."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-OutputArea").first

    def ask(self, code: str) -> str:
        """Run code in the kernel beside the notebook; answers what it prints, or its error."""
        return self.page.evaluate(
            """async code => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({code, store_history: false});
                let said = '';
                future.onIOPub = m => { said += m.content.text ?? m.content.evalue ?? ''; };
                await future.done; return said.trim(); }""",
            code,
        )

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme: "Light" or "Dark"."""
        self.page.evaluate(
            "t => window.jupyterapp.commands.execute('apputils:change-theme', {theme: t})",
            f"JupyterLab {name}",
        )
        light = str(name == "Light").lower()
        self.page.wait_for_function("l => document.body.dataset.jpThemeLight === l", arg=light)

    def forgive(self, text: str) -> None:
        """Leave out the problems that say this: the test itself brings them about."""
        self._forgiven.append(text)

    def problems(self) -> list[str]:
        """Everything wrong up to now."""
        bad = self.page.evaluate(
            """() => [...document.querySelectorAll('.jp-OutputArea-output')]
                .filter(e => e.dataset.mimeType === 'application/vnd.jupyter.stderr'
                    || /Error displaying widget|Failed to load model/.test(e.textContent))
                .map(e => 'output: ' + e.textContent.slice(0, 500))"""
        )
        found = [*self._problems, *bad]
        return [one for one in found if not any(text in one for text in self._forgiven)]

    def reload(self) -> None:
        """Load the page anew; the kernel goes on."""
        self.window.reload(self.name)

    def close(self) -> None:
        """Shut the kernel down; keep the window for another notebook if it is as good as new."""
        whole = self.window.clear()
        if whole and not self._alone and not self._problems:
            self.lab.take_back(self.window)
        else:
            self.context.close()


def _is_foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOOPBACK
