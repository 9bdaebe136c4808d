"""A small shop behind real HTTP, in a thread, that fails when it is told to.

It takes money, keeps a stock and sends parcels, and has pages that link to each other. What it was
asked with one `Idempotency-Key` it does once, and answers again what it answered then. A request
it refuses or fails has done nothing; one whose answer it loses, or is slow with, has been done.

    with LocalShop() as shop:
        shop.fail("ship")              # the next one is answered 503, and nothing is done
        shop.lose("pay")               # it is done, and the line is cut before the answer
        shop.slow("ship", 2)           # it is done, and answered two seconds later
        shop.ledger, shop.money("A-1"), shop.stock

Shows nothing when it is run: `order_saga.py` and `crawler.py` use it.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Answer = tuple[int, dict[str, Any]]
FOR_EVER = 10**9


class Entry(NamedTuple):
    """A line of the ledger: what was really done, for which order, how much of it."""

    what: str
    order: str
    amount: int


class Trouble(NamedTuple):
    """What is to go wrong with the next requests of a kind: `fail`, `lose` or `slow`."""

    how: str
    seconds: float = 0.0


class LocalShop:
    """The shop and its server, open until it is closed. May be asked from any thread."""

    def __init__(self, *, kettles: int = 10, pages: int = 40, read_s: float = 0.01) -> None:
        self.ledger: list[Entry] = []
        self.asked: Counter[str] = Counter()  # every request that came, by what it asked for
        self.busiest = 0  # the most pages that were read at once
        self.pages = {f"/page/{n}": _links(n, pages) for n in range(pages)}
        self._kettles, self._read_s = kettles, read_s
        self._troubles: dict[str, list[Trouble]] = {}
        self._answers: dict[str, Answer] = {}
        self._reading = 0
        self._guard = threading.Condition()
        self._closed = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Visit)
        self._server.shop = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    # What goes wrong

    def fail(self, what: str, times: int = FOR_EVER) -> None:
        """Answer the next requests for `what` with 503, nothing done."""
        self._trouble(what, Trouble("fail"), times)

    def lose(self, what: str, times: int = 1) -> None:
        """Do what the next requests for `what` ask, and cut the line before the answer."""
        self._trouble(what, Trouble("lose"), times)

    def slow(self, what: str, seconds: float, times: int = 1) -> None:
        """Do what the next requests for `what` ask, and answer so many seconds later."""
        self._trouble(what, Trouble("slow", seconds), times)

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        with self._guard:
            self._troubles.clear()

    # What one can read

    @property
    def host(self) -> str:
        """`127.0.0.1:port`, for `lab.allow_host`."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{self.host}"

    @property
    def stock(self) -> int:
        """The kettles that nobody has reserved."""
        return self._kettles - self._sum("reserve") + self._sum("release")

    def money(self, order: str) -> int:
        """What an order has paid and was not given back."""
        return self._sum("pay", order) - self._sum("refund", order)

    def told(self, order: str) -> str:
        """The ledger's lines of an order in one: `pay 30, reserve 1, ship 1`."""
        lines = [f"{line.what} {line.amount}" for line in self.ledger if line.order == order]
        return ", ".join(lines) or "nothing"

    def wait_for(self, what: str, times: int = 1, *, timeout: float = 30.0) -> None:
        """Wait until `what` was asked that often. Raises TimeoutError."""
        with self._guard:
            if not self._guard.wait_for(lambda: self.asked[what] >= times, timeout):
                raise TimeoutError(f"{what} was asked {self.asked[what]} times in {timeout} s")

    def close(self) -> None:
        """Close the shop; who still waits for an answer gets none."""
        self._closed.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> LocalShop:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # What it does

    def take(self, what: str, key: str, body: dict[str, Any]) -> Answer | None:
        """Do what a POST asks for; None where its answer is lost."""
        trouble = self._arrived(what)
        if trouble.how == "fail":
            return 503, {"error": f"{what}: not now"}
        with self._guard:
            answer = self._answers.get(key) if key else None
            if answer is None:
                answer = self._do(what, body)
                if key and answer[0] == 200:
                    self._answers[key] = answer
        return self._after(trouble, answer)

    def read(self, page: str) -> Answer | None:
        """Read a page; the links are paths."""
        trouble = self._arrived(page)
        with self._guard:
            self._reading += 1
            self.busiest = max(self.busiest, self._reading)
        self._closed.wait(self._read_s)
        with self._guard:
            self._reading -= 1
        if trouble.how == "fail":
            return 503, {"error": f"{page}: not now"}
        if page not in self.pages:
            return 404, {"error": f"{page} is gone"}
        return self._after(trouble, (200, {"page": page, "links": self.pages[page]}))

    def _do(self, what: str, body: dict[str, Any]) -> Answer:
        order, amount = str(body.get("order", "")), int(body.get("amount", 1))
        match what:
            case "pay":
                return self._write("pay", order, amount, receipt=f"R-{order}")
            case "reserve" if amount > self.stock:
                return 409, {"error": f"{self.stock} kettles left"}
            case "reserve" | "ship":
                return self._write(what, order, amount)
            case "refund":
                return self._back("refund", order, self.money(order))
            case "release":
                held = self._sum("reserve", order) - self._sum("release", order)
                return self._back("release", order, held)
            case _:
                return 404, {"error": f"nobody can {what} here"}

    def _back(self, what: str, order: str, amount: int) -> Answer:
        """Give back what there is to give back; nothing, where nothing was taken."""
        return self._write(what, order, amount) if amount else (200, {"amount": 0})

    def _write(self, what: str, order: str, amount: int, **more: Any) -> Answer:
        self.ledger.append(Entry(what, order, amount))
        return 200, {"amount": amount, **more}

    def _sum(self, what: str, order: str = "") -> int:
        mine = (e.amount for e in self.ledger if e.what == what and order in ("", e.order))
        return sum(mine)

    # Troubles

    def _trouble(self, what: str, trouble: Trouble, times: int) -> None:
        with self._guard:
            self._troubles[what] = [trouble] * min(times, 1000)

    def _arrived(self, what: str) -> Trouble:
        with self._guard:
            self.asked[what] += 1
            self._guard.notify_all()
            planned = self._troubles.get(what)
            return planned.pop() if planned else Trouble("none")

    def _after(self, trouble: Trouble, answer: Answer) -> Answer | None:
        if trouble.how == "slow":
            self._closed.wait(trouble.seconds)
        return None if trouble.how == "lose" else answer


def _links(number: int, pages: int) -> list[str]:
    """Three pages further on, one back; the last page links to one that is gone."""
    onward = [3 * number + step for step in (1, 2, 3)]
    links = [f"/page/{n}" for n in onward if n < pages] + [f"/page/{number // 2}"]
    return [*links, "/page/gone"] if number == pages - 1 else links


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    shop: LocalShop


class _Visit(BaseHTTPRequestHandler):
    """One line of a client; several requests may come on it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._answer(self.server.shop.read(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Idempotency-Key", "")
        self._answer(self.server.shop.take(self.path.strip("/"), key, json.loads(body or b"{}")))

    def _answer(self, answer: Answer | None) -> None:
        self.close_connection = answer is None
        if answer is None:
            return
        text = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        try:
            self.end_headers()
            self.wfile.write(text)
        except OSError:  # who asked is not there any more
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
