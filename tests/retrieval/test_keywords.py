from pathlib import Path

import numpy as np
import pytest

from retrieval.keywords import KeywordIndex, question_terms
from retrieval.words import keywords


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("What are the Batteries of the HB-2000?", ["battery", "hb", "2000"]),
        ("ＰＲＯ　Ｍａｘ", ["pro", "max"]),
        ("退款政策", ["退款", "款政", "政策"]),
        ("用HB2000退", ["用", "hb2000", "退"]),
        ("the of and", []),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_are_folded_and_ideographs_paired(text: str, terms: list[str]) -> None:
    assert list(keywords(text)) == terms


def test_the_text_that_shares_the_rare_term_scores_best(tmp_path: Path) -> None:
    texts = [
        "refund for the heat pump",
        "refund for the charger",
        "refund within days",
        "保修期为两年",
        "保修条款",
    ]
    index = KeywordIndex.write(tmp_path / "keywords", texts)
    assert np.argmax(index.scores("charger refund", 5)) == 1
    assert np.argmax(index.scores("保修几年", 5)) in (3, 4)


def test_a_question_that_shares_nothing_scores_zero(tmp_path: Path) -> None:
    index = KeywordIndex.write(tmp_path / "keywords", ["refund", "charger"])
    assert not index.scores("warranty", 2).any()


def test_it_reads_what_it_wrote(tmp_path: Path) -> None:
    written = KeywordIndex.write(tmp_path / "keywords", ["refund policy", "charger"])
    read = KeywordIndex(tmp_path / "keywords")
    assert (read.scores("refund", 2) == written.scores("refund", 2)).all()


@pytest.mark.parametrize("texts", [[], ["?!", "the"]])
def test_texts_without_a_term_are_no_trouble(tmp_path: Path, texts: list[str]) -> None:
    KeywordIndex.write(tmp_path / "keywords", texts)
    assert not KeywordIndex(tmp_path / "keywords").scores("refund", len(texts)).any()


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("Wie lange ist die Garantie auf den Akku?", ["lange", "garantie", "akku"]),
        ("Quelle est la durée de la garantie ?", ["durée", "garantie"]),
        ("Does the war die in the end?", ["war", "die", "end"]),
        ("Was ist das?", ["ist", "das"]),
        ("保修期", ["保修", "修期"]),
    ],
)
def test_a_question_is_searched_without_the_function_words_of_its_language(
    question: str, terms: list[str]
) -> None:
    assert question_terms(question) == terms


def test_a_german_article_finds_no_german_text_that_lacks_the_word(tmp_path: Path) -> None:
    texts = ["die der das die der das ist auf", "Der Akku hat zwei Jahre Garantie."]
    index = KeywordIndex.write(tmp_path / "keywords", texts)
    assert np.argmax(index.scores("Wie ist die Garantie auf den Akku?", 2)) == 1
