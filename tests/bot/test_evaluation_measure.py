"""A system is loaded for what it is measured on, and let go of at the end."""

from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from bot.evaluation import measure
from bot.settings import PACKAGE
from bot.voice import load_voice
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.datasets.search_set import search_set_from_examples
from finetune.evaluation.concurrency import no_progress
from finetune.evaluation.sets import EvaluationSets
from finetune.examples import (
    DialogueTurn,
    ExamplePassage,
    GroundingExample,
    RetrievalExample,
    RewritingExample,
)
from tests.retrieval.fakes import HashingEncoder


class OneSystem:
    """Counts what is in memory."""

    name = "r-1"

    def __init__(self, says="What does it cost?"):
        self.engine = FakeListChatModel(responses=[says])
        self.loaded: list[str] = []
        self.ever: set[str] = set()

    @asynccontextmanager
    async def rewriter(self):
        with self.holding("rewriter"):
            yield Rewriter(self.engine)

    @asynccontextmanager
    async def grounder(self):
        with self.holding("grounder"):
            yield Grounder(self.engine, load_voice(PACKAGE / "voice.toml"))

    async def encoder(self):
        self.ever.add("encoder")
        return HashingEncoder()

    async def size(self, task):
        return {"rewrite": 42, "answer": 77}[task]

    @contextmanager
    def holding(self, what):
        self.loaded.append(what)
        self.ever.add(what)
        yield
        self.loaded.remove(what)


REWRITING = RewritingExample(
    id="log:1:2",
    history=(DialogueTurn(role="user", text="The Wren?"),),
    question="What does it cost?",
    rewrite="What does the Wren cost?",
)
ANSWER = GroundingExample(
    id="log:1:2",
    history=(),
    question="What does it cost?",
    passages=(ExamplePassage(id="p1", text="It costs 900 euro."),),
    answer="It costs 900 euro.",
    answerable=True,
    evidence=("p1",),
)
SEARCHES = search_set_from_examples(
    "manual", [RetrievalExample(id="q1", query="refunds", positive=ExamplePassage(id="p1", text="refunds"))]
)


@pytest.fixture
def system():
    return OneSystem()


async def measured(system, sets, folder: Path):
    return await measure(system, sets, folder, lambda name, total: nullcontext(no_progress))


async def test_only_what_the_sets_need_is_loaded(system, tmp_path):
    await measured(system, EvaluationSets(rewriting={"dev": [REWRITING]}), tmp_path)
    assert system.ever == {"rewriter"}
    await measured(system, EvaluationSets(retrieval=[SEARCHES], rewrites=False), tmp_path)
    assert system.ever == {"rewriter", "encoder"}


async def test_everything_is_let_go_of_at_the_end(system, tmp_path):
    sets = EvaluationSets(rewriting={"dev": [REWRITING]}, answers={"dev": [ANSWER]}, retrieval=[SEARCHES])
    results = await measured(system, sets, tmp_path)
    assert system.loaded == []
    assert {result.task for result in results} == {"rewrite", "answer", "retrieve"}


async def test_the_size_of_what_does_the_task_stands_with_what_it_got(system, tmp_path):
    sets = EvaluationSets(
        rewriting={"dev": [REWRITING]}, answers={"dev": [ANSWER]}, retrieval=[SEARCHES], rewrites=False
    )
    sizes = {(r.task, r.system): r.value("bytes") for r in await measured(system, sets, tmp_path)}
    assert sizes == {
        ("rewrite", "r-1"): 42,
        ("rewrite", "as asked"): None,
        ("answer", "r-1"): 77,
        ("retrieve", "r-1"): None,
    }


async def test_nothing_to_measure_loads_nothing(system, tmp_path):
    assert await measured(system, EvaluationSets(), tmp_path) == []
    assert system.ever == set()
