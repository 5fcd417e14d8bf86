"""The Markdown of language models becomes entities that Telegram accepts; everything else stays as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.rendering import render_markdown, sanitize
from tests.botapi.messages import check_text

MARKS = st.lists(
    st.sampled_from(
        [
            *["**", "*", "_", "~~", "`", ">", "-", "1.", "#", "[1]", "a", "漢", "😀", "---", "```"],
            " ",
            "\n",
            "\n\n",
            "```\n",
            "> ",
            "- ",
            "# ",
        ]
    ),
    max_size=40,
).map("".join)


def pieces(markdown: str) -> list[tuple[str, str]]:
    result = render_markdown(markdown)
    return [(span.kind, result.text[span.start : span.end]) for span in result.spans]


@given(st.one_of(MARKS, st.text().map(sanitize)).filter(str.strip))
def test_telegram_accepts_whatever_a_model_writes(markdown: str) -> None:
    message = render_markdown(markdown).message

    check_text(message["text"], message)


@pytest.mark.parametrize(
    ("markdown", "text", "kind", "piece"),
    [
        ("It is **grey**.", "It is grey.", "bold", "grey"),
        ("It is *grey*.", "It is grey.", "italic", "grey"),
        ("Run `reset --all`.", "Run reset --all.", "code", "reset --all"),
        ("# Returns\nSend it.", "Returns\n\nSend it.", "bold", "Returns"),
        ("> Quoted\n> twice", "Quoted\ntwice", "blockquote", "Quoted\ntwice"),
        ("```python\nx = 1\n```", "x = 1", "pre", "x = 1"),
    ],
)
def test_marks_become_styles(markdown: str, text: str, kind: str, piece: str) -> None:
    assert render_markdown(markdown).text == text
    assert pieces(markdown) == [(kind, piece)]


def test_lists_keep_their_signs_numbers_and_depth() -> None:
    assert render_markdown("- one\n- two\n  1. deep\n  2. deeper\n\nAfter").text == (
        "• one\n• two\n  1. deep\n  2. deeper\n\nAfter"
    )
    assert render_markdown("3. three\n4. four").text == "3. three\n4. four"


@pytest.mark.parametrize(
    "plain",
    [
        "See [1] and [2].",
        "[1]: https://evil.example",
        "[click](https://evil.example)",
        "<b>not bold</b> &amp;",
        "snake_case_name and 2 * 3 * 4",
    ],
)
def test_links_html_and_markers_stay_as_they_stand(plain: str) -> None:
    assert render_markdown(plain).text == plain
    assert pieces(plain) == []


def test_code_within_bold_is_cut_out_of_it() -> None:
    assert pieces("**Press `reset` now**") == [("bold", "Press "), ("code", "reset"), ("bold", " now")]


def test_what_is_only_marks_is_shown_as_it_is() -> None:
    assert render_markdown("#").text == "#"
