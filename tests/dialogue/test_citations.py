"""Markers follow the evidence: supported sentences are cited, invented numbers are dropped."""

import re
import time
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dialogue.citations import AnswerCheck, check_citations, markers
from dialogue.conversation import Passage

QUESTION = "What should I know about borrowing?"


def passage(n: int, text: str, title: str = "Library") -> Passage:
    return Passage(n, f"chunk-{n}", title, f"{title.lower()}.md", text, 0.7)


LENDING = passage(1, "Novels can be kept for 28 days. A loan can be renewed twice.", "Lending")
LATE = passage(
    2, "For each late day the library charges 0.20 euros, at most 6 euros. Children pay nothing.", "Late"
)
SHELF = (LENDING, LATE)
CHINESE = passage(1, "小说可以借28天，电影可以借7天。没有人预约时可以续借两次。", "借阅")

PASSAGES = some.lists(some.text(max_size=80), max_size=4).map(
    lambda texts: [passage(n, text) for n, text in enumerate(texts, 1)]
)
WORDS = "novels kept 28 days loan renewed twice 0.20 euros 999 never 电影 可以借 [1] [2] [9] [1,2] 【3】 . ! 。 \n"
PROSE = some.lists(some.sampled_from(WORDS.split(" ")), max_size=30).map(" ".join)
ANSWERS = some.text(max_size=120) | PROSE


def cited(text: str) -> list[int]:
    return [citation.n for citation in check_citations(text, SHELF, QUESTION).citations]


def test_a_marker_that_is_supported_stays_with_its_sentence() -> None:
    grounded = check_citations("Novels can be kept for 28 days [1].", SHELF, QUESTION)
    assert grounded.text == "Novels can be kept for 28 days [1]."
    (citation,) = grounded.citations
    assert (citation.chunk, citation.title, citation.source) == ("chunk-1", "Lending", "lending.md")
    assert citation.quote == "Novels can be kept for 28 days."


@pytest.mark.parametrize(
    "written",
    [
        "Children pay nothing.",
        "Children pay nothing [1].",
        "Children pay nothing [9].",
        "Children pay nothing [7, 8].",
        "Children pay nothing [3-9].",
        "Children pay nothing. [2]",
        "[2] Children pay nothing.",
        "[2][2] Children pay nothing [2].",
        "Children pay nothing【2】.",
        "Children pay nothing ［ 2 ］.",
    ],
)
def test_a_wrong_marker_is_corrected_and_a_missing_one_added(written: str) -> None:
    assert check_citations(written, SHELF, QUESTION).text == "Children pay nothing [2]."


def test_each_sentence_is_checked_by_itself() -> None:
    written = "[2] Children pay nothing. [1] A loan can be renewed twice."
    assert (
        check_citations(written, SHELF, QUESTION).text
        == "Children pay nothing [2]. A loan can be renewed twice [1]."
    )


def test_of_a_passage_cited_twice_the_sentence_that_fits_best_is_quoted() -> None:
    grounded = check_citations("Novels may be kept. A loan can be renewed twice.", SHELF, QUESTION)
    assert grounded.text == "Novels may be kept [1]. A loan can be renewed twice [1]."
    assert [citation.quote for citation in grounded.citations] == ["A loan can be renewed twice."]


def test_two_passages_that_say_the_same_may_both_be_cited() -> None:
    twins = (LENDING, passage(2, "A novel can be kept for 28 days."))
    assert check_citations("Novels can be kept for 28 days [1][2].", twins, QUESTION).text.endswith(
        "28 days [1] [2]."
    )


def test_a_sentence_without_support_is_left_out() -> None:
    assert check_citations("The moon is made of cheese [1].", SHELF, QUESTION).text == ""
    said = check_citations("Children pay nothing [2]. The moon is made of cheese [1].", SHELF, QUESTION)
    assert said.text == "Children pay nothing [2]."


@pytest.mark.parametrize("introduction", ["Yes.", "There are two rules:", "These are the rules:\n-"])
def test_what_introduces_a_supported_sentence_is_kept(introduction: str) -> None:
    assert (
        check_citations(f"{introduction} Children pay nothing [2].", SHELF, QUESTION).text
        == f"{introduction} Children pay nothing [2]."
    )
    assert check_citations(f"{introduction} The moon is made of cheese.", SHELF, QUESTION).text == ""


def test_a_question_is_no_answer() -> None:
    assert check_citations("Can a loan be renewed twice [1]?", SHELF, QUESTION).text == ""


@pytest.mark.parametrize(
    "invented",
    [
        "Films can be kept for 35 days [1].",
        "The library charges 0.25 euros for each late day [2].",
        "The library charges 6,000 euros for each late day [2].",
        "For each late day the library charges ９９ euros [2].",
    ],
)
def test_a_sentence_with_an_invented_number_is_left_out(invented: str) -> None:
    grounded = check_citations(
        f"Children pay nothing [2]. {invented} A loan can be renewed twice [1].", SHELF, QUESTION
    )
    assert grounded.text == "Children pay nothing [2]. A loan can be renewed twice [1]."


def test_an_answer_of_nothing_but_an_invented_number_is_empty() -> None:
    assert check_citations("It costs 999 euros [1].", SHELF, QUESTION) == check_citations("", SHELF, QUESTION)


def test_a_number_of_the_question_is_not_invented() -> None:
    grounded = check_citations(
        "After 3 days late the library charges for each late day [2].", SHELF, "What after 3 days?"
    )
    assert grounded.text == "After 3 days late the library charges for each late day [2]."


def test_a_number_must_stand_in_the_very_passage_that_is_cited() -> None:
    assert cited("The library charges 28 euros for each late day, at most [2].") == []


def test_thousands_separators_and_widths_make_no_difference() -> None:
    range_of = (passage(1, "The battery lasts 1,000 cycles."),)
    for written in ("The battery lasts 1000 cycles.", "The battery lasts １０００ cycles."):
        assert check_citations(written, range_of, QUESTION).citations


def test_lines_of_a_list_stay_lines() -> None:
    written = "- Novels can be kept for 28 days [1]\n- Children pay nothing [2]"
    assert check_citations(written, SHELF, QUESTION).text == written


def test_chinese_is_checked_by_pairs_of_characters() -> None:
    grounded = check_citations(
        "小说可以借28天 [1]。小说可以借99天 [1]。月亮是奶酪做的 [1]。", (CHINESE,), "小说可以借多久？"
    )
    assert grounded.text == "小说可以借28天 [1]。"
    assert [citation.quote for citation in grounded.citations] == ["小说可以借28天，电影可以借7天。"]


class TestAcrossScripts:
    """A Chinese answer from English passages: words cannot be compared, markers and numbers can."""

    def ground(self, text: str) -> str:
        return check_citations(text, SHELF, "逾期要付多少钱？").text

    def test_a_marker_counts(self) -> None:
        assert self.ground("每逾期一天收0.20欧元 [2]。") == "每逾期一天收0.20欧元 [2]。"

    def test_a_passage_without_the_number_is_not_cited(self) -> None:
        assert self.ground("每逾期一天收0.20欧元 [1]。") == ""

    def test_an_invented_number_goes(self) -> None:
        assert self.ground("每逾期一天收0.99欧元 [2]。") == ""

    def test_markers_before_their_sentences_stay_with_them(self) -> None:
        assert (
            self.ground("[2] 每逾期一天收0.20欧元。[1] 可以续借两次。")
            == "每逾期一天收0.20欧元 [2]。可以续借两次 [1]。"
        )

    def test_a_passage_in_the_answer_s_script_beside_it_changes_nothing(self) -> None:
        grounded = check_citations("[2] 每逾期一天收0.20欧元。", (CHINESE, LATE), "逾期要付多少钱？")
        assert [citation.n for citation in grounded.citations] == [2]

    def test_a_passage_whose_words_bear_it_out_comes_first(self) -> None:
        grounded = check_citations(
            "小说可以借28天 [2]。", (CHINESE, passage(2, "Novels: 28 days.")), "小说可以借多久？"
        )
        assert [citation.n for citation in grounded.citations] == [1]


def test_footnotes_of_a_document_are_no_citations() -> None:
    footnoted = passage(1, "The tower is 54 m high.[7] It was built in 1889.[8]")
    grounded = check_citations(
        "The tower is 54 m high.[7] It was built in 1889.[8]", (footnoted,), "How high is the tower?"
    )
    assert grounded.text == "The tower is 54 m high [1]. It was built in 1889 [1]."


def test_without_passages_nothing_is_cited() -> None:
    assert check_citations("Children pay nothing [1].", (), QUESTION).text == ""


@settings(deadline=None)
@given(ANSWERS, PASSAGES, some.text(max_size=40))
def test_only_passages_that_are_there_are_cited_whatever_is_written(
    text: str, passages: list[Passage], question: str
) -> None:
    grounded = check_citations(text, passages, question)
    assert set(markers(grounded.text)) == {citation.n for citation in grounded.citations}
    for citation in grounded.citations:
        source = passages[citation.n - 1]
        assert citation.chunk == source.chunk
        assert citation.quote in source.text


@settings(deadline=None)
@given(ANSWERS)
def test_a_number_that_nobody_gave_is_never_passed_on(text: str) -> None:
    told = re.sub(r"\[\d+\]", "", check_citations(text, SHELF, QUESTION).text)
    assert "999" not in told


@settings(deadline=None)
@given(PROSE)
def test_a_checked_answer_passes_the_check_again(text: str) -> None:
    once = check_citations(text, SHELF, QUESTION)
    assert check_citations(once.text, SHELF, QUESTION) == once


@settings(deadline=None)
@given(ANSWERS, PASSAGES, some.lists(some.integers(1, 40), min_size=1))
def test_an_answer_is_checked_alike_while_it_is_written(
    text: str, passages: list[Passage], pieces: list[int]
) -> None:
    check = AnswerCheck(passages, QUESTION)
    whole, shown = check_citations(text, passages, QUESTION), ""
    sizes = cycle(pieces)
    while text:
        size = next(sizes)
        shown += check.add(text[:size])
        text = text[size:]
    assert shown + check.finish() == check.answer.text == whole.text


def test_long_runs_of_spaces_are_read_in_one_pass() -> None:
    started = time.process_time()
    check_citations("Children pay" + " " * 20_000 + "nothing", SHELF, QUESTION)
    assert time.process_time() - started < 2


def test_markers_are_read_in_order_of_appearance() -> None:
    assert list(markers("Both [2][1], and again 【3，2】。")) == [2, 1, 3, 2]
