"""Examples of the effects that change a run's data and history, and of the one that waits."""

from .example import Example

DATA = {
    "log": Example(
        """\
kind: log
message: "{{ data.name }} came in"
level: warning
""",
        """\
effect = fx.log("{{ data.name }} came in", level="warning")
run = lab.run_pipeline(effect, {"name": "Ada"})
print(run.data["result"])
""",
        "Ada came in",
    ),
    "put_data": Example(
        """\
kind: put_data
key: cart.owner
value: {name: "{{ data.name }}"}
""",
        """\
effect = fx.put_data("cart.owner", {"name": "{{ data.name }}"})
run = lab.run_pipeline(effect, {"name": "Ada", "cart": {"items": []}})
print(run.data["cart"])
""",
        "{'items': [], 'owner': {'name': 'Ada'}}",
    ),
    "get_data": Example(
        """\
kind: get_data
key: order.total
into: total
""",
        """\
effect = fx.get_data("order.total", into="total")
run = lab.run_pipeline(effect, {"order": {"total": 12}})
print(run.data["total"])
""",
        "12",
    ),
    "merge_data": Example(
        """\
kind: merge_data
values: {city: Turin, zip: "10121"}
key: address
""",
        """\
effect = fx.merge_data({"city": "Turin", "zip": "10121"}, key="address")
run = lab.run_pipeline(effect, {"address": {"name": "Ada", "city": "Rome"}})
print(run.data["address"])
""",
        "{'name': 'Ada', 'city': 'Turin', 'zip': '10121'}",
    ),
    "update_data": Example(
        """\
kind: update_data
key: count
value: data.count + 1
""",
        """\
effect = fx.update_data("count", "data.count + 1")
run = lab.run_pipeline(effect, {"count": 2})
print(run.data["count"])
""",
        "3",
    ),
}
TIME = {
    "delay": Example(
        """\
kind: delay
for: 50ms
""",
        """\
effect = fx.delay("50ms")
run = lab.run_pipeline(effect)
print(run.effects().label[0], run.effects().took[0] >= 0.05)
""",
        "delay 50ms True",
    ),
}
