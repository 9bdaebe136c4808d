"""A person is asked at the client: each answer, each protocol; and an answer is good for one call."""

import threading
import time

import mcp_types as types
import pytest

from tests.mcp.official import talked
from tests.mcp.talking import NEW, OLD, Talk, eventually
from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor

CAN = {"elicitation": {"form": {}}}
ASKED = {"elicitation": {}}


@pytest.fixture
def doors(lab):
    return [lab.start(SmartDoor, id=name) for name in ("one", "two", "three")]


def person(action, answer=None):
    """A client's person, who says this to every question, and what was asked."""
    asked = []

    async def callback(context, params):
        asked.append(params)
        content = None if answer is None else {"answer": answer}
        return types.ElicitResult(action=action, content=content)

    return callback, asked


async def destroy(client, name="one"):
    answer = await client.call_tool("destroy_fsm", {"fsm_id": name})
    return answer.structured_content


def test_once_is_for_one_call(served, doors, era):
    callback, asked = person("accept", "once")

    async def talk(client):
        return [await destroy(client), await destroy(client, "two")]

    answers = talked(served, era, talk, elicitation_callback=callback)
    assert [answer.get("done") for answer in answers] == [True, True]
    assert len(asked) == 2
    assert "wants to call destroy_fsm" in asked[0].message
    assert '{"fsm_id": "one"}' in asked[0].message
    assert asked[0].requested_schema["properties"]["answer"]["enum"] == [
        "once",
        "always",
        "deny",
        "never",
    ]
    assert served.approvals.pending() == ()


def test_always_is_for_this_tool_and_token(served, doors, era):
    callback, asked = person("accept", "always")

    async def talk(client):
        return [await destroy(client), await destroy(client, "two")]

    answers = talked(served, era, talk, elicitation_callback=callback)
    assert [answer.get("done") for answer in answers] == [True, True]
    assert len(asked) == 1
    talked(
        served, era, lambda client: destroy(client, "three"), elicitation_callback=callback,
        token=served.add_token(),
    )  # fmt: skip
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("accept", "deny"),
        ("decline", None),
        ("cancel", None),
        ("decline", "once"),
        ("accept", None),
        ("accept", "yes"),
    ],
)
def test_what_is_no_yes_is_a_no(served, doors, era, action, answer):
    callback, asked = person(action, answer)
    said = talked(served, era, destroy, elicitation_callback=callback)
    assert said["error"]["kind"] == "PermissionDenied"
    assert "the answer was no" in said["error"]["message"]
    assert not doors[0].done
    assert len(asked) == 1
    assert served.calls()[0].outcome == "PermissionDenied"


def test_a_client_that_cannot_ask_leaves_it_to_the_notebook(served, doors, era):
    def answer():
        assert eventually(served.approvals.pending)
        (question,) = served.approvals.pending()
        assert (question.tool, question.arguments) == ("destroy_fsm", {"fsm_id": "one"})
        served.approvals.answer(question.id, "once")

    person = threading.Thread(target=answer)
    person.start()
    assert Talk(served, era=era).call("destroy_fsm", fsm_id="one")["done"]
    person.join()


def test_nobody_answers_at_the_client(era):
    with Lab() as lab:
        lab.start(SmartDoor, id="one")
        served = lab.serve_mcp(waits=0.2)

        async def asleep(context, params):
            import asyncio

            await asyncio.sleep(5 if era == OLD else 0.5)
            return types.ElicitResult(action="accept", content={"answer": "once"})

        if era == OLD:
            said = talked(served, era, destroy, elicitation_callback=asleep)
            assert "nobody answered in time" in said["error"]["message"]
        else:
            with pytest.raises(ExceptionGroup) as failed:
                talked(served, era, destroy, elicitation_callback=asleep)
            assert "Invalid or expired requestState" in repr(failed.value)
        assert not lab.run("one").done


# The newer protocol by hand: what a hostile client would try


def first(client, **arguments):
    answer = client.ask("tools/call", {"name": "destroy_fsm", "arguments": arguments})
    assert answer["resultType"] == "input_required"
    return answer["requestState"]


def second(client, state, answer="once", tool="destroy_fsm", **arguments):
    responses = {"approval": {"action": "accept", "content": {"answer": answer}}}
    params = {"name": tool, "arguments": arguments, "inputResponses": responses}
    return client.ask("tools/call", {**params, "requestState": state})


def refused(answer):
    error = answer["error"]
    return (error["code"], error["message"]) == (-32602, "Invalid or expired requestState")


def test_an_answer_is_good_for_the_call_it_was_asked_for(served, doors, talks):
    client = talks(era=NEW, can=CAN)
    state = first(client, fsm_id="one")
    assert refused(second(client, state, fsm_id="two"))
    assert refused(second(client, state, tool="get_fsm_state", fsm_id="one"))
    assert refused(second(talks(served.add_token(), era=NEW, can=CAN), state, fsm_id="one"))
    assert refused(second(client, state[:-1] + "A", fsm_id="one"))
    assert refused(second(client, "", fsm_id="one"))
    assert not any(door.done for door in doors)
    assert second(client, state, fsm_id="one")["structuredContent"]["done"]
    assert refused(second(client, state, fsm_id="one"))  # and for one
    assert [door.done for door in doors] == [True, False, False]


def test_a_state_cannot_be_made_up_or_left_out(served, doors, talks):
    client = talks(era=NEW, can=ASKED)
    responses = {"approval": {"action": "accept", "content": {"answer": "always"}}}
    params = {"name": "destroy_fsm", "arguments": {"fsm_id": "one"}, "inputResponses": responses}
    assert client.ask("tools/call", params)["resultType"] == "input_required"  # asked all the same
    assert refused(client.ask("tools/call", {**params, "requestState": "made-up"}))
    assert not doors[0].done


def test_a_question_does_not_stand_for_ever(lab, doors):
    served = lab.serve_mcp(waits=0.1)
    client = Talk(served, era=NEW, can=CAN)
    state = first(client, fsm_id="one")
    time.sleep(0.2)
    assert refused(second(client, state, fsm_id="one"))


def test_questions_are_kept_in_a_bounded_number(served, doors, talks):
    client = talks(era=NEW, can=CAN)
    oldest = first(client, fsm_id="one")
    newest = [first(client, fsm_id="one") for _ in range(256)][-1]
    assert refused(second(client, oldest, fsm_id="one"))
    assert second(client, newest, fsm_id="one")["structuredContent"]["done"]


def test_a_client_that_only_opens_pages_is_not_asked_for_a_form(served, doors, talks):
    client = talks(era=NEW, can={"elicitation": {"url": {}}})
    body, headers = client.message(
        "tools/call", {"name": "destroy_fsm", "arguments": {"fsm_id": "one"}}
    )
    caller = threading.Thread(target=client.raw, args=(body,), kwargs=headers)
    caller.start()
    assert eventually(served.approvals.pending)
    served.approvals.answer(served.approvals.pending()[0].id, "deny")
    caller.join()
