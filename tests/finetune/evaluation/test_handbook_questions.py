"""The list of questions about the sample handbook holds together with the handbook itself."""

from collections import Counter
from pathlib import Path

import bot
from finetune.evaluation.handbook import SAMPLE_QUESTIONS, HandbookQuestion
from finetune.evaluation.metrics import missing_facts
from finetune.examples import read_examples

HANDBOOK = Path(bot.__file__).with_name("handbook")
QUESTIONS = list(read_examples(SAMPLE_QUESTIONS, HandbookQuestion))


def test_forty_questions_of_four_kinds():
    assert Counter(question.kind for question in QUESTIONS) == {
        "plain": 16,
        "follow-up": 10,
        "unanswerable": 8,
        "chinese": 6,
    }
    assert len({question.id for question in QUESTIONS}) == 40


def same_language(question):
    """The accepted sources that use the question's words: a Chinese answer may rest on an English page."""
    return [source for source in question.sources if source.startswith(question.language)]


def test_accepted_sources_exist():
    assert all((HANDBOOK / source).is_file() for question in QUESTIONS for source in question.sources)


def test_every_accepted_source_states_every_expected_fact():
    for question in QUESTIONS:
        for source in same_language(question):
            page = (HANDBOOK / source).read_text(encoding="utf-8")
            assert not missing_facts(page, question.facts), f"{question.id} in {source}"


def test_answerable_questions_expect_facts_and_the_others_none():
    for question in QUESTIONS:
        assert bool(question.facts) == bool(question.sources) == question.answerable, question.id


def test_follow_ups_have_a_history():
    assert all(question.history for question in QUESTIONS if question.kind == "follow-up")


def test_chinese_questions_are_in_chinese():
    for question in QUESTIONS:
        assert (question.language == "zh") == any("\u4e00" <= c <= "\u9fff" for c in question.question)
