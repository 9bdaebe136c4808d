"""Examples of the effects that call functions and the web, and of those between machines."""

from .example import Example

CALLING = {
    "call": Example(
        """\
kind: call
function: fetch_weather
args: {city: "{{ data.city }}"}
into: weather
""",
        """\
@lab.register
def fetch_weather(city):
    return {"city": city, "degrees": 21}


effect = fx.call("fetch_weather", {"city": "{{ data.city }}"}, into="weather")
run = lab.run_pipeline(effect, {"city": "Turin"})
print(run.data["weather"])
""",
        "{'city': 'Turin', 'degrees': 21}",
    ),
    "call_api": Example(
        """\
kind: call_api
method: GET
url: "{{ data.shop }}/stock"
params: {sku: a1}
headers: {Authorization: "Bearer $secret{SHOP_KEY}"}
timeout: 5s
""",
        """\
class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = {"asked": self.path, "known": self.headers["Authorization"] == "Bearer hush"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about):
        pass


server = HTTPServer(("127.0.0.1", 0), Shop)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_port}"

lab.allow_host(host)
lab.secrets["SHOP_KEY"] = "hush"
effect = fx.call_api(
    "GET",
    "{{ data.shop }}/stock",
    params={"sku": "a1"},
    headers={"Authorization": "Bearer $secret{SHOP_KEY}"},
    timeout="5s",
)
run = lab.run_pipeline(effect, {"shop": f"http://{host}"})
print(run.data["result"]["status"], run.data["result"]["json"])
server.shutdown()
server.server_close()
""",
        "200 {'asked': '/stock?sku=a1', 'known': True}",
        """\
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
""",
    ),
    "call_tool": Example(
        """\
kind: call_tool
tool: notes.read_note
arguments: {name: "{{ data.name }}"}
into: note
""",
        '''\
SERVER = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("notes")

@server.tool()
def read_note(name: str) -> str:
    "Read a note."
    return f"{name}: buy milk"

server.run()
"""
lab.tools.add_mcp([sys.executable, "-c", SERVER], name="notes", allow=["read_*"])
effect = fx.call_tool("notes.read_note", {"name": "{{ data.name }}"}, into="note")
run = lab.run_pipeline(effect, {"name": "today"})
print(run.data["note"])
''',
        "today: buy milk",
        """\
import sys
""",
    ),
}
MACHINES = {
    "raise": Example(
        """\
kind: raise
event: ring
data: {loud: true}
""",
        """\
effect = fx.raise_event("ring", {"loud": True})


class Door(Machine):
    closed = State(initial=True)
    touched = State(enter=effect)
    ringing = State()

    closed.to(touched, on="push")
    touched.to(ringing, on="ring", when="event.loud")


door = lab.start(Door)
door.send("push")
print(door.state)
""",
        "ringing",
    ),
    "send_event": Example(
        """\
kind: send_event
to: bell
event: ring
data: {times: 2}
""",
        """\
class Bell(Machine):
    data = {"rings": 0}
    hanging = State(initial=True)
    hanging.to(None, on="ring", assign={"rings": "data.rings + event.times"})


bell = lab.start(Bell, id="bell")
effect = fx.send_event("bell", "ring", {"times": 2})
run = lab.run_pipeline(effect)
print(bell.data["rings"], run.data["result"]["state"])
""",
        "2 hanging",
    ),
    "invoke_fsm": Example(
        """\
kind: invoke_fsm
machine: Check
data: {amount: "{{ data.amount }}"}
into: check
""",
        """\
class Check(Machine):
    data = {"amount": 0}
    looking = State(initial=True)
    small = State(final=True)
    large = State(final=True)

    looking.to(small, when="data.amount < 100")
    looking.to(large)


lab.add(Check)
effect = fx.invoke_fsm(Check, {"amount": "{{ data.amount }}"}, into="check")
run = lab.run_pipeline(effect, {"amount": 250})
print(run.data["check"]["state"])
""",
        "large",
    ),
    "spawn_fsm": Example(
        """\
kind: spawn_fsm
machine: Watch
id: "watch-{{ data.order }}"
""",
        """\
class Watch(Machine):
    watching = State(initial=True)
    over = State(final=True)
    watching.to(over, on="arrived")


lab.add(Watch)
effect = fx.spawn_fsm(Watch, id="watch-{{ data.order }}")
run = lab.run_pipeline(effect, {"order": 7})
print(run.data["result"]["run"], lab.run("watch-7").state)
""",
        "watch-7 watching",
    ),
}
