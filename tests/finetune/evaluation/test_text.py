import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from finetune.evaluation.text import answer_tokens, bleu, exact_match, rouge_l, token_f1, words

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
