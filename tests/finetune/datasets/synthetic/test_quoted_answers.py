"""Conversations that quote an article become open questions, with their quotations as passages."""

from dataclasses import replace

from finetune.datasets.synthetic.wide_questions import QuotedConversation, quoted_answers
from finetune.examples import GroundingExample

STORM = QuotedConversation(
    "set:C_1:0",
    "Old Harbour",
    "Storm of 1890",
    (
        ("What happened in the storm?", "A storm broke the old mole of the harbour."),
        ("What happened after the storm?", "The town built a new mole out of granite."),
        ("Who paid for the new mole?", None),
        ("How strong was the new mole?", "It withstood the storm of 1902 without harm."),
    ),
)


def quoted(seed: int = 1, *conversations: QuotedConversation) -> dict[str, GroundingExample]:
    examples = quoted_answers(conversations or (STORM,), seed, "quoted")
    return {example.question: example for example in examples}


def test_a_question_is_asked_as_it_was_meant_and_answered_by_the_quotation() -> None:
    example = quoted()["What happened after the storm?"]
    assert example.answer.startswith("The town built a new mole out of granite.")
    assert (example.source, example.history, example.answerable) == ("quoted", (), True)


def test_a_quotation_becomes_a_sentence_of_a_passage_and_others_of_the_section_do_not_answer() -> None:
    example = quoted()["What happened in the storm?"]
    telling, other = example.passages
    assert telling.title == other.title == "Old Harbour" and example.evidence == (telling.id,)
    assert telling.text.startswith("A storm broke the old mole of the harbour. The town built")
    assert other.text == "It withstood the storm of 1902 without harm."


def test_an_open_question_goes_on_with_the_next_quotation_and_a_narrow_one_does_not() -> None:
    assert "The town built" in quoted()["What happened in the storm?"].answer
    narrow = "Which harm did the storm do?"
    asked = replace(STORM, exchanges=((narrow, STORM.exchanges[0][1]), *STORM.exchanges[1:]))
    assert quoted(1, asked)[narrow].answer.count(".") == 1


def test_what_the_assistant_did_not_know_has_no_answer() -> None:
    asked = [quoted(seed).get("Who paid for the new mole?") for seed in range(9)]
    known = [example for example in asked if example]
    assert known and len(known) < len(asked)
    assert all((one.answerable, one.answer, one.evidence) == (False, "", ()) for one in known)


def test_the_article_as_a_whole_is_asked_about() -> None:
    [overview] = [one for one in quoted().values() if one.id.endswith(":overview")]
    assert "Old Harbour, Storm of 1890" in overview.question
    assert overview.answer.count(".") == 3


def test_other_conversations_lend_passages_that_do_not_answer() -> None:
    other = replace(STORM, id="set:C_2:0", title="New Harbour")
    example = quoted(1, STORM, other)["What happened in the storm?"]
    assert {passage.title for passage in example.passages} == {"Old Harbour", "New Harbour"}


def test_the_same_seed_gives_the_same() -> None:
    assert quoted(3) == quoted(3)
