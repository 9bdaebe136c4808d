"""Examples of the effects that are put together from others: order, failure, choice, lists."""

from .example import Example

COMPOSED = {
    "sequence": Example(
        """\
kind: sequence
effects:
  - {kind: call, function: draw, into: number}
  - {kind: log, message: "drew {{ data.number }}"}
""",
        """\
@lab.register
def draw():
    return 7


effect = fx.call("draw", into="number") >> fx.log("drew {{ data.number }}")
run = lab.run_pipeline(effect)
print(run.data["result"])
""",
        "[7, 'drew 7']",
    ),
    "parallel": Example(
        """\
kind: parallel
effects:
  - {kind: call, function: length, args: {text: door}}
  - {kind: call, function: length, args: {text: window}}
""",
        """\
@lab.register
def length(text):
    return len(text)


effect = fx.call("length", {"text": "door"}) & fx.call("length", {"text": "window"})
run = lab.run_pipeline(effect)
print(run.data["result"])
""",
        "[4, 6]",
    ),
    "race": Example(
        """\
kind: race
effects:
  - {kind: delay, for: 1h}
  - {kind: call, function: answer}
""",
        """\
@lab.register
def answer():
    return "first"


effect = fx.delay("1h") | fx.call("answer")
run = lab.run_pipeline(effect)
print(run.data["result"])
print(run.effects().set_index("label").status["delay 1h"])
""",
        "first\ncancelled",
    ),
    "retry": Example(
        """\
kind: retry
effect: {kind: call, function: fetch}
attempts: 5
backoff: constant
delay: 10ms
on: [ConnectionError]
""",
        """\
tries = []


@lab.register
def fetch():
    tries.append(1)
    if len(tries) < 3:
        raise ConnectionError("nobody there")
    return "at last"


effect = fx.retry(
    fx.call("fetch"), attempts=5, backoff="constant", delay="10ms", on=["ConnectionError"]
)
run = lab.run_pipeline(effect)
print(run.data["result"], len(tries))
""",
        "at last 3",
    ),
    "timeout": Example(
        """\
kind: timeout
effect: {kind: delay, for: 1h}
after: 50ms
""",
        """\
effect = fx.timeout(fx.delay("1h"), "50ms")
run = lab.run_pipeline(effect, check=False)
print(run.data["error"]["kind"])
""",
        "EffectTimeout",
    ),
    "with_compensation": Example(
        """\
kind: sequence
effects:
  - kind: with_compensation
    effect: {kind: call, function: book, args: {seat: 12}}
    undo: {kind: call, function: give_back, args: {booking: "{{ result.id }}"}}
  - {kind: call, function: pay}
""",
        """\
@lab.register
def book(seat):
    return {"id": f"b{seat}"}


@lab.register
def give_back(booking):
    print("given back:", booking)


@lab.register
def pay():
    raise ValueError("the card was refused")


seat = fx.with_compensation(
    fx.call("book", {"seat": 12}), undo=fx.call("give_back", {"booking": "{{ result.id }}"})
)
effect = seat >> fx.call("pay")
run = lab.run_pipeline(effect, check=False)
print(run.state)
""",
        "given back: b12\nfailed",
    ),
    "saga": Example(
        """\
kind: saga
steps:
  - effect: {kind: call, function: pay}
    undo: {kind: call, function: pay_back}
  - effect: {kind: call, function: reserve}
    undo: {kind: call, function: release}
  - {kind: call, function: ship}
""",
        """\
done = []
for name in ("pay", "pay_back", "reserve", "release"):
    lab.register(lambda name=name: done.append(name), name)


@lab.register
def ship():
    raise OSError("no van today")


effect = fx.saga(
    (fx.call("pay"), fx.call("pay_back")),
    (fx.call("reserve"), fx.call("release")),
    fx.call("ship"),
)
run = lab.run_pipeline(effect, check=False)
print(done)
""",
        "['pay', 'reserve', 'release', 'pay_back']",
    ),
    "fallback": Example(
        """\
kind: fallback
effects:
  - {kind: call, function: fetch}
  - {kind: log, message: "an old price, since: {{ error.kind }}"}
""",
        """\
effect = fx.fallback(fx.call("fetch"), fx.log("an old price, since: {{ error.kind }}"))
run = lab.run_pipeline(effect)
print(run.data["result"])
""",
        "an old price, since: NoHandler",
    ),
    "when": Example(
        """\
kind: when
when: data.total > 100
effect: {kind: log, message: a person looks at it}
otherwise: {kind: log, message: it goes through}
""",
        """\
effect = fx.when("data.total > 100", fx.log("a person looks at it"), fx.log("it goes through"))
print(lab.run_pipeline(effect, {"total": 250}).data["result"])
print(lab.run_pipeline(effect, {"total": 25}).data["result"])
""",
        "a person looks at it\nit goes through",
    ),
    "for_each": Example(
        """\
kind: for_each
items: data.words
effect: {kind: call, function: shout, args: {word: "{{ item }}", at: "{{ index }}"}}
concurrency: 2
""",
        """\
@lab.register
def shout(word, at):
    return f"{at}: {word.upper()}"


effect = fx.for_each(
    "data.words", fx.call("shout", {"word": "{{ item }}", "at": "{{ index }}"}), concurrency=2
)
run = lab.run_pipeline(effect, {"words": ["door", "lamp", "key"]})
print(run.data["result"])
""",
        "['0: DOOR', '1: LAMP', '2: KEY']",
    ),
    "batch": Example(
        """\
kind: batch
items: data.numbers
effect: {kind: call, function: add_up, args: {numbers: "{{ item }}"}}
size: 2
""",
        """\
@lab.register
def add_up(numbers):
    return sum(numbers)


effect = fx.batch("data.numbers", fx.call("add_up", {"numbers": "{{ item }}"}), size=2)
run = lab.run_pipeline(effect, {"numbers": [1, 2, 3, 4, 5]})
print(run.data["result"])
""",
        "[3, 7, 5]",
    ),
}
