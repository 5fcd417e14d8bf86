"""Markdown of site generators, and MDX."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import Chunking
from retrieval.documents import Document
from retrieval.loaders.markdown import load_markdown, load_mdx

FILES = Path(__file__).parent / "files"


def markdown(text: str) -> Document:
    (document,) = load_markdown(text.encode(), "guides/heat-pumps.md")
    return document


def lines(text: str) -> list[str]:
    return markdown(text).text.splitlines()


def mdx(text: str) -> list[str]:
    (document,) = load_mdx(text.encode(), "page.mdx")
    return document.text.splitlines()


def test_markdown_becomes_lines_a_reader_would_see() -> None:
    text = "# Heat *pumps*\n\nThey are **quiet**,\nsee [here](http://x.example).\n\n- one\n- two\n  - half\n"
    text += "\n> quoted\n"
    assert lines(text) == [
        "Heat pumps",
        "They are quiet, see here (http://x.example).",
        "- one",
        "- two",
        "- half",
        "quoted",
    ]


def test_headings_keep_their_level_and_place_and_lose_their_anchor() -> None:
    document = markdown("# A {#top .wide}\n\nalpha\n\n## B\n\nbeta\n\nC\n=\n")
    assert [(h.level, h.title) for h in document.headings] == [(1, "A"), (2, "B"), (1, "C")]
    assert all(document.text[h.start :].startswith(h.title) for h in document.headings)


def test_steps_stay_numbered_around_code() -> None:
    assert lines("1. Run:\n\n   ```sh\n   make run\n     make test\n   ```\n\n2. Wait.\n") == [
        "1. Run:",
        "make run",
        "  make test",
        "2. Wait.",
    ]


def test_a_table_row_names_its_columns() -> None:
    assert markdown("| Method | Days |\n|---|---|\n| Card | 5 |\n| PayPal | 2 |\n").text == (
        "Method: Card; Days: 5\nMethod: PayPal; Days: 2"
    )


def test_every_piece_of_a_long_table_knows_the_columns() -> None:
    (document,) = load_markdown((FILES / "m04-long-table.md").read_bytes(), "m04-long-table.md")
    (row,) = [line for line in document.text.splitlines() if "X-33" in line]
    assert "363" in row and "eight" in row
    assert any(row in chunk.text for chunk in Chunking().chunks(document))


def test_front_matter_gives_title_summary_dates_and_tags() -> None:
    document = markdown(
        '---\ntitle: "All about heat"\ndescription: What to know.\ndate: 2026-03-01\ntags: [a, b]\n'
        "layout: wide page here\n---\n\n"
        "# Heat\n\nWarm.\n"
    )
    assert document.title == "All about heat"
    assert document.text.splitlines() == ["What to know.", "Date: 2026-03-01", "Tags: a, b", "Heat", "Warm."]


def test_cards_and_questions_of_the_front_matter_are_read() -> None:
    text = """---
title: Help
layout: cards
cards:
  - title: Rent a boat
    text: A boat costs 12 euros an hour.
    link: /boats/
questions:
  - question: Is there a discount?
    answer: Students pay half.
---
"""
    document = markdown(text)
    assert document.text.splitlines() == [
        "Rent a boat",
        "A boat costs 12 euros an hour.",
        "Is there a discount?",
        "Students pay half.",
    ]
    assert [heading.title for heading in document.headings] == ["Rent a boat", "Is there a discount?"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{% alert %}\n  Closed on Monday.\n{% endalert %}", "Closed on Monday."),
        ('{% alert "Heads up!" %}\nMind the step.\n{% endalert %}', "Heads up!\nMind the step."),
        ("{% comment %}not for readers{% endcomment %}Text", "Text"),
        (
            'See [the form]({% page "/forms/#a b" %}) and ask {% slack_channel "help-desk" %}.',
            "See the form and ask help-desk.",
        ),
        ('[Guide]({{ "/guide/" | url }}) {{ unknown }}now', "Guide now"),
        ("{{< note >}}Hugo says hello.{{< /note >}}", "Hugo says hello."),
        ("{% include 'step.html' a:b %}\n\nText", "Text"),
        ("Write {% raw %}`{{ name }}`{% endraw %}.", "Write {{ name }}."),
        ("Write `{{ name }}` and `{% x %}`.", "Write {{ name }} and {% x %}."),
        ("> [!WARNING]\n> Hot surface.", "Warning: Hot surface."),
        ("> [!note] Good to know\n> It is warm.", "Good to know: It is warm."),
        (":::tip[Cheaper]\nAt night.\n:::", "Cheaper: At night."),
        ("::: warning\nHot.\n:::", "Warning: Hot."),
        ('!!! note "Before"\n    Switch it off.\n\nThen wait.', "Before: Switch it off.\nThen wait."),
        ("[[_TOC_]]\n\nText[^1]\n\n[^1]: A note.", "Text\n[1] A note."),
        ("Press ==Start==.{: .wide}", "Press Start."),
        ("- [x] done\n- [ ] open", "- done\n- open"),
        ("Set <your name> there.", "Set <your name> there."),
        ("![A plan of the house](p.png) ![](x.png) ![logo](l.png)", "A plan of the house"),
        (':::image type="icon" source="a.png" border="false"::: Click', "Click"),
    ],
)
def test_markup_of_generators_does_not_reach_the_reader(written: str, shown: str) -> None:
    assert markdown(written).text == shown


def test_a_page_that_begins_with_a_tag_keeps_its_text() -> None:
    assert lines("{% include x %}\n\nFirst line.\n\nSecond line.") == ["First line.", "Second line."]


def test_a_page_that_only_leads_elsewhere_says_where() -> None:
    assert lines("---\ntitle: Chart\nredirect_to: https://c.example/chart\n---\n") == [
        "https://c.example/chart"
    ]


def test_components_become_their_text() -> None:
    text = """---
title: Tokens
---
import { Card } from "@x/components";
export const year = 2026;

Hello {/* hidden */} there.

<CardGrid>
  <Card title="By card">
    - **Yearly 50 €**: renews itself.

    1. Pay.
  </Card>
  <NavCard title="Start" description="All you need to begin" href="/start" />
</CardGrid>

<Badge text="New" /> It works.

```js
import x from "kept";
```
"""
    assert mdx(text) == [
        "Hello there.",
        "By card",
        "- Yearly 50 €: renews itself.",
        "1. Pay.",
        "Start: All you need to begin",
        "New It works.",
        'import x from "kept";',
    ]


def test_the_title_is_the_first_heading_or_the_name() -> None:
    assert markdown("# 退货政策\n\n三十天。").title == "退货政策"
    assert markdown("Warm.").title == "heat pumps"


@settings(deadline=None)
@given(st.text(st.sampled_from("<>/Ab{}%:!=[]()#`-\n\"'~|. "), max_size=120))
def test_no_markup_is_too_broken(text: str) -> None:
    (document,) = load_mdx(text.encode(), "x.mdx")
    for found in (document, markdown(text)):
        assert all(found.text[h.start :].startswith(h.title) for h in found.headings)


def test_a_note_within_a_list_of_steps_does_not_end_it() -> None:
    text = "1. Open it.\n\n    > [!NOTE]\n    > If it is **locked**, ask.\n\n2. Close it.\n"
    assert lines(text) == ["1. Open it.", "Note: If it is locked, ask.", "2. Close it."]


def test_text_that_stands_too_far_right_is_no_code() -> None:
    assert lines(
        "Steps:\n\n      In the field **Price**, enter\n      the [amount](https://example.com/a).\n"
    ) == [
        "Steps:",
        "In the field Price, enter the amount (https://example.com/a).",
    ]
    assert lines("Run:\n\n    git add .\n    git commit\n") == ["Run:", "git add .", "git commit"]


def test_a_table_in_html_goes_on_after_a_blank_line() -> None:
    text = """<table><tr><th>Town</th><th>Day</th></tr>
      <tr>

        <td>Elm</td>
        <td>Sunday</td>
      </tr></table>"""
    assert lines(text) == ["Town: Elm; Day: Sunday"]


def test_links_that_run_a_script_and_misplaced_stars_leave_no_marks() -> None:
    text = "Go to **Start **> **Settings**. [More...](javascript:)[Less](javascript:void(0))"
    assert lines(text) == ["Go to Start > Settings."]
