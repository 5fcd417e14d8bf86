"""Web pages of the kinds that people have, and what must and must not be in their text."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.documents import Document
from retrieval.loaders.html import load_html

FILES = Path(__file__).parent / "files"


def html(text: str | bytes, source: str = "page.html") -> Document:
    (document,) = load_html(text.encode() if isinstance(text, str) else text, source)
    return document


def lines(text: str) -> list[str]:
    return html(text).text.splitlines()


SPHINX = """<html><head><title>Backups &#8212; Otter 2.1 documentation</title></head><body>
<div class="related" role="navigation"><h3>Navigation</h3><ul><li><a href="i.html">index</a></li></ul></div>
<div class="document"><div class="body" role="main">
<h1>Backups<a class="headerlink" href="#backups" title="Link to this heading">¶</a></h1>
<div class="admonition note"><p class="admonition-title">Note</p><p>Otter keeps 30 backups.</p></div>
<p>See <a class="reference external" href="https://otter.example/restore">how to restore</a>, or
<a href="restore.html">this page</a>.</p>
<div class="highlight"><pre>otter backup \\
    --all</pre></div></div>
<div class="sphinxsidebar"><h4>This Page</h4><ul><li><a href="_sources/b.rst.txt">Show Source</a></li></ul></div></div>
<div class="footer" role="contentinfo">© Copyright 2026, Otter team.</div></body></html>"""

DOCBOOK = """<html><head><title>3. Setup</title></head><body><div class="navheader">
<table summary="Navigation header"><tr>
<td><a href="2.html">&lt;&lt;&lt; Prev</a></td><th>Chapter 3</th>
<td><a href="4.html">Next &gt;&gt;&gt;</a></td></tr></table></div>
<div class="sect1"><h2 class="title">3. Setup</h2><div class="author"><h3 class="author">Jo Field</h3></div>
<div class="warning"><table border="0" summary="Warning"><tr><td rowspan="2"><img alt="[Warning]" src="w.png"></td>
<th align="left">Warning</th></tr><tr><td><p>Unplug the Otter first.</p></td></tr></table></div>
<div class="procedure"><ol><li><p>Open the lid.</p></li><li><p>Press <b>Reset</b>.</p></li></ol></div>
<dl class="variablelist"><dt><span class="term">Timeout</span></dt><dd>
<p>Seconds to wait.</p></dd></dl></div></body></html>"""

MEDIAWIKI = """<html><head><title>Lens - Wiki</title></head><body class="mediawiki">
<div id="content" class="mw-body" role="main">
<h1 id="firstHeading">Lens</h1><div id="siteSub" class="noprint">From the Wiki</div><div id="toc" class="toc">
<h2>Contents</h2><ul>
<li><a href="#A">1 Aperture</a></li></ul></div>
<h2><span class="mw-headline">Aperture</span><span class="mw-editsection">[<a
 href="e">edit</a>]</span></h2>
<p>At f/8 the lens is sharpest.<sup class="reference"><a href="#n1">[1]</a></sup> Area in m<sup>2</sup>.</p>
<div class="printfooter">Retrieved from "<a href="https://w.example/x">https://w.example/x</a>"</div></div></body></html>"""

OLD = """<html><head><title>Boats</title></head><body><table width="100%"><tr>
<td valign="top"><a href="a">Home</a><br><a href="b">Boats</a>
<br><a href="c">Prices</a><br><a href="d">Harbour</a><br><a href="e">Contact</a></td>
<td><font size="4"><b>Boats for hire</b></font>
<p>A boat costs 12 euros an hour.</p></td></tr></table><center>
<a href="a">Deutsch</a> | <a href="b">English</a></center></body></html>"""


def test_a_sphinx_page_is_its_body_without_sidebar_and_marks() -> None:
    assert html(SPHINX).title == "Backups"
    assert lines(SPHINX) == [
        "Backups",
        "Note: Otter keeps 30 backups.",
        "See how to restore (https://otter.example/restore), or this page.",
        "otter backup \\",
        "    --all",
    ]


def test_a_docbook_page_keeps_notes_steps_and_terms() -> None:
    assert lines(DOCBOOK) == [
        "3. Setup",
        "Jo Field",
        "Warning: Unplug the Otter first.",
        "1. Open the lid.",
        "2. Press Reset.",
        "Timeout: Seconds to wait.",
    ]
    assert [heading.title for heading in html(DOCBOOK).headings] == ["3. Setup"]


def test_a_wiki_page_loses_contents_edit_links_and_footnote_marks() -> None:
    assert lines(MEDIAWIKI) == ["Lens", "Aperture", "At f/8 the lens is sharpest. Area in m²."]


def test_an_old_page_loses_the_column_of_links() -> None:
    assert lines(OLD) == ["Boats for hire", "A boat costs 12 euros an hour."]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "h01-accordion.html",
            ["How long does a Puffin parcel to the islands take?", "Four days, five in winter."],
        ),
        ("h02-form-page.html", ["Gull library", "A reader's card of the Gull library costs 8 euros a year."]),
        (
            "h04-layout-table.html",
            ["Day: Monday; First film: 16:15", "Day: Saturday; First film: 13:45", "Snacks"],
        ),
        ("h06-rowspan.html", ["Station: Millbrook; Days: Sundays; Departure: 8:10"]),
    ],
)
def test_pages_that_went_wrong(file: str, expected: list[str]) -> None:
    text = html((FILES / file).read_bytes()).text.splitlines()
    assert [line for line in text if line in expected] == expected
    assert len(text) == len(set(text))


@pytest.mark.parametrize(
    "unseen",
    [
        '<p style="display: none">secret</p>',
        "<p hidden>secret</p>",
        '<span style="color:#FFF">secret</span>',
        '<font color="white">secret</font>',
        '<p style="font-size:0px">secret</p>',
        '<p class="gone">secret</p>',
        '<div class="cookie-banner"><p>secret</p></div>',
        '<a href="#" class="skip-link">secret</a>',
        '<div aria-hidden="true">secret</div>',
    ],
)
def test_what_nobody_sees_is_no_text(unseen: str) -> None:
    page = f"<html><head><style>.gone {{display:none}}</style></head><body><h1>A</h1><p>shown</p>{unseen}</body></html>"
    assert lines(page) == ["A", "shown"]


def test_white_text_on_a_dark_ground_is_seen() -> None:
    assert lines('<h1>A</h1><div style="background:#003366"><p style="color:white">seen</p></div>') == [
        "A",
        "seen",
    ]


def test_steps_that_are_called_contents_are_text() -> None:
    assert "- First, save." in lines(
        '<h1>A</h1><ul class="toc"><li>First, save.</li><li>Then close it.</li></ul><p>End.</p>'
    )


def test_lists_count_as_they_say() -> None:
    assert lines('<ol start="3"><li>c</li><li value="7">g</li><li>h</li></ol>') == ["3. c", "7. g", "8. h"]


def test_pictures_say_their_description_only_where_it_is_one() -> None:
    shown = '<p>Look: <img alt="The red lever points to the left"><img alt="img_23.png"><img alt="Logo"></p>'
    assert lines(shown) == ["Look: The red lever points to the left"]


def test_xhtml_gives_no_warning() -> None:
    page = '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><p>Text</p></html>'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lines(page) == ["Text"]


def test_the_encoding_that_a_page_names_is_used() -> None:
    page = '<html><head><meta charset="shift_jis"></head><body><p>送料は五百円です。</p></body></html>'
    assert html(page.encode("shift_jis")).text == "送料は五百円です。"


def test_a_title_that_says_nothing_is_none() -> None:
    assert html("<title>Untitled Document</title><h1>Prices</h1>").title == "Prices"


def test_html_without_a_structure_is_read_too() -> None:
    assert html("just <i>words</i>, no tags closed <p>second").text == "just words, no tags closed\nsecond"


@settings(deadline=None)
@given(st.text(st.sampled_from("<>/ad iv p h1li trtable\n#-|`*[]()&;!"), max_size=200))
def test_no_markup_is_too_broken(text: str) -> None:
    document = html(text)
    assert all(document.text[h.start :].startswith(h.title) for h in document.headings)


def test_the_name_of_the_site_is_no_part_of_the_title() -> None:
    for title in ("Returns - Larkfield Help", "Returns | Help", "Returns"):
        assert html(f"<title>{title}</title><h1>Returns</h1><p>Within 30 days.</p>").title == "Returns"
    assert html("<title>Returns-only shop</title><h1>Returns</h1><p>Ok.</p>").title == "Returns-only shop"


def test_a_table_of_contents_is_no_text_even_where_it_is_most_of_the_page() -> None:
    entries = "".join(
        f'<dt><span>2.{n}. <a href="#{n}">Accounts of kind {n}</a></span></dt>' for n in range(9)
    )
    page = "<h1>Chapter 2</h1><p>What an account is.</p>"
    page += f'<div class="toc"><p>Table of Contents</p><dl>{entries}</dl></div>'
    assert html(page).text.splitlines() == ["Chapter 2", "What an account is."]


def test_a_page_of_frames_has_no_text() -> None:
    assert (
        html("<frameset><frame src='a.html'><noframes><body id='top'></body></noframes></frameset>").text
        == ""
    )


def test_panels_stand_below_the_names_of_their_tabs() -> None:
    page = """<div role="tablist"><button role="tab" id="t1">Windows</button>
    <button role="tab" aria-controls="p2">Mac</button></div>
    <div role="tabpanel" aria-labelledby="t1"><p>Press Ctrl.</p></div>
    <div role="tabpanel" id="p2" hidden><p>Press Cmd.</p></div>"""
    assert lines(page) == ["Windows:", "Press Ctrl.", "Mac:", "Press Cmd."]


def test_steps_keep_the_letters_that_the_page_gives_them() -> None:
    page = "<ol><li>Open<ol type='a'><li>the lid</li><li>the box</li></ol></li><li>Close</li></ol>"
    assert lines(page) == ["1. Open", "a. the lid", "b. the box", "2. Close"]
