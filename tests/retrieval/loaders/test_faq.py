"""Which columns hold questions and their answers."""

import pytest

from retrieval.loaders.faq import ColumnPair, find_pairs, read_entries
from retrieval.tables import Table


@pytest.mark.parametrize(
    "heads",
    [
        ["Question", "Answer"],
        ["q", "a"],
        ["FRAGE", "ANTWORT"],
        ["Pregunta", "Respuesta"],
        ["Question", "Réponse"],
        ["问题", "答案"],
        ["常见问题", "回答"],
        ["question_text", "answer_text"],
        ["Вопрос", "Ответ"],
    ],
)
def test_the_columns_are_known_by_their_names(heads: list[str]) -> None:
    assert [(p.question, p.answer) for p in find_pairs(Table(tuple(heads), (("x", "y"),)))] == [(0, 1)]


def test_several_languages_are_pairs_of_their_own() -> None:
    table = Table(("id", "q_en", "q_fr", "a_en", "a_fr"), ())
    assert find_pairs(table) == [ColumnPair(1, 3, "en"), ColumnPair(2, 4, "fr")]


def test_the_columns_are_known_by_what_they_hold() -> None:
    rows = (
        ("1", "How long is it?", "It takes five days in most cases."),
        ("2", "What does it cost?", "Nothing at all, it is free."),
    )
    assert find_pairs(Table(("No", "Topic", "Text"), rows)) == [ColumnPair(1, 2)]
    assert find_pairs(Table((), rows)) == [ColumnPair(1, 2)]


@pytest.mark.parametrize(
    "table",
    [
        Table(("name", "price"), (("Pump", "4"), ("Valve", "5"))),
        Table(("Question number", "Answer id"), (("1", "2"), ("3", "4"))),
        Table(("Is the door shut?", "Owner"), (("yes", "Ann"), ("no", "Bob"))),
        Table(
            ("Question", "Yes", "No"), (("Are you happy?", "40 %", "60 %"), ("Are you well?", "50 %", "50 %"))
        ),
        Table((), ()),
    ],
)
def test_other_tables_are_none(table: Table) -> None:
    assert find_pairs(table) == []


def test_an_answer_in_html_or_markdown_is_read_as_such() -> None:
    rows = (
        ("How?", "<p>Press <b>Start</b>.</p><ul><li>Wait</li></ul>"),
        ("Where?", "See [the map](https://example.com/map).\\n\\n- left\\n- right"),
        ("Why?", ""),
    )
    first, second = read_entries(rows, [ColumnPair(0, 1)], "faq.csv")
    assert first.text == "How?\nPress Start.\n- Wait"
    assert second.text.splitlines()[-2:] == ["- left", "- right"]
    assert "](" not in second.text


def test_an_entry_of_several_languages_is_called_by_number_and_language() -> None:
    entries = read_entries(
        (("How?", "Comment ?", "So.", "Ainsi."),), [ColumnPair(0, 2, "en"), ColumnPair(1, 3, "fr")], "faq.csv"
    )
    assert [entry.source for entry in entries] == ["faq.csv#1.en", "faq.csv#1.fr"]


def test_chosen_columns_win_over_names_and_contents() -> None:
    table = Table(("No", "Issue", "Possible  Cause", "Answer"), (("1", "No light", "Fuse", "Ask us"),))
    assert find_pairs(table, [("issue", "possible cause")]) == [ColumnPair(1, 2, "issue")]
    assert find_pairs(table, [("Symptom", "Cure")]) == find_pairs(table) == []


def test_several_chosen_pairs_of_one_table_are_entries_of_their_own() -> None:
    table = Table(("Issue", "Fix", "Problème", "Remède"), (("No light", "New fuse", "Panne", "Fusible"),))
    pairs = find_pairs(table, [("Issue", "Fix"), ("Problème", "Remède")])
    assert [entry.source for entry in read_entries(table.rows, pairs, "f.csv")] == [
        "f.csv#1.issue",
        "f.csv#1.problème",
    ]
