"""A simulated deployment that learns from its users: what `groundtalk retrain` gains, and what it resists.

    python -m benchmarks.deployment [--generator NAME] [--conversations 300] [--unseen 60] [--data FILE]

Writes a log of conversations with feedback, a tenth of it hostile, to a new database, and retrains. If there was a
promotion it is rolled back, after which the answers must be identical to those before it. A second deployment then
starts with the new release, and all of its feedback is inverted. Unseen questions about other paragraphs are the frozen
set.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from rich.console import Console

from benchmarks.logged import SEED, SimulatedQuestion, simulated_question, write_log
from bot.evaluation import LIVE, EvaluationTargets
from bot.settings import load_settings
from bot.voice import load_voice
from dialogue.segments import MARKERS
from dialogue.store.store import Store
from finetune.datasets.dataset import group_of
from finetune.evaluation.answers import answerer
from finetune.examples import GroundingExample, read_examples
from finetune.migrations import upgrade
from finetune.release import BASE_RELEASE, Release
from finetune.releases import Releases

DATA = Path("../shared/data/grounding/train.jsonl.gz")
SOURCE, LANGUAGE = "xquad", "en"
"""The part of the file that the small model can read."""
COMPARED = 5
"""Questions whose answers must be identical after the rollback."""

console = Console(highlight=False, soft_wrap=True)


class Deployment:
    """A deployment with its own database and data folder."""

    def __init__(self, folder: Path, generator: str) -> None:
        self.settings = load_settings(data_dir=folder, database_url="", generator=generator, rewriter="")

    async def log(self, questions: Sequence[SimulatedQuestion], hostile: float) -> None:
        """Write the log. The base release answers, because the shipped adapter was trained on this data."""
        await upgrade(self.settings.database)
        async with await Store.open(self.settings.database) as store:
            await Releases(store.database).promote(BASE_RELEASE, "nothing trained yet")
            await write_log(store, questions, load_voice(self.settings.voice_file), hostile)

    def run(self, *command: str) -> None:
        """Run a command of the operator and show its output."""
        console.print(f"\n$ groundtalk {' '.join(command)}", style="bold")
        program = Path(sys.executable).with_name("groundtalk")
        settings = {"DATA_DIR": str(self.settings.data_dir), "DATABASE_URL": "", "REWRITER": ""}
        environment = {**os.environ, **settings, "GENERATOR": self.settings.generator}
        started = perf_counter()
        subprocess.run([program, *command], env=environment, check=True)
        console.print(f"({perf_counter() - started:,.0f} s)")

    async def answers(self, questions: Sequence[SimulatedQuestion]) -> list[str]:
        """The answers of the live release."""
        async with await Store.open(self.settings.database) as store:
            system = await EvaluationTargets(self.settings, Releases(store.database)).named(LIVE)
            async with system.rewriter() as rewriter, system.grounder() as grounder:
                respond = answerer(rewriter, grounder)
                return [(await respond(one.example)).text for one in questions]

    async def newest(self) -> Release:
        async with await Store.open(self.settings.database) as store:
            return (await Releases(store.database).list())[0]

    async def start_with(self, release: Release, other: "Deployment") -> None:
        """Make a release of another deployment live in this one."""
        async with await Store.open(other.settings.database) as source:
            files = await Releases(source.database).fetch(release.id, self.settings.data_dir / "given")
        async with await Store.open(self.settings.database) as target:
            releases = Releases(target.database)
            await releases.add(files, tasks=release.tasks, base=release.base)
            await releases.promote(release.id, "the release to start with")


def split(
    file: Path, conversations: int, unseen: int
) -> tuple[list[SimulatedQuestion], list[SimulatedQuestion]]:
    """Split the file into the conversations of the log and unseen questions about other paragraphs."""
    groups: dict[str, list[SimulatedQuestion]] = {}
    for example in read_examples(file, GroundingExample):
        if (example.source, example.language) != (SOURCE, LANGUAGE):
            continue
        if question := simulated_question(example):
            groups.setdefault(group_of(example.id), []).append(question)
    paragraphs = list(groups.values())
    random.Random(SEED).shuffle(paragraphs)
    questions = [question for paragraph in paragraphs for question in paragraph]
    held_out = {group_of(question.example.id) for question in questions[:unseen]}
    log = [question for question in questions if group_of(question.example.id) not in held_out]
    return log[:conversations], questions[:unseen]


def write_frozen(questions: Sequence[SimulatedQuestion], file: Path) -> Path:
    """Write examples whose answer is the sentence that answers, as honest raters correct."""
    with file.open("w", encoding="utf-8") as out:
        for one in questions:
            answer = MARKERS.sub("", one.right).strip()
            out.write(one.example.model_copy(update={"answer": answer}).model_dump_json() + "\n")
    return file


def measures(release: Release) -> Iterator[str]:
    """The rows of a release decision, as lines of JSON."""
    decision: Mapping[str, list[Mapping[str, object]]] = release.decision or {}
    for row in (*decision.get("rows", ()), *decision.get("gains", ())):
        yield json.dumps(
            {name: round(cell, 3) if isinstance(cell, float) else cell for name, cell in row.items()}
        )


def simulate(
    folder: Path, generator: str, log: Sequence[SimulatedQuestion], unseen: Sequence[SimulatedQuestion]
) -> None:
    frozen = str(write_frozen(unseen, folder / "unseen.jsonl"))
    retrain = ("retrain", "--minimum", "1", "--frozen", frozen)
    deployment = Deployment(folder / "honest", generator)
    asyncio.run(deployment.log(log, hostile=0.1))
    before = asyncio.run(deployment.answers(unseen[:COMPARED]))
    deployment.run(*retrain)
    first = asyncio.run(deployment.newest())
    console.print(*measures(first), sep="\n")
    if (first.decision or {}).get("verdict") == "promote":
        check_rollback(deployment, before, unseen[:COMPARED])

    attacked = Deployment(folder / "attacked", generator)
    asyncio.run(attacked.log(log, hostile=1.0))
    asyncio.run(attacked.start_with(first, deployment))
    attacked.run(*retrain)
    console.print(*measures(asyncio.run(attacked.newest())), sep="\n")


def check_rollback(deployment: Deployment, before: Sequence[str], asked: Sequence[SimulatedQuestion]) -> None:
    during = asyncio.run(deployment.answers(asked))
    deployment.run("releases", "rollback")
    after = asyncio.run(deployment.answers(asked))
    changed = sum(one != other for one, other in zip(before, during, strict=True))
    console.print(f"\n{changed} of {len(asked)} answers changed with the promotion.")
    console.print(f"Identical after the rollback: {'yes' if after == before else 'NO'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--conversations", type=int, default=300)
    parser.add_argument("--unseen", type=int, default=60)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log, unseen = split(given.data, given.conversations, given.unseen)
        simulate(Path(folder), given.generator, log, unseen)


if __name__ == "__main__":
    main()
