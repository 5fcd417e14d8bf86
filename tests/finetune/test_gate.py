import numpy as np
import pytest

from finetune.evaluation.results import compare
from finetune.gate import NO_DECISIVE_SET, GatePolicy, decide
from tests.finetune.evaluation.results import result

SCORES = list(np.random.default_rng(5).uniform(0.2, 0.7, 60))


def moved(by, among=60):
    return [score + by for score in SCORES[:among]]


def beside(new, live, base=None, **place):
    """Comparisons of a candidate with the live release and, where given, the base model."""
    systems = [("r-new", new), ("r-live", live), *([("base", base)] if base else [])]
    return compare([result(name, scores, **place) for name, scores in systems], "r-new")


def judged(decisive, others=()):
    return decide(decisive, others, live="r-live", base="base", tasks=())


def test_better_on_the_target_and_not_worse_elsewhere_goes_live():
    decision = judged(beside(moved(0.05), SCORES), beside(SCORES, SCORES, set="frozen", task="rewrite"))
    assert decision.promote
    assert decision.reasons[0].startswith("token f1 of answer regression is ")
    assert "0.050 above that of r-live" in decision.reasons[0]
    assert decision.reasons[-1].startswith("Nothing that is guarded is worse")


def test_better_on_a_set_that_was_checked_is_enough_where_the_log_is_too_small_to_tell():
    few = beside(moved(0.05, among=10), SCORES[:10])
    assert not judged(few).promote
    assert judged([*few, *beside(moved(0.05), SCORES, set="checked")]).promote


def test_no_better_than_by_chance_stays_out():
    noise = np.random.default_rng(6).normal(0, 0.1, 60)
    decision = judged(beside([s + n for s, n in zip(SCORES, noise, strict=True)], SCORES))
    assert not decision.promote
    assert "not better with confidence" in decision.reasons[0]


def test_a_candidate_that_is_the_live_release_again_stays_out():
    assert not judged(beside(SCORES, SCORES)).promote


@pytest.mark.slow
def test_chance_alone_hardly_ever_opens_the_gate():
    random = np.random.default_rng(7)
    opened = [
        judged(beside(list(random.uniform(0, 1, 40)), list(random.uniform(0, 1, 40)))).promote
        for _ in range(100)
    ]
    assert sum(opened) <= 7


def test_a_loss_on_a_frozen_set_keeps_a_better_candidate_out():
    decision = judged(beside(moved(0.1), SCORES), beside(moved(-0.1), SCORES, set="frozen"))
    assert not decision.promote
    assert "better with confidence" in decision.reasons[0]
    assert "answer frozen" in decision.reasons[1]
    assert "0.02 is tolerated" in decision.reasons[1]


def test_a_small_loss_is_tolerated():
    assert judged(beside(moved(0.1), SCORES), beside(moved(-0.01), SCORES, set="frozen")).promote


def test_a_loss_that_may_be_chance_is_tolerated():
    noisy = [s - 0.05 + (0.6 if n % 2 else -0.6) for n, s in enumerate(SCORES)]
    assert judged(beside(moved(0.1), SCORES), beside(noisy, SCORES, set="frozen")).promote


def test_tolerated_losses_do_not_add_up():
    decision = judged(beside(moved(0.1), SCORES), beside(moved(-0.03), moved(-0.015), SCORES, set="frozen"))
    assert not decision.promote
    assert "that of base" in decision.reasons[-1]


def measures(**changed):
    usual = {"token_f1": 0.5, "abstention_f1": 0.8, "seconds": 1.0}
    return [{**usual, **changed, "token_f1": changed.get("token_f1", 0.5)} for _ in range(40)]


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        ({"abstention_f1": 0.7}, "abstention f1"),
        ({"seconds": 1.5}, "seconds"),
        ({"k_precision": 0.1}, "k precision"),
    ],
)
def test_every_guard_holds(worse, said):
    live = measures(k_precision=0.9)
    decision = judged(beside(measures(**{"k_precision": 0.9, **worse, "token_f1": 0.9}), live))
    assert not decision.promote
    assert any(reason.startswith(said) and "worse" in reason for reason in decision.reasons)


def test_a_somewhat_slower_candidate_is_tolerated():
    assert judged(beside(measures(token_f1=0.9, seconds=1.2), measures())).promote


def test_a_much_larger_model_stays_out():
    sized = [result("r-new", moved(0.1), bytes=200.0), result("r-live", SCORES, bytes=100.0)]
    decision = judged(compare(sized, "r-new"))
    assert not decision.promote
    assert decision.reasons[-1] == (
        "bytes of answer regression is 200.000, 100.000 above that of r-live: worse, and 25% is tolerated."
    )


def test_few_conversations_cannot_open_the_gate():
    decision = judged(beside(moved(0.3, 6), SCORES[:6]))
    assert not decision.promote
    assert "holds 6 conversations, and it takes 20 to tell" in decision.reasons[0]


def test_better_at_one_task_is_enough_if_the_other_is_no_worse():
    answers, rewrites = beside(moved(0.1), SCORES), beside(SCORES, SCORES, task="rewrite")
    decision = judged([*answers, *rewrites])
    assert decision.promote
    assert any("rouge l" in reason and "not better" in reason for reason in decision.reasons)


def test_without_a_target_nothing_goes_live():
    assert judged([], beside(moved(0.1), SCORES)).reasons == (NO_DECISIVE_SET,)


def test_a_live_release_that_was_not_measured_cannot_be_beaten():
    decision = decide(beside(moved(0.1), SCORES), [], live="r-other", base="base", tasks=())
    assert not decision.promote
    assert "cannot be compared with r-other's" in decision.reasons[0]


def test_a_policy_may_choose_another_target():
    policy = GatePolicy(targets={"answer": "abstention_f1"}, conversations=10)
    both = beside(measures(abstention_f1=0.9), measures())
    assert decide(both, [], "r-live", "base", ("answer",), policy).promote


def test_a_task_that_was_not_measured_keeps_the_candidate_out():
    answers = beside(moved(0.05), SCORES)
    judged_for = {"live": "r-live", "base": "base", "tasks": ("rewrite", "answer")}
    decision = decide(answers, (), **judged_for)
    assert not decision.promote
    assert "rewrite was not measured: give a --frozen set for it." in decision.reasons
    assert decide(answers, beside(SCORES, SCORES, set="frozen", task="rewrite"), **judged_for).promote
