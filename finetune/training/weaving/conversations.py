"""Open questions with passages that answer them, out of conversations that quote what they speak of.

The assistant of CANARD's conversations quotes one section of an article, or does not know (they are those of QuAC: Choi
et al., EMNLP 2018). What it quotes makes the passages; its open questions, those without an answer among them, are
what questions about spans of a text lack. Knows rewriting examples, no prompts.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from finetune.examples import GivenPassage, GroundingExample, Line, RewritingExample

QUOTING, SOURCE = "canard", "quoted"
UNKNOWN = "I don't know."
SHORTEST = 6
"""Words of a quotation that can stand as a sentence."""
PART = 2
"""Quotations of a passage: few, so that beside what answers stand others of the same section, which do not."""
ENDS = (".", "!", "?", '."', '!"', '?"')
OTHERS = (1, 3)
"""Conversations that lend a passage which does not answer."""
UNKNOWN_ASKED = 0.5
"""Share of the questions without an answer that are asked: more would teach to refuse."""
OPEN = re.compile(
    r"(?:how(?! (?:many|much|long|old|far|often))|why|tell|can you|what (?:else|happened)|besides)\b", re.I
)
"""Questions that the next quotation goes on answering."""
OVERVIEWS = ("Tell me about {}.", "What is known about {}?", "Can you give me an overview of {}?", "{}")
TOLD = 4
"""Sentences of an overview."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """said: the rewritten questions, each with its quotation; None if there was no answer."""

    id: str
    title: str
    section: str
    said: tuple[tuple[str, str | None], ...]

    @property
    def subject(self) -> str:
        return f"{self.title}, {self.section}"

    @property
    def quotations(self) -> list[str]:
        return list(dict.fromkeys(quotation for _, quotation in self.said if quotation))

    def told(self, n: int) -> list[str]:
        """What answers the question: its quotation and, if it is an open one, the next."""
        question, quotation = self.said[n]
        if quotation is None:
            return []
        start = self.quotations.index(quotation)
        return self.quotations[start : start + (2 if OPEN.match(question) else 1)]

    @property
    def passages(self) -> list[GivenPassage]:
        quoted = self.quotations
        parts = [quoted[start : start + PART] for start in range(0, len(quoted), PART)]
        return [
            GivenPassage(id=f"{self.id}:{n}", title=self.title, text=" ".join(part))
            for n, part in enumerate(parts)
        ]


def quoted_answers(examples: Iterable[RewritingExample], seed: int) -> Iterator[GroundingExample]:
    """Grounding examples from conversations, in the same order for the same examples."""
    conversations = list(_conversations(examples))
    draw = random.Random(seed)
    for conversation in conversations:
        others = [other for other in conversations if other.title != conversation.title]
        lenders = draw.sample(others, min(draw.randint(*OTHERS), len(others)))
        yield from _asked(conversation, [draw.choice(other.passages) for other in lenders], draw)


def _asked(
    conversation: Conversation, beside: Sequence[GivenPassage], draw: random.Random
) -> Iterator[GroundingExample]:
    own = conversation.passages
    for n, (question, quotation) in enumerate(conversation.said):
        if quotation or draw.random() < UNKNOWN_ASKED:
            yield _example(conversation, str(n), question, conversation.told(n), (*own, *beside))
    overview = draw.choice(OVERVIEWS).format(conversation.subject)
    told = conversation.quotations[:TOLD]
    yield _example(conversation, "overview", overview, told, (*own[: TOLD // PART], *beside))


def _example(
    conversation: Conversation,
    name: str,
    question: str,
    told: Sequence[str],
    passages: Sequence[GivenPassage],
) -> GroundingExample:
    return GroundingExample(
        id=f"{conversation.id}:{name}",
        source=SOURCE,
        history=(),
        question=question,
        passages=tuple(passages),
        answer=" ".join(told),
        answerable=bool(told),
        evidence=tuple(passage.id for passage in passages if any(one in passage.text for one in told)),
    )


def _conversations(examples: Iterable[RewritingExample]) -> Iterator[Conversation]:
    """Those with an opening that names the article and its section, and with quotations."""
    by_id: dict[str, list[RewritingExample]] = defaultdict(list)
    for example in examples:
        if example.source == QUOTING and example.history:
            by_id[example.id.rsplit("-", 1)[0]].append(example)
    for name, own in by_id.items():
        history = max(own, key=lambda example: len(example.history)).history
        title, _, section = history[0].text.partition(" – ")
        conversation = Conversation(f"{SOURCE}:{name}", title, section, tuple(_said(history, own)))
        if section and conversation.quotations:
            yield conversation


def _said(history: Sequence[Line], examples: Sequence[RewritingExample]) -> Iterator[tuple[str, str | None]]:
    rewrites = {example.question: example.rewrite for example in examples}
    for asked, replied in pairwise(history):
        if (asked.role, replied.role) == ("user", "assistant") and asked.text in rewrites:
            if replied.text.startswith(UNKNOWN):
                yield rewrites[asked.text], None
            elif len(replied.text.split()) >= SHORTEST:
                yield rewrites[asked.text], _sentence(replied.text)


def _sentence(quotation: str) -> str:
    """A quotation may begin and end within a sentence."""
    text = quotation.strip().rstrip(",;:")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(ENDS) else '.'}"
