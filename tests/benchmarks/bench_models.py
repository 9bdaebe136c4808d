"""What asking a model costs on the client's side: one stub server, ours and others' ways to it."""

import asyncio
import contextlib
import gc
import importlib
import statistics
import subprocess
import sys
import time

import httpx

from tests.benchmarks.bench_effects import GO, machine
from tests.benchmarks.bench_run import row
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.models import Request
from traaviis_lab.models.litellm_door import OFFLINE, LiteLlm, load
from traaviis_lab.models.openai_door import OpenAi

TALK = [{"role": "user", "content": "Where is my order 4711?"}]
ROUNDS, BLOCKS = 20, 25


@contextlib.contextmanager
def stub():
    """The stub server in a process of its own; its URL."""
    command = [sys.executable, "-m", "tests.servers.models"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.communicate("")


async def took(call, count=ROUNDS):
    """Median milliseconds of a call, and the processor's time of one."""
    times, cpu = [], time.thread_time_ns()
    for _ in range(count):
        t = time.perf_counter_ns()
        await call()
        times.append((time.perf_counter_ns() - t) / 1e6)
    return statistics.median(times), (time.thread_time_ns() - cpu) / count / 1e6


async def compare(calls):
    """Every way in turn, block by block, so that a busy moment meets them all: its blocks."""
    for call in calls.values():
        await took(call, 20)
    found = {name: [] for name in calls}
    for _ in range(BLOCKS):
        for name, call in calls.items():
            found[name].append(await took(call))
    return found


def least(blocks, column=0):
    """The quietest block's milliseconds (or its processor time): what else the machine does only
    ever adds to them, and does so for seconds on end."""
    return min(block[column] for block in blocks)


def in_lab(lab, model):
    """One whole effect in a journalled run: the event, the call and all its facts."""
    live = lab.start(machine("Ask", fx.call_llm(model, "Where is my order 4711?")))._live

    async def call():
        live.deliver(GO)
        await asyncio.wait(list(live.tasks.values()))
        assert "idle" in live.snapshot.active

    return call


def bare(url):
    client = httpx.AsyncClient(trust_env=False)
    body = {"model": "small", "messages": TALK}

    async def call():
        (await client.post(f"{url}/chat/completions", json=body)).json()

    return call


def sdk(url):
    import openai

    client = openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0)

    async def call():
        await client.chat.completions.create(model="small", messages=TALK)

    async def raw():
        """The client library as our door calls it, and nothing of ours."""
        await client.post(
            "/chat/completions",
            cast_to=httpx.Response,
            content=b'{"model":"small","messages":[{"role":"user","content":"Where is my order 4711?"}]}',
            options={
                "headers": {"Content-Type": "application/json", "Authorization": "Bearer none"}
            },
        )

    return call, raw


def lite(url):
    litellm = load()

    async def call():
        await litellm.acompletion(
            "openai/small", TALK, api_key="none", api_base=url, num_retries=0, max_retries=0
        )

    return call


def pydantic_ai(url):
    agents = importlib.import_module("pydantic_ai")
    models = importlib.import_module("pydantic_ai.models.openai")
    providers = importlib.import_module("pydantic_ai.providers.openai")
    kind = getattr(models, "OpenAIChatModel", None) or models.OpenAIModel
    agent = agents.Agent(
        kind("small", provider=providers.OpenAIProvider(base_url=url, api_key="none"))
    )

    async def call():
        await agent.run("Where is my order 4711?")

    return call


def langgraph(url):
    graph = importlib.import_module("langgraph.graph")
    chat = importlib.import_module("langchain_openai").ChatOpenAI(
        model="small", base_url=url, api_key="none", max_retries=0
    )

    async def node(state):
        return {"messages": [await chat.ainvoke(state["messages"])]}

    built = graph.StateGraph(graph.MessagesState)
    built.add_node("ask", node)
    built.set_entry_point("ask")
    compiled = built.compile()

    async def call():
        await compiled.ainvoke({"messages": TALK})

    return call


def peers(url):
    """Other people's ways, those that are installed."""
    for name, make in (("pydantic-ai", pydantic_ai), ("LangGraph", langgraph)):
        try:
            yield name, make(url)
        except ImportError:
            print(f"{name}: not installed", file=sys.stderr)


def near_door(url):
    """Our door to the openai client, without a lab."""
    door, asked = OpenAi(url, key=lambda: "none"), Request("small", tuple(TALK))
    return lambda: door.complete(asked)


async def far_door(url):
    """Milliseconds of our door to LiteLLM, which lives on a loop of its own."""
    door = LiteLlm(lambda _: "none", options={"api_base": url})
    asked = Request("openai/small", tuple(TALK))
    found = await compare({"door": lambda: door.complete(asked)})
    await door.close()
    return least(found["door"])


def in_another_process(url):
    """The same in a process of its own, since LiteLLM is there for one loop."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_models", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def weight(module):
    """Megabytes and seconds that a fresh process pays for a guest's import."""
    code = (
        f"import os, time; os.environ.update({OFFLINE!r}); t = time.perf_counter()\n"
        "size = lambda: int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGESIZE')\n"
        f"before = size(); import {module}\n"
        "print(size() - before, time.perf_counter() - t)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    size, seconds = done.stdout.split()
    return int(size) / 1e6, float(seconds)


def rows():
    """The measurements."""
    with stub() as url, Lab() as lab:
        lab.models.openai("near", base_url=url)
        typed, raw = sdk(url)
        calls = {
            "httpx": bare(url), "library": raw, "sdk": typed, "door": near_door(url),
            "lab": in_lab(lab, "near/small"), "litellm": lite(url),
            **dict(peers(url)),
        }  # fmt: skip
        gc.collect()
        gc.freeze()
        found = lab._thread.wait_for(compare(calls))
        gc.unfreeze()
        far = in_another_process(url)
    return told(found, far)


def told(found, far):
    """The table's rows."""
    times = {name: least(blocks) for name, blocks in found.items()}
    lab, raw, typed, alone = (times[name] for name in ("lab", "library", "sdk", "litellm"))
    raw_cpu = least(found["library"], 1)
    ours, cpu = lab - raw, least(found["lab"], 1) - raw_cpu
    others = [
        row(f"the same question by {name}", times[name], "ms", "", f"call_llm in a lab: {lab:.2f} ms", lab / times[name])
        for name in ("pydantic-ai", "LangGraph") if name in found
    ]  # fmt: skip
    openai_mb, openai_s = weight("openai")
    litellm_mb, litellm_s = weight("litellm")
    return [
        row("call_llm to a server on this machine, whole effect, journalled in memory", lab, "ms", "", f"bare httpx: {times['httpx']:.2f} ms", lab / times['httpx']),
        row("our own share: the same without the client library's call", ours, "ms", "≤ 0.3", f"the library's call: {raw:.2f} ms"),
        row("our own share in processor time", cpu, "ms", "≤ 0.3", f"the library's call: {raw_cpu:.2f} ms"),
        row("the effect beside the OpenAI SDK as it is usually called", lab, "ms", "", f"SDK: {typed:.2f} ms", lab / typed),
        row("the effect beside LiteLLM alone", lab, "ms", "", f"LiteLLM: {alone:.2f} ms", lab / alone),
        *others,
        row("the door to the openai client alone", times['door'], "ms", "", f"the library's call: {raw:.2f} ms", times['door'] / raw),
        row("the door to LiteLLM alone", far, "ms", "", f"LiteLLM: {alone:.2f} ms", far / alone),
        row("what importing the openai client takes", openai_mb, "MB", "", f"LiteLLM: {litellm_mb:.0f} MB", openai_mb / litellm_mb),
        row("and how long", openai_s, "s", "", f"LiteLLM: {litellm_s:.1f} s", openai_s / litellm_s),
    ]  # fmt: skip


if __name__ == "__main__":
    print(asyncio.run(far_door(sys.argv[1])))
