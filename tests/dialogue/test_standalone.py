"""Which follow-ups are searched for as they are, and which are left to the rewriter."""

from datetime import UTC, datetime

import pytest

from dialogue.conversation import Role, Turn
from dialogue.rewriting import Rewriter
from dialogue.standalone import standalone
from tests.dialogue.fake_chat_model import FakeChatModel

SAID = ("How long is the guarantee on a Volt 9?", "Two years. It was tested by Richard Dawkins.")
HISTORY = [
    Turn("", n, role, text, datetime.now(UTC))
    for n, (role, text) in enumerate(zip((Role.USER, Role.ASSISTANT), SAID, strict=True), 1)
]


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Something else: do you ship to Norway on Sundays?", "do you ship to Norway on Sundays?"),
        (
            "Leave that, my lamp fell off the table and now it flickers all night",
            "my lamp fell off the table and now it flickers all night",
        ),
        (
            "ok never mind the price. Can I hang it on a concrete ceiling?",
            "Can I hang it on a concrete ceiling?",
        ),
        (
            "Lassen wir das. Wie hänge ich die Lampe an eine Decke aus Beton?",
            "Wie hänge ich die Lampe an eine Decke aus Beton?",
        ),
        ("先不提这个，发票怎么打印？", "发票怎么打印？"),
        ("OK, thanks. Another topic, how do I print an old invoice?", "how do I print an old invoice?"),
        ("Danke. Was anderes: Wie drucke ich eine Rechnung aus?", "Wie drucke ich eine Rechnung aus?"),
        ("Autre question : comment imprimer une facture ?", "comment imprimer une facture ?"),
        ("Otra cosa: ¿cómo imprimo una factura nueva?", "¿cómo imprimo una factura nueva?"),
        ("好，换个话题，发票怎么打印？", "发票怎么打印？"),
    ],
)
def test_after_an_announced_change_of_topic_the_rest_stands_alone(question: str, query: str) -> None:
    assert standalone(HISTORY, question) == query


@pytest.mark.parametrize(
    "question", ["How does the Pelican Plus charge in winter?", "What does a Heron weigh without batteries?"]
)
def test_a_question_that_names_its_topic_stands_alone(question: str) -> None:
    assert standalone(HISTORY, question) == question


@pytest.mark.parametrize(
    "question",
    [
        "And on a Volt 11?",
        "How long does it last?",
        "How long is the guarantee?",
        "How long is the battery life?",
        "Does Dawkins test bicycles?",
        "What other tests did Volt pass?",
        "How many a day for 200 GB?",
        "Something else?",
        "Never mind, then by hand.",
        "Another question: how long does it last in winter?",
        "Leave it on all night?",
        "Something else: and its price?",
        "Different thing: is the Heron tested there too?",
        "Is there something different, perhaps a Heron model for children?",
        "Was kostet das Modell Reiher?",
        "多久充一次电？",
    ],
)
def test_what_may_need_the_history_is_left_to_the_rewriter(question: str) -> None:
    assert standalone(HISTORY, question) is None


async def test_the_model_is_not_asked_to_rewrite_what_stands_alone() -> None:
    rewriter = Rewriter(FakeChatModel(rewrites=[RuntimeError("asked")]), trained=True)
    question = "What does a Heron weigh without batteries?"
    assert await rewriter.rewrite(HISTORY, question, "en") == question


async def test_a_question_that_corrects_itself_is_rewritten_all_the_same() -> None:
    rewriter = Rewriter(FakeChatModel(rewrites=["What does a Heron weigh?"]))
    said = "What does a Pelican, no wait, a Heron weigh?"
    assert await rewriter.rewrite(HISTORY, said, "en") == "What does a Heron weigh?"
