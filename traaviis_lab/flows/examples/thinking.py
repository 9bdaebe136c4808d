"""Examples of the effects that ask models and agents, with stand-ins in place of those."""

from .example import Example

THINKING = {
    "call_llm": Example(
        """\
kind: call_llm
model: small/talker
system: Answer in one word.
prompt: "What colour is {{ data.thing }}?"
max_tokens: 20
into: colour
""",
        """\
lab.models.scripted("small", ["Blue"])
effect = fx.call_llm(
    "small/talker",
    "What colour is {{ data.thing }}?",
    system="Answer in one word.",
    max_tokens=20,
    into="colour",
)
run = lab.run_pipeline(effect, {"thing": "the sky"})
print(run.data["colour"])
""",
        "Blue",
    ),
    "validate_quality": Example(
        """\
kind: validate_quality
value: "{{ data.answer }}"
criteria: It names a way to open the door.
threshold: 0.8
model: judge/strict
""",
        """\
lab.models.scripted("judge", [{"score": 0.4, "reasons": ["It names no way."]}])
effect = fx.validate_quality(
    "{{ data.answer }}",
    criteria="It names a way to open the door.",
    threshold=0.8,
    model="judge/strict",
)
run = lab.run_pipeline(effect, {"answer": "It is a nice door."})
print(run.data["result"])
""",
        "{'score': 0.4, 'passed': False, 'reasons': ['It names no way.']}",
    ),
    "embed_text": Example(
        """\
kind: embed_text
model: tiny
texts: "{{ data.words }}"
""",
        """\
async def embed(effect, scope):
    return [[float(len(text)), float(text.count("o"))] for text in effect.texts]


lab.handler("embed_text", embed)
effect = fx.embed_text("tiny", texts="{{ data.words }}")
run = lab.run_pipeline(effect, {"words": ["door", "lamp"]})
print(run.data["result"])
""",
        "[[4.0, 2.0], [4.0, 0.0]]",
    ),
    "vector_search": Example(
        """\
kind: vector_search
index: manuals
query: "{{ data.question }}"
top: 2
filter: {language: en}
""",
        """\
async def search(effect, scope):
    return [{"id": n, "score": 1 / (n + 1)} for n in range(effect.top)]


lab.handler("vector_search", search)
effect = fx.vector_search("manuals", "{{ data.question }}", top=2, filter={"language": "en"})
run = lab.run_pipeline(effect, {"question": "How do I open it?"})
print(run.data["result"])
""",
        "[{'id': 0, 'score': 1.0}, {'id': 1, 'score': 0.5}]",
    ),
    "rag_pipeline": Example(
        """\
kind: rag_pipeline
knowledge: manuals
question: "{{ data.question }}"
rerank: true
min_relevance: 0.5
into: found
""",
        """\
async def look_up(effect, scope):
    return {"answer": "Push.", "sources": [f"{effect.knowledge}/door.md"]}


lab.handler("rag_pipeline", look_up)
effect = fx.rag_pipeline(
    "manuals", "{{ data.question }}", rerank=True, min_relevance=0.5, into="found"
)
run = lab.run_pipeline(effect, {"question": "How do I open it?"})
print(run.data["found"]["answer"], run.data["found"]["sources"])
""",
        "Push. ['manuals/door.md']",
    ),
    "invoke_agent": Example(
        """\
kind: invoke_agent
agent: researcher
task: "Find out about {{ data.topic }}."
tools: [search]
max_steps: 5
budget: {usd: 0.5}
""",
        """\
async def work(effect, scope):
    return {"task": effect.task, "steps": 1}


lab.handler("invoke_agent", work)
effect = fx.invoke_agent(
    "researcher",
    "Find out about {{ data.topic }}.",
    tools=["search"],
    max_steps=5,
    budget={"usd": 0.5},
)
run = lab.run_pipeline(effect, {"topic": "doors"})
print(run.data["result"])
""",
        "{'task': 'Find out about doors.', 'steps': 1}",
    ),
    "coordinate_agents": Example(
        """\
kind: coordinate_agents
agents: [ann, bob, cid]
task: Is it safe?
mode: vote
""",
        """\
async def vote(effect, scope):
    said = {agent: agent != "bob" for agent in effect.agents}
    return {"answer": sum(said.values()) > len(said) / 2, "votes": said}


lab.handler("coordinate_agents", vote)
effect = fx.coordinate_agents(["ann", "bob", "cid"], "Is it safe?", mode="vote")
run = lab.run_pipeline(effect)
print(run.data["result"]["answer"])
""",
        "True",
    ),
}
