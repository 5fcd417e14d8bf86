"""Metrics of texts, rankings, citations and facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from finetune.evaluation.metrics import (
    CitedPassages,
    abstention_f1,
    answer_tokens,
    bleu,
    citation_precision,
    citation_recall,
    exact_match,
    k_precision,
    missing_facts,
    ndcg_at,
    recall_at,
    rouge_l,
    states_fact,
    strip_markers,
    token_f1,
    words,
    yes_or_no,
)
from finetune.evaluation.results import EvaluationResult, ScoredExample

TEXTS = st.text(alphabet="ab c电池。.", max_size=20)


def test_words_are_lower_case_without_punctuation_and_chinese_by_the_character():
    assert words("The Hearth-10: 7.5 kWh！") == ["the", "hearth", "10", "7", "5", "kwh"]
    assert words("保修3年") == ["保", "修", "3", "年"]


def test_answer_tokens_drop_articles_and_join_over_punctuation():
    assert answer_tokens("The charger's 7.5 m cable, an extra") == ["chargers", "75", "m", "cable", "extra"]


def test_exact_match_overlooks_case_spacing_and_punctuation():
    assert exact_match("how long is the  warranty", ["How long is the warranty?"]) == 1
    assert exact_match("how long is the warranty", ["How long is the guarantee?"]) == 0


def test_any_reference_will_do():
    assert exact_match("b", ["a", "b"]) == token_f1("b", ["a", "b"]) == rouge_l("b", ["a", "b"]) == 1


def test_token_f1_is_the_harmonic_mean_over_bags_of_tokens():
    # 2 of 3 tokens found, 2 of 4 wanted.
    assert token_f1("red blue green", ["blue red pink grey"]) == pytest.approx(2 * 2 / 7)


def test_token_f1_counts_a_repeated_token_only_as_often_as_it_is_wanted():
    assert token_f1("ten ten", ["ten years"]) == pytest.approx(0.5)


def test_rouge_l_needs_the_order_that_token_f1_ignores():
    assert token_f1("c b a", ["a b c"]) == 1
    assert rouge_l("c b a", ["a b c"]) == pytest.approx(1 / 3)


def test_rouge_l_follows_the_longest_common_subsequence():
    # police [kill] the gunman: the example of Lin 2004, section 3.1, with beta 1.
    assert rouge_l("police kill the gunman", ["police killed the gunman"]) == pytest.approx(0.75)
    assert rouge_l("the gunman kill police", ["police killed the gunman"]) == pytest.approx(0.5)


def test_chinese_is_compared_by_the_character():
    assert token_f1("保修十年", ["保修三年"]) == pytest.approx(0.75)
    assert rouge_l("保修十年", ["保修三年"]) == pytest.approx(0.75)


def test_an_empty_text_counts_nothing():
    assert token_f1("", ["ten"]) == rouge_l("", ["ten"]) == exact_match("", ["ten"]) == 0


def test_bleu_is_that_of_sacrebleu_as_a_fraction():
    texts = ["how long is the warranty of the heron", "does it cost anything to send back"]
    wanted = ["How long is the warranty on the Heron frame?", "Does it cost anything to return it?"]
    expected = BLEU(lowercase=True, tokenize="zh").corpus_score(texts, [wanted]).score / 100
    assert 0.1 < expected < 0.9
    assert bleu(texts, [[text] for text in wanted]) == pytest.approx(expected)


def test_bleu_takes_rows_with_different_numbers_of_references():
    several = bleu(["a b c d e", "v w x y z"], [["q q q q q", "a b c d e"], ["v w x y z"]])
    assert several == pytest.approx(1)


def test_bleu_of_nothing_is_zero():
    assert bleu([], []) == 0


@given(TEXTS, TEXTS)
def test_measures_are_fractions_and_the_same_both_ways(text, other):
    for measure in (token_f1, rouge_l, exact_match):
        assert 0 <= measure(text, [other]) <= 1
        assert measure(text, [other]) == measure(other, [text])


@given(TEXTS.filter(lambda text: words(text) and answer_tokens(text)))
def test_a_text_is_wholly_like_itself(text):
    assert token_f1(text, [text]) == rouge_l(text, [text]) == exact_match(text, [text]) == 1


def test_recall_is_the_share_of_what_is_relevant():
    relevant = {"a": 1, "b": 1, "c": 1, "d": 1}
    assert recall_at(3, ["a", "x", "b", "c"], relevant) == 0.5
    assert recall_at(3, [], relevant) == 0


def test_ndcg_is_one_for_the_best_order_and_less_for_a_later_place():
    relevant = {"a": 2, "b": 1}
    assert ndcg_at(5, ["a", "b", "x"], relevant) == 1
    assert ndcg_at(5, ["x", "a", "b"], relevant) == pytest.approx(
        (2 / 1.58496 + 1 / 2) / (2 + 1 / 1.58496), abs=1e-5
    )
    assert ndcg_at(5, ["x", "y"], relevant) == 0


def test_ndcg_expects_no_more_than_fits_the_cut():
    assert ndcg_at(1, ["a"], {"a": 1, "b": 1, "c": 1}) == 1


def test_grades_count():
    relevant = {"a": 3, "b": 1}
    assert ndcg_at(5, ["b", "a"], relevant) < ndcg_at(5, ["a", "b"], relevant)


def cited(*passages, evidence=()):
    return CitedPassages(frozenset(passages), frozenset(evidence))


def test_markers_are_no_words_of_an_answer():
    assert strip_markers("It costs €49 [1][2]. 免费 [1, 3]。") == "It costs €49. 免费。"


def test_brackets_that_cite_nothing_stay():
    assert strip_markers("Press [OK] in 2020 [sic].") == "Press [OK] in 2020 [sic]."


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
    return EvaluationResult(
        "answer",
        "s",
        "base",
        tuple(ScoredExample(str(n), str(n), "", "", {"f1": s}) for n, s in enumerate(shares)),
    ).value("f1")


def test_abstention_f1_punishes_both_guessing_and_needless_silence():
    # Right once, silent once though there was an answer, guessed twice.
    abstained = [True, True, False, False, False]
    answerable = [False, True, False, False, True]
    assert f1(abstained, answerable) == pytest.approx(2 * 1 / (2 * 1 + 1 + 2))


def test_abstention_f1_is_undefined_where_nobody_should_abstain_or_did():
    assert f1([False], [True]) is None
    assert f1([True], [True]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "You have 30 days.",
        "the 30-days period",
        "**30** days",
        "30days",
        "within 30 days",
        "３０ days",
        "It takes 30\ndays",
        "THIRTY DAYS",
    ],
)
def test_formatting_does_not_matter(text):
    assert states_fact(text, ["30 days", "thirty days"])


@pytest.mark.parametrize("text", ["130 days", "30.5 days", "1.30 days", "30 daysx", "30 hours"])
def test_another_number_or_word_is_another_fact(text):
    assert not states_fact(text, ["30 days"])


@pytest.mark.parametrize("text", ["€1,190", "1190 €", "EUR 1.190,00 no: €1190.00", "€ 1'190"])
def test_money_is_found_with_and_without_separators_and_cents(text):
    assert states_fact(text, ["€1,190", "1190 €"])


def test_a_decimal_is_not_its_whole_part():
    assert not states_fact("5.9 %", ["5 %", "9 %"])
    assert states_fact("4.0 bar", ["4.0 bar"])


def test_chinese_needs_no_spaces_around_a_number():
    assert states_fact("运费为18新元，满200 新元免运费。", ["18 新元"])
    assert not states_fact("运费为118新元", ["18 新元"])


def test_missing_names_each_unstated_fact_by_its_first_phrase():
    facts = [["10 years", "ten years"], ["6000"]]
    assert missing_facts("Ten years.", facts) == ["6000"]
    assert missing_facts("10 years or 6,000 cycles", facts) == []


@given(st.text(max_size=40), st.text(alphabet="ab1.(*€年 ", min_size=1).filter(str.strip))
def test_any_phrase_can_be_looked_for_in_any_text(text, phrase):
    assert states_fact(text, [phrase]) in (True, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, of course.", True),
        ("**No**, not here.", False),
        ("Nein, das geht nicht.", False),
        ("はい、できます。", True),
        ("不行，只能在店里。", False),
        ("Notes are kept.", None),
        ("Ten years.", None),
        ("", None),
    ],
)
def test_an_answer_begins_with_yes_or_no_or_with_neither(text: str, expected: bool | None) -> None:
    assert yes_or_no(text) is expected
