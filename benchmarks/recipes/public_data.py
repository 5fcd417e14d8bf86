"""Makes the synthetic examples that the shipped adapter was trained on, out of public datasets.

    python -m benchmarks.recipes.public_data ../shared/data var/recipe
    groundtalk dataset build --import ../shared/data/rewriting/train.jsonl.gz \
      --import ../shared/data/grounding/train.jsonl.gz \
      --import var/recipe/rewriting.jsonl --import var/recipe/grounding.jsonl

Public datasets have no Chinese follow-ups under a free licence, and hardly any question that takes several sentences
to answer. Both are made here: Chinese follow-ups out of the questions of XQuAD and CMRC, open questions out of the
conversations of CANARD (those of QuAC: Choi et al., EMNLP 2018), pairs of questions out of XQuAD, and overviews of
pages out of XQuAD and CMRC. Examples are only made from others of the same split, so that nothing of the test split
is trained on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from finetune.datasets.dataset import SPLITS, group_of, split_of
from finetune.datasets.synthetic.followups import chinese_followups
from finetune.datasets.synthetic.wide_questions import (
    QuotedConversation,
    joint_questions,
    overviews,
    quoted_answers,
)
from finetune.examples import DialogueTurn, Example, GroundingExample, RewritingExample, read_examples

SEED = 17
PAGES, PAIRS, CONVERSATIONS = ("xquad", "cmrc"), ("xquad",), ("canard",)
"""The sources of each kind of synthetic example."""
NO_ANSWER = "I don't know."
"""How an answer of CANARD begins that the article does not give."""
MIN_QUOTATION_WORDS = 6
"""A quotation of fewer words cannot be read as a sentence."""
SENTENCE_ENDS = (".", "!", "?", '."', '!"', '?"')


def synthetic_rewriting(grounding: Sequence[GroundingExample]) -> Iterator[RewritingExample]:
    yield from chinese_followups(_of(grounding, PAGES), SEED, "followups")


def synthetic_grounding(
    rewriting: Sequence[RewritingExample], grounding: Sequence[GroundingExample]
) -> Iterator[GroundingExample]:
    yield from quoted_answers(list(quoted_conversations(rewriting)), SEED, "quoted")
    yield from joint_questions(_of(grounding, PAIRS), SEED, "joint", article_of)
    yield from overviews(_of(grounding, PAGES), SEED, "overview")


def article_of(example: GroundingExample) -> str:
    """Paragraphs of XQuAD are named by the number of their article and their own, such as 22-0."""
    return group_of(example.id).partition("-")[0]


def quoted_conversations(examples: Iterable[RewritingExample]) -> Iterator[QuotedConversation]:
    """The conversations of CANARD whose opening names an article and its section."""
    by_conversation: dict[str, list[RewritingExample]] = defaultdict(list)
    for example in examples:
        if example.source in CONVERSATIONS and example.history:
            by_conversation[example.id.rsplit("-", 1)[0]].append(example)
    for name, own in by_conversation.items():
        history = max(own, key=lambda example: len(example.history)).history
        title, _, section = history[0].text.partition(" – ")
        conversation = QuotedConversation(name, title, section, tuple(_exchanges(history, own)))
        if section and conversation.quotations:
            yield conversation


def _exchanges(
    history: Sequence[DialogueTurn], examples: Sequence[RewritingExample]
) -> Iterator[tuple[str, str | None]]:
    rewrites = {example.question: example.rewrite for example in examples}
    for asked, replied in pairwise(history):
        if (asked.role, replied.role) == ("user", "assistant") and asked.text in rewrites:
            if replied.text.startswith(NO_ANSWER):
                yield rewrites[asked.text], None
            elif len(replied.text.split()) >= MIN_QUOTATION_WORDS:
                yield rewrites[asked.text], _complete_sentence(replied.text)


def _complete_sentence(quotation: str) -> str:
    """A quotation may begin and end in the middle of a sentence."""
    text = quotation.strip().rstrip(",;:")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(SENTENCE_ENDS) else '.'}"


def _of(examples: Iterable[GroundingExample], sources: Sequence[str]) -> list[GroundingExample]:
    return [example for example in examples if example.source in sources]


def main(
    data: Annotated[Path, typer.Argument(exists=True, help="The folder with rewriting/ and grounding/.")],
    target: Annotated[Path, typer.Argument(help="The folder to write to.")],
) -> None:
    rewriting = list(read_examples(data / "rewriting" / "train.jsonl.gz", RewritingExample))
    grounding = list(read_examples(data / "grounding" / "train.jsonl.gz", GroundingExample))
    made: dict[str, list[Example]] = {"rewriting": [], "grounding": []}
    for split in SPLITS:
        own = [example for example in rewriting if split_of(group_of(example.id)) == split]
        asked = [example for example in grounding if split_of(group_of(example.id)) == split]
        made["rewriting"] += synthetic_rewriting(asked)
        made["grounding"] += synthetic_grounding(own, asked)
    target.mkdir(parents=True, exist_ok=True)
    for kind, examples in made.items():
        lines = [f"{example.model_dump_json()}\n" for example in examples]
        (target / f"{kind}.jsonl").write_text("".join(lines), encoding="utf-8")
    counts = Counter(example.source for examples in made.values() for example in examples)
    Console().print(", ".join(f"{count} {source}" for source, count in counts.items()))


if __name__ == "__main__":
    typer.run(main)
