"""Conversations that quote an article lend open questions, with what they quote as passages."""

from finetune.datasets.synthetic.wide_questions import quoted_answers
from finetune.examples import DialogueTurn, GroundingExample
from tests.finetune.sample_examples import rewriting

OPENING = DialogueTurn(role="assistant", text="Old Harbour – Storm of 1890")
SAID = (
    ("What happened?", "What happened in the storm?", "a storm broke the old mole of the harbour,"),
    ("And then?", "What happened after the storm?", "The town built a new mole out of granite."),
    ("Who paid?", "Who paid for the new mole?", "I don't know."),
    ("When?", "When did the new mole stand?", "in 1893"),
    ("Was it strong?", "How strong was the new mole?", "It withstood the storm of 1902 without harm."),
    ("Thanks?", "Did the town give thanks?", "The bishop came and blessed the new mole."),
)


def conversation(name: str = "C_1:0", opening: DialogueTurn = OPENING, source: str = "canard"):
    """A row for each question, with all that was said before it."""
    rows, history = [], [opening]
    for n, (asked, meant, replied) in enumerate(SAID):
        identity = {"id": f"canard:{name}-{n}", "source": source}
        rows.append(rewriting(**identity, history=tuple(history), question=asked, rewrite=meant))
        history += [DialogueTurn(role="user", text=asked), DialogueTurn(role="assistant", text=replied)]
    return rows


def quoted(seed: int = 1, *conversations) -> dict[str, GroundingExample]:
    rows = [row for one in conversations or (conversation(),) for row in one]
    return {example.question: example for example in quoted_answers(rows, seed)}


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
    asked = [replace_opening(row, "Which harm did the storm do?") for row in conversation()]
    assert quoted(1, asked)["Which harm did the storm do?"].answer.count(".") == 1


def replace_opening(row, meant: str):
    return row.model_copy(update={"rewrite": meant}) if row.question == "What happened?" else row


def test_what_the_assistant_did_not_know_has_no_answer() -> None:
    asked = [quoted(seed).get("Who paid for the new mole?") for seed in range(9)]
    known = [example for example in asked if example]
    assert known and len(known) < len(asked)
    assert all((one.answerable, one.answer, one.evidence) == (False, "", ()) for one in known)


def test_too_short_and_last_quotations_are_not_asked_for() -> None:
    assert "When did the new mole stand?" not in quoted()
    assert "Did the town give thanks?" not in quoted(), "its answer would stand in a row after it"


def test_the_article_as_a_whole_is_asked_about() -> None:
    [overview] = [one for one in quoted().values() if one.id.endswith(":overview")]
    assert "Old Harbour, Storm of 1890" in overview.question
    assert overview.answer.count(".") == 3


def test_other_conversations_lend_passages_that_do_not_answer() -> None:
    other = conversation("C_2:0", DialogueTurn(role="assistant", text="New Harbour – Trade"))
    example = quoted(1, conversation(), other)["What happened in the storm?"]
    assert {passage.title for passage in example.passages} == {"Old Harbour", "New Harbour"}


def test_other_sources_and_openings_are_left_alone() -> None:
    assert not quoted(1, conversation(source="log"))
    assert not quoted(1, conversation(opening=DialogueTurn(role="assistant", text="Good morning")))


def test_the_same_seed_gives_the_same() -> None:
    assert quoted(3) == quoted(3)
