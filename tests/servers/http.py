"""A shop behind HTTP on this machine: it fails, dawdles and forgets on demand, and keeps a ledger."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

ACTIONS = ("pay", "refund", "stock", "restock", "ship", "unship")


class LocalServer:
    """`with LocalServer() as server: ...` serves on `server.url` until the block ends.

    `POST /pay`, `/refund`, `/stock`, `/restock`, `/ship`, `/unship` each write one line into
    `ledger` (`{action, key, body}`) and answer `{"ok": true, "action", "n"}`. The same
    Idempotency-Key is answered as the first time and written once. Also: `/echo` tells what it
    was asked, `/status/404`, `/big/1000` (bytes), `/moved`, `/gzip/1000`, `/text`, `/broken`
    (says JSON and is none), `/binary`, `/cookie`, `/page/a/b` (`{page, links}`).
    """

    def __init__(self) -> None:
        self.ledger: list[dict] = []
        self.requests: list[dict] = []
        self.pages: dict[str, list[str]] = {}
        self.most_at_once = 0
        self._at_once = 0
        self._known: dict[str, dict] = {}
        self._fails: dict[str, list[int]] = {}
        self._loses: Counter[str] = Counter()
        self._slow: dict[str, float] = {}
        self._lock = threading.RLock()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"shop": self})
        )
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> LocalServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, action: str, times: int = 1, status: int = 503) -> None:
        """The next requests for `/<action>` are answered with this status, and nothing is done."""
        with self._lock:
            self._fails.setdefault(action, []).extend([status] * times)

    def lose(self, action: str, times: int = 1) -> None:
        """The next requests for `/<action>` are done, but the line is cut before the answer."""
        with self._lock:
            self._loses[action] += times

    def slow(self, action: str, seconds: float) -> None:
        """Requests for `/<action>` wait first; 0 makes them quick again."""
        with self._lock:
            self._slow[action] = seconds

    def count(self, action: str) -> int:
        """How many lines of this action the ledger has."""
        with self._lock:
            return sum(line["action"] == action for line in self.ledger)

    def balance(self, field: str = "amount") -> float:
        """What was paid less what was given back."""
        signs = {"pay": 1, "refund": -1}
        with self._lock:
            return sum(
                signs.get(line["action"], 0) * line["body"].get(field, 0) for line in self.ledger
            )

    def asked(self, action: str) -> int:
        """How many requests there were for `/<action>`, those that failed too."""
        with self._lock:
            return sum(one["action"] == action for one in self.requests)

    # What the handler asks

    def began(self, request: dict) -> tuple[float, int | None]:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            fails = self._fails.get(request["action"])
            return self._slow.get(request["action"], 0), fails.pop(0) if fails else None

    def ended(self) -> None:
        with self._lock:
            self._at_once -= 1

    def act(self, action: str, key: str, body: dict) -> dict:
        with self._lock:
            if key and key in self._known:
                return self._known[key]
            self.ledger.append({"action": action, "key": key, "body": body})
            answer = {"ok": True, "action": action, "n": len(self.ledger)}
            if key:
                self._known[key] = answer
            return answer

    def loses(self, action: str) -> bool:
        with self._lock:
            if self._loses[action]:
                self._loses[action] -= 1
                return True
            return False


class _Handler(BaseHTTPRequestHandler):
    shop: LocalServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the one who asked has gone
            super().handle()

    def answer_any(self):
        url = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size).decode()
        action = url.path.strip("/").partition("/")[0]
        request = {
            "method": self.command,
            "action": action,
            "path": url.path,
            "params": dict(parse_qsl(url.query)),
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "text": raw,
            "json": _json(raw),
        }
        seconds, status = self.shop.began(request)
        try:
            if seconds:
                self.shop.closing.wait(seconds)
            if status is not None:
                return self.say({"error": f"{action} is out of order"}, status)
            return self.route(request, url.path.strip("/").split("/"))
        finally:
            self.shop.ended()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer_any  # noqa: N815
    do_OPTIONS = answer_any  # noqa: N815

    def route(self, request, parts):
        action = parts[0]
        if action in ACTIONS and self.command == "POST":
            key = self.headers.get("Idempotency-Key", "")
            answer = self.shop.act(action, key, request["json"] or {})
            if self.shop.loses(action):
                self.close_connection = True
                return None
            return self.say(answer)
        if action == "echo":
            return self.say(request)
        if action == "status":
            return self.say({"status": int(parts[1])}, int(parts[1]))
        if action == "page":
            page = "/".join(parts[1:])
            return self.say({"page": page, "links": self.shop.pages.get(page, [])})
        return self.oddity(action, int(parts[1]) if len(parts) > 1 else 0)

    def oddity(self, action, size):
        match action:
            case "big":
                self.send(b"x" * size, "text/plain")
            case "gzip":
                self.send(gzip.compress(b"x" * size), "text/plain", ("Content-Encoding", "gzip"))
            case "text":
                self.send("grüße".encode("latin-1"), "text/plain; charset=latin-1")
            case "broken":
                self.send(b'{"a": ', "application/json")
            case "binary":
                self.send(bytes(range(256)), "image/png")
            case "cookie":
                self.send(b"{}", "application/json", ("Set-Cookie", "session=1; Path=/"))
            case "moved":
                self.send(b"", "text/plain", ("Location", "/echo"), status=302)
            case _:
                self.say({"error": "nothing here"}, 404)

    def say(self, value, status=200):
        self.send(json.dumps(value).encode(), "application/json", status=status)

    def send(self, body, kind, *headers, status=200):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", len(body)), *headers):
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _json(raw):
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
