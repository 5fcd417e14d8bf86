"""Instructions on how to answer are told from questions."""

import pytest

from dialogue.styles import StyledMessage, take_apart


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("in short", None),
        ("in short?", None),
        ("and in a table?", None),
        ("step by step pls", None),
        ("too long, give me that in one sentence", None),
        ("in English please", "en"),
        ("could you put that in German please, it's for my father", "de"),
        ("Can you put that in Spanish please, I want to forward it to my mum", "es"),
        ("auf Deutsch bitte", "de"),
        ("Und als Tabelle?", None),
        ("Bitte auf Englisch.", "en"),
        ("en français s'il te plaît", "fr"),
        ("plus court svp", None),
        ("¿Puedes decirlo en inglés?", "en"),
        ("más corto, por favor", None),
        ("me lo dici in una riga", None),
        ("me diz isso em inglês?", "en"),
        ("in het Nederlands graag", "nl"),
        ("po polsku proszę", "pl"),
        ("можно по-русски?", "ru"),
        ("короче, пожалуйста", None),
        ("用英文说", "en"),
        ("一句话告诉我", None),
        ("英語でお願いします", "en"),
        ("短くして", None),
        ("영어로 답해주세요", "en"),
        ("باختصار من فضلك", None),
    ],
)
def test_an_instruction_alone_asks_nothing_new(text: str, language: str | None) -> None:
    assert take_apart(text) == StyledMessage("", text, language)


@pytest.mark.parametrize(
    "text",
    [
        "Is the manual available in German?",
        "no, in Germany",
        "Gibt es das Handbuch auf Englisch?",
        "What does the short version cost?",
        "How do I make a table?",
        "too little for us, where do I raise it?",
        "Wo stelle ich die Sprache auf Deutsch um?",
        "怎么导出表格？",
        "",
    ],
)
def test_a_question_stays_whole(text: str) -> None:
    assert take_apart(text) == StyledMessage(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("How do I reset it? In German please.", ("How do I reset it?", "In German please.", "de")),
        ("In plain words, what is a lease?", ("what is a lease?", "In plain words,", None)),
        (
            "What do I need for it, as a short list please",
            ("What do I need for it", "as a short list please", None),
        ),
    ],
)
def test_a_question_and_its_instruction_are_taken_apart(
    text: str, parts: tuple[str, str, str | None]
) -> None:
    assert take_apart(text) == StyledMessage(*parts)
