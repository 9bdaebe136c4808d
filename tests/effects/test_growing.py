"""What each kind of composed effect does, outcome by outcome: an example for each sentence."""

import pytest

from tests.effects.driving import Drive, but, fine, no
from traaviis_lab import effects as fx
from traaviis_lab.effects.growing import CANCELLED, completed

A, B, C, D = (fx.call(name) for name in "abcd")
UA, UB = fx.call("ua"), fx.call("ub")


def ends(effect, answer=fine, data=None, given=None):
    drive = Drive(effect, data, given)
    return drive, drive.run(answer)


# Results


@pytest.mark.parametrize(
    ("effect", "result"),
    [
        (A >> B, ["r0", "r1"]),
        (A & B, ["r0", "r1"]),
        (fx.saga(A, (B, UB)), ["r0", "r1/0"]),
        (fx.race(A, B), "r0"),
        (fx.fallback(A, B), "r0"),
        (fx.retry(A), "r0"),
        (fx.timeout(A, 1), "r0"),
        (fx.with_compensation(A, UA), "r0"),
        (fx.bulkhead(A, "x", 1), "r0"),
        (fx.rate_limit(A, "x", 1), "r0"),
        (fx.circuit_breaker(A, "x"), "r0"),
        (fx.cache(A, "k"), "r0"),
        (fx.when("data.yes", A, B), "r0"),
        (fx.when("!data.yes", A, B), "r1"),
        (fx.when("!data.yes", A), None),
        (fx.for_each("data.xs", A), ["r0", "r1", "r2"]),
        (fx.batch("data.xs", A, size=2), ["r0", "r1"]),
        (fx.sequence(), []),
        (fx.parallel(), []),
        (fx.for_each("[]", A), []),
        (A >> (B & C) >> D, ["r0", ["r1/0", "r1/1"], "r2"]),
    ],
)
def test_results(effect, result):
    assert ends(effect, data={"yes": True, "xs": [1, 2, 3]})[1] == completed(result)


def test_settle_collects_failures_and_undoes_nothing():
    pairs = fx.parallel(fx.with_compensation(A, UA), B, settle=True)
    drive, ended = ends(pairs, but("b"))
    error = {"kind": "Refused", "message": "1"}
    assert ended.value == [
        {"status": "completed", "result": "r0/0"}, {"status": "failed", "error": error},
    ]  # fmt: skip
    assert drive.called == ["a", "b"]


def test_results_come_in_the_order_written_whoever_is_first():
    drive = Drive(A & B)
    drive.outcome("1", completed("second"))
    drive.outcome("0", completed("first"))
    assert drive.ended == completed(["first", "second"])


# What templates see


def test_templates_see_data_item_index_result_and_error():
    seen = {"x": "{{ data.n }} {{ item }} {{ index }}"}
    drive, _ = ends(fx.for_each("data.xs", fx.call("a", seen)), fine, {"n": 7, "xs": ["p", "q"]})
    assert [e.args["x"] for e in drive.calls] == ["7 p 0", "7 q 1"]
    row = A >> fx.call("b", {"x": "{{ result }}"})
    assert ends(row)[0].calls[-1].args == {"x": "r0"}
    other = fx.fallback(A, fx.call("b", {"x": "{{ error.kind }} {{ error.message }}"}))
    assert ends(other, but("a"))[0].calls[-1].args == {"x": "Refused 0"}


def test_the_first_of_a_row_sees_the_events_result():
    row = fx.sequence(fx.call("a", {"x": "{{ result }}"}), fx.call("b", {"x": "{{ result }}"}))
    drive, _ = ends(row, fine, given={"name": "e", "data": {"result": "of the event"}})
    assert [e.args["x"] for e in drive.calls] == ["of the event", "r0"]


def test_later_attempts_see_why_the_one_before_failed():
    again = fx.retry(fx.call("a", {"x": "{{ error.message }}"}), 2, delay=0)
    drive, ended = ends(again)  # the first sees no error, which is its failure
    assert ended.status == "completed"
    assert "error" in drive.calls[0].args["x"]


def test_a_template_that_cannot_be_filled_fails_its_leaf_which_never_starts():
    drive, ended = ends(A >> fx.call("b", {"x": "{{ data.none.y }}"}))
    assert ended.status == "failed"
    assert drive.called == ["a"]


def test_a_condition_or_a_list_that_is_none_fails():
    assert ends(fx.when("data.n", A), data={"n": 1})[1].value["message"].startswith("when:")
    assert "not a list" in ends(fx.for_each("data.n", A), data={"n": 1})[1].value["message"]


# Failing


def test_a_row_stops_at_the_first_failure():
    drive, ended = ends(A >> B >> C, but("b"))
    assert (drive.called, ended) == (["a", "b"], no(message="1"))


def test_the_first_failure_of_many_tells_the_others_to_end_and_waits_for_them():
    drive = Drive(A & B & C)
    drive.outcome("1", no())
    assert (drive.ending, drive.ended) == ({"0", "2"}, None)
    drive.outcome("2", no("Other"))
    drive.outcome("0", CANCELLED)
    assert drive.ended == no()


def test_a_race_fails_when_all_have_failed():
    _, ended = ends(fx.race(A, B), but("a", "b"))
    assert [one["message"] for one in ended.value["also"]] == ["0", "1"]


def test_a_fallback_fails_when_all_have_failed():
    drive, ended = ends(fx.fallback(A, B), but("a", "b"))
    assert (drive.called, len(ended.value["also"])) == (["a", "b"], 2)


def test_a_retry_waits_between_attempts_and_tells_the_last_failure():
    drive, ended = ends(fx.retry(A, 3, delay=2, jitter=0), but("a"))
    assert drive.started() == ["0", "1", "2", "3", "4"]
    assert [drive.asked[path].seconds for path in ("1", "3")] == [2, 4]
    assert ended.value["kind"] == "RetriesSpent"
    assert ended.value["chain"] == [{"kind": "Refused", "message": "4"}]


def test_a_failure_a_retry_does_not_name_passes_at_once():
    drive, ended = ends(fx.retry(A, 3, on="Other"), but("a"))
    assert (drive.called, ended) == (["a"], no(message="0"))


def test_a_timeout_fails_after_what_it_cut_has_ended():
    drive = Drive(fx.timeout(A, "5s"))
    drive.outcome("1", completed(None))
    assert drive.ending == {"0"}
    drive.outcome("0", CANCELLED)
    assert drive.ended.value["kind"] == "EffectTimeout"


def test_a_timeouts_clock_is_dropped_when_its_effect_ends():
    drive = Drive(fx.timeout(A, 5))
    drive.outcome("0", completed(1))
    assert ("drop", "1") in drive.log


def test_a_gate_asks_first_and_gives_back_when_its_effect_has_ended():
    drive, _ = ends(fx.bulkhead(A, "x", 1))
    whats = [(what, path) for what, path in drive.log if what in ("start", "free")]
    assert whats == [("start", "1"), ("start", "0"), ("free", "")]
    refused, ended = ends(fx.bulkhead(A, "x", 1), lambda path, e: no("BulkheadFull"))
    assert (refused.called, ended.value["kind"]) == ([], "BulkheadFull")
    assert ("free", "") not in refused.log


def test_a_cache_that_knows_the_answer_asks_nobody():
    drive, ended = ends(fx.cache(A, "k"), lambda path, e: completed({"hit": True, "value": 9}))
    assert (drive.called, ended) == ([], completed(9))


def test_concurrency_is_how_many_are_under_way():
    drive = Drive(fx.for_each("data.xs", A, concurrency=2), {"xs": list(range(5))})
    most = 0
    while drive.ended is None:
        most = max(most, len(drive.under_way))
        drive.outcome(max(drive.under_way), completed(0))
    assert most == 2


def test_into_of_an_inner_one_puts_its_result_into_the_data():
    drive, ended = ends(fx.sequence(A >> B, fx.sequence(C, into="got")))
    assert drive.asked["1/into"].values == {"got": ["r1/0"]}
    assert ended.value == [["r0/0", "r0/1"], ["r1/0"]]


# Undoing


def test_a_saga_undoes_what_was_done_the_last_first():
    undo = fx.call("ua", {"own": "{{ result }}", "why": "{{ error.message }}"})
    drive, ended = ends(fx.saga((A, undo), (B, UB), C), but("c"))
    assert drive.called == ["a", "b", "c", "ub", "ua"]
    assert drive.calls[-1].args == {"own": "r0/0", "why": "2"}
    assert ended == no(message="2")


def test_undoing_goes_by_the_order_of_completion():
    both = fx.with_compensation(A, UA) & fx.with_compensation(B, UB)
    drive = Drive(both >> C)
    drive.outcome("0/1/0", completed(1))
    drive.outcome("0/0/0", completed(1))
    drive.run(but("c"))
    assert drive.called[-2:] == ["ua", "ub"]


def test_what_is_cut_side_by_side_is_undone_the_last_first_too():
    sagas = fx.parallel(fx.saga((A, UA), C), fx.saga((B, UB), C))
    drive = Drive(fx.race(sagas, fx.call("d")))
    drive.outcome("0/0/0/0", completed(1))
    drive.outcome("0/1/0/0", completed(1))
    drive.outcome("1", completed(1))
    assert drive.run(fine) == completed(1)
    assert drive.called[-2:] == ["ub", "ua"]


@pytest.mark.parametrize("after", ["completed", "started"])
def test_an_undo_has_its_own_effects_result(after):
    undo = fx.call("ub", {"own": "{{ result }}"})
    drive, _ = ends(fx.saga(A, fx.with_compensation(B, undo, undo_after=after), C), but("c"))
    assert drive.calls[-1].args == {"own": "r1/0"}


def test_undo_after_started_also_undoes_what_failed_or_was_cut():
    pair = fx.with_compensation(B, fx.call("ub", {"own": "{{ result }}"}), undo_after="started")
    drive, ended = ends(A >> pair, but("b"))
    assert (drive.called[-1], drive.calls[-1].args) == ("ub", {"own": None})
    assert ended.status == "failed"
    cut = Drive(fx.race(pair, A))
    cut.outcome("1", completed(1))
    assert cut.run(fine) == completed(1)
    assert cut.called == ["b", "a", "ub"]


def test_what_undoing_did_is_not_undone():
    undo = fx.sequence(fx.with_compensation(UA, fx.call("never")))
    drive, _ = ends(fx.saga((A, undo), C), but("c"))
    assert drive.called == ["a", "c", "ua"]


def test_an_undo_that_fails_half_way_undoes_what_it_did():
    undo = fx.sequence(fx.with_compensation(UA, fx.call("uua")), UB)
    drive, ended = ends(fx.saga((A, undo), C), but("c", "ub"))
    assert drive.called == ["a", "c", "ua", "ub", "uua"]
    assert [one["path"] for one in ended.value["undo_failed"]] == ["0"]


def test_an_undo_that_fails_is_told_and_the_others_go_on():
    drive, ended = ends(fx.saga((A, UA), (B, UB), C), but("c", "ub"))
    assert drive.called == ["a", "b", "c", "ub", "ua"]
    (fault,) = ended.value["undo_failed"]
    assert (fault["path"], fault["error"]["message"]) == ("1", "1/1")


def test_all_around_a_pair_is_undone_even_where_it_holds_pairs_itself():
    inner = fx.sequence(fx.with_compensation(A, UA), B)
    drive = Drive(fx.with_compensation(inner, UB, undo_after="started"))
    drive.outcome("0/0/0", completed(1))
    drive.leave()
    drive.run(fine)
    assert drive.called == ["a", "b", "ua", "ub"]


def test_a_retry_around_a_row_has_it_undone_before_the_next_attempt():
    drive, _ = ends(fx.retry(fx.saga((A, UA), B), 2, delay=0), but("b"))
    assert drive.called == ["a", "b", "ua"] * 2


def test_who_loses_a_race_is_undone_and_who_wins_is_not():
    row = fx.with_compensation(A, UA) >> C
    drive = Drive(fx.race(row, fx.with_compensation(B, UB)))
    drive.outcome("0/0/0", completed(1))
    drive.outcome("1/0", completed(2))
    assert drive.run(fine) == completed(2)
    assert drive.called == ["a", "b", "c", "ua"]
    later, _ = ends(drive.effect >> D, but("d"))
    assert later.called[-1] in ("ua", "ub")


def test_nothing_interrupts_what_is_undone():
    drive = Drive(fx.timeout(fx.saga((A, UA), B), 5))
    drive.outcome("0/0/0", completed(1))
    drive.outcome("0/1", no())
    drive.outcome("1", completed(None))
    drive.leave()
    assert not drive.ending
    drive.outcome("0/0/1", completed(1))
    assert drive.ended.status == "failed"


@pytest.mark.parametrize(
    "around",
    [fx.retry(A), fx.bulkhead(A, "x", 1), fx.when("true", A), fx.timeout(fx.retry(A), 9)],
    ids=lambda effect: effect.kind,
)
def test_what_completed_after_it_was_told_to_end_is_undone(around):
    drive = Drive(fx.saga((around, fx.call("ua", {"own": "{{ result }}"})), B))
    while "a" not in drive.called:
        drive.outcome(max(drive.under_way), completed({}))
    drive.leave()
    (path,) = drive.ending
    drive.outcome(path, completed("late"))
    assert drive.run(fine) == CANCELLED
    assert drive.calls[-1].args == {"own": "late"}


# Leaving


def test_what_cannot_be_undone_is_dropped_in_the_very_turn():
    drive = Drive((A & B) >> C)
    drive.leave()
    assert drive.ended == CANCELLED
    assert {path for what, path in drive.log if what == "drop"} == {"0/0", "0/1"}


def test_delays_and_permits_are_cancelled_at_once():
    pair = fx.with_compensation(A, UA)
    drive = Drive(fx.delay(5) & fx.bulkhead(B, "x", 1) & pair)
    drive.leave()
    assert {path for what, path in drive.log if what == "drop"} == {"0", "1/1"}
    assert drive.ending == {"2/0"}


# Long rows


@pytest.mark.parametrize("kind", ["sequence", "fallback", "undo"])
def test_a_long_row_is_no_deep_recursion(kind):
    wrong = fx.call("a", {"x": "{{ data.none.y }}"})
    if kind == "sequence":
        assert ends(fx.sequence(*[fx.when("false", A)] * 3_000))[1].status == "completed"
    elif kind == "fallback":
        assert ends(fx.fallback(*[wrong] * 3_000))[1].status == "failed"
    else:
        loop = fx.for_each("data.xs", fx.with_compensation(fx.when("false", A), wrong))
        _, ended = ends(loop >> B, but("b"), {"xs": list(range(3_000))})
        assert len(ended.value["undo_failed"]) == 100
