"""What decides about a candidate, and what only guards; each system is loaded once for all of it."""

from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime

from langchain_core.language_models.fake_chat_models import FakeListChatModel

from bot.evaluation import CandidateEvaluation
from dialogue.rewriting import Rewriter
from finetune.datasets.dataset import TEST, TimeWindow, split_of
from finetune.datasets.storage import DatasetWriter
from finetune.evaluation.concurrency import no_progress
from finetune.examples import DialogueTurn, RewritingExample
from finetune.release import ActiveModels, Release

TESTED = next(n for n in range(200) if split_of(str(n)) == TEST)
CANDIDATE = Release("r-1", ("rewrite",), "tiny", None, None, {}, None, {}, datetime(2026, 1, 1, tzinfo=UTC))


class Lineups:
    """Systems that all rewrite alike, and count how often they were loaded."""

    def __init__(self):
        self.loaded = []

    def under(self, active):
        return OneSystem(self, active.names.get("rewrite", "base"))


class OneSystem:
    def __init__(self, actives, name):
        self.actives, self.name = actives, name

    @asynccontextmanager
    async def rewriter(self):
        self.actives.loaded.append(self.name)
        yield Rewriter(FakeListChatModel(responses=["What does the Wren cost?"]))

    async def size(self, task):
        return 42


def example(source: str, place: str = "") -> RewritingExample:
    return RewritingExample(
        id=f"{source}:{TESTED}:2",
        source=place or source,
        history=(DialogueTurn(role="user", text="The Wren?"),),
        question="What does it cost?",
        rewrite="What does the Wren cost?",
    )


async def test_the_log_and_what_was_checked_decide_and_the_rest_guards(tmp_path):
    with DatasetWriter(tmp_path) as writer:
        for one in (example("log"), example("canard")):
            writer.add("rewriting", one)
        dataset = writer.publish(filters={}, log=TimeWindow())
    checked = tmp_path / "checked.jsonl"
    rows = (example("mine", "shop"), example("ours", "phone"))
    checked.write_text("".join(f"{row.model_dump_json()}\n" for row in rows))
    actives = Lineups()
    evaluation = CandidateEvaluation(
        actives, [checked], 10, tmp_path, lambda name, total: nullcontext(no_progress)
    )

    compared = await evaluation.compare(CANDIDATE, dataset, ActiveModels())

    assert [c.candidate.set for c in compared.decisive] == [dataset.id, "checked"]
    assert {c.candidate.set for c in compared.others} == {
        "checked/shop",
        "checked/phone",
        f"{dataset.id} imported",
    }
    assert (compared.live, compared.base) == ("base", "base")
    assert set(actives.loaded) == {"r-1", "base"}
