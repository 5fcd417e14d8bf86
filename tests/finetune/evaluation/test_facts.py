import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.evaluation.facts import missing, states


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
    assert states(text, ["30 days", "thirty days"])


@pytest.mark.parametrize("text", ["130 days", "30.5 days", "1.30 days", "30 daysx", "30 hours"])
def test_another_number_or_word_is_another_fact(text):
    assert not states(text, ["30 days"])


@pytest.mark.parametrize("text", ["€1,190", "1190 €", "EUR 1.190,00 no: €1190.00", "€ 1'190"])
def test_money_is_found_with_and_without_separators_and_cents(text):
    assert states(text, ["€1,190", "1190 €"])


def test_a_decimal_is_not_its_whole_part():
    assert not states("5.9 %", ["5 %", "9 %"])
    assert states("4.0 bar", ["4.0 bar"])


def test_chinese_needs_no_spaces_around_a_number():
    assert states("运费为18新元，满200 新元免运费。", ["18 新元"])
    assert not states("运费为118新元", ["18 新元"])


def test_missing_names_each_unstated_fact_by_its_first_phrase():
    facts = [["10 years", "ten years"], ["6000"]]
    assert missing("Ten years.", facts) == ["6000"]
    assert missing("10 years or 6,000 cycles", facts) == []


@given(st.text(max_size=40), st.text(alphabet="ab1.(*€年 ", min_size=1).filter(str.strip))
def test_any_phrase_can_be_looked_for_in_any_text(text, phrase):
    assert states(text, [phrase]) in (True, False)
