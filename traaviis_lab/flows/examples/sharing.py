"""Examples of the composed effects that ask something which the whole lab shares."""

from .example import Example

SHARING = {
    "circuit_breaker": Example(
        """\
kind: circuit_breaker
effect: {kind: call, function: fetch}
name: shop
failures: 2
reset: 1m
""",
        """\
tries = []


@lab.register
def fetch():
    tries.append(1)
    raise ConnectionError("nobody there")


effect = fx.circuit_breaker(fx.call("fetch"), "shop", failures=2, reset="1m")
for _ in range(4):
    run = lab.run_pipeline(effect, check=False)
print(run.data["error"]["kind"], len(tries))
""",
        "CircuitOpen 2",
    ),
    "rate_limit": Example(
        """\
kind: rate_limit
effect: {kind: call, function: fetch}
name: shop
limit: 2
per: 100ms
""",
        """\
@lab.register
def fetch():
    return time.monotonic()


effect = fx.rate_limit(fx.call("fetch"), "shop", limit=2, per="100ms")
run = lab.run_pipeline([effect, effect, effect])
first, second, third = run.data["result"]
print(third - first > 0.09)
""",
        "True",
        "import time\n",
    ),
    "bulkhead": Example(
        """\
kind: bulkhead
effect: {kind: call, function: ask_database}
name: database
limit: 2
queue: 10
""",
        """\
places = threading.Semaphore(2)


@lab.register
def ask_database():
    assert places.acquire(blocking=False), "three at once"
    places.release()
    return "a row"


effect = fx.bulkhead(fx.call("ask_database"), "database", limit=2, queue=10)
run = lab.run_pipeline(fx.parallel(*[effect] * 6))
print(run.data["result"])
""",
        "['a row', 'a row', 'a row', 'a row', 'a row', 'a row']",
        "import threading\n",
    ),
    "cache": Example(
        """\
kind: cache
effect: {kind: call, function: price, args: {sku: "{{ data.sku }}"}}
key: ["price", "{{ data.sku }}"]
ttl: 5m
""",
        """\
asked = []


@lab.register
def price(sku):
    asked.append(sku)
    return 12


effect = fx.cache(
    fx.call("price", {"sku": "{{ data.sku }}"}), key=["price", "{{ data.sku }}"], ttl="5m"
)
for sku in ("a1", "a1", "b2"):
    run = lab.run_pipeline(effect, {"sku": sku})
print(run.data["result"], asked)
""",
        "12 ['a1', 'b2']",
    ),
}
