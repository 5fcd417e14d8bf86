import pytest

from finetune.evaluation.scores import Result, Scored
from finetune.evaluation.support import (
    Cited,
    abstention_f1,
    citation_precision,
    citation_recall,
    k_precision,
    without_markers,
)


def cited(*passages, evidence=()):
    return Cited(frozenset(passages), frozenset(evidence))


def test_markers_are_no_words_of_an_answer():
    assert without_markers("It costs €49 [1][2]. 免费 [1, 3]。") == "It costs €49. 免费。"


def test_brackets_that_cite_nothing_stay():
    assert without_markers("Press [OK] in 2020 [sic].") == "Press [OK] in 2020 [sic]."


def test_k_precision_is_the_share_of_the_answer_found_in_the_passages():
    assert k_precision("It costs 49 euro [1].", ["Collection costs 49."]) == pytest.approx(2 / 4)


def test_k_precision_adds_up_over_the_passages():
    assert k_precision("frame ten years", ["The frame", "ten years"]) == 1


def test_k_precision_counts_a_token_only_as_often_as_the_passages_hold_it():
    assert k_precision("yes yes yes", ["yes"]) == pytest.approx(1 / 3)


def test_k_precision_of_no_words_is_undefined():
    assert k_precision("[1]", ["yes"]) is None


def test_citation_precision_is_the_share_of_the_cited_passages_that_are_evidence():
    assert citation_precision(cited("a", "b", evidence=["a"])) == 0.5
    assert citation_precision(cited("a", evidence=["a", "c"])) == 1
    assert citation_precision(cited(evidence=["a"])) is None


def test_a_citation_where_nothing_answers_the_question_is_wrong():
    assert citation_precision(cited("a")) == 0


def test_citation_recall_is_the_share_of_the_evidence_and_silence_counts_nothing():
    assert citation_recall(cited("a", evidence=["a", "b"])) == 0.5
    assert citation_recall(cited(evidence=["a"])) == 0
    assert citation_recall(cited("x")) is None


def f1(abstained, answerable):
    shares = [abstention_f1(*pair) for pair in zip(abstained, answerable, strict=True)]
    return figure(shares)


def figure(shares):
    return Result(
        "answer", "s", "base", tuple(Scored(str(n), str(n), "", "", {"f1": s}) for n, s in enumerate(shares))
    ).value("f1")


def test_abstention_f1_punishes_both_guessing_and_needless_silence():
    # Right once, silent once though there was an answer, guessed twice.
    abstained = [True, True, False, False, False]
    answerable = [False, True, False, False, True]
    assert f1(abstained, answerable) == pytest.approx(2 * 1 / (2 * 1 + 1 + 2))


def test_abstention_f1_is_undefined_where_nobody_should_abstain_or_did():
    assert f1([False], [True]) is None
    assert f1([True], [True]) == 0
