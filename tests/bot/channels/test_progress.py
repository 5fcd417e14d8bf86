"""What is said before the first word: what was found, and an estimate that shrinks with the time that passes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.progress import LEAST_SECONDS, Progress, rounded
from dialogue.conversation import Passage
from dialogue.events import Failed, Queued, Retrieved, Rewritten, Writing
from tests.bot.channels.bot_fixture import VOICE

EN = VOICE.wording("en")
PASSAGES = tuple(
    Passage(n, f"c{n}", title, "returns.md", "Text.", 0.8)
    for n, title in enumerate(("Returns", "Refunds", "Returns"), 1)
)
FOUND = Retrieved(1, PASSAGES, ("Within 30 days.", "In 5 days.", "In its box."))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_titles_are_named_once_and_the_best_sentence_is_quoted() -> None:
    progress = Progress(EN)
    assert (progress.titles, progress.quote, progress.wait) == ((), "", "")
    progress.see(FOUND)
    assert progress.titles == ("Returns", "Refunds")
    assert progress.quote == "Within 30 days."


@pytest.mark.parametrize("void", [Rewritten(1, "Why?"), Failed("engine", "Again.", 1)])
def test_a_new_attempt_starts_with_nothing(void: Rewritten | Failed) -> None:
    progress = Progress(EN)
    for event in (FOUND, Writing(1, 8.0, 20.0), void):
        progress.see(event)
    assert (progress.titles, progress.quote, progress.wait) == ((), "", "")


def test_the_estimate_counts_down_and_ends() -> None:
    clock = Clock()
    progress = Progress(EN, clock)
    progress.see(Writing(1, 8.0, 21.0))
    assert progress.wait == "The answer starts in about 8 seconds and is complete in about 20."
    clock.now = 4.4
    assert progress.wait == "The answer starts in about 4 seconds and is complete in about 15."
    clock.now = 9.0
    assert progress.wait == ""


@pytest.mark.parametrize("event", [Writing(1, None, None), Writing(1, 1.0, 4.0)])
def test_of_an_unknown_or_a_short_time_nothing_is_said(event: Writing) -> None:
    progress = Progress(EN)
    progress.see(event)
    assert progress.wait == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, EN.queued), (1.0, EN.queued), (42.0, "about 40 seconds")]
)
def test_who_is_queued_is_told(seconds: float | None, said: str) -> None:
    progress = Progress(EN, Clock())
    progress.see(Queued(1, 3, seconds))
    assert said in progress.wait


@given(st.floats(0, 10_000), st.floats(0, 10_000), st.sampled_from(sorted(VOICE.wordings)))
def test_every_language_says_it_with_numbers_alone(first: float, more: float, language: str) -> None:
    progress = Progress(VOICE.wordings[language], Clock())
    progress.see(Writing(1, first, first + more))
    assert not re.search(r"[{}]", progress.wait)
    progress.see(Queued(1, 1, more))
    assert not re.search(r"[{}]", progress.wait)


@given(st.floats(0, 10_000))
def test_rounding_is_honest(seconds: float) -> None:
    assert rounded(seconds) >= LEAST_SECONDS
    assert abs(rounded(seconds) - seconds) <= max(2.0, 0.25 * seconds)
