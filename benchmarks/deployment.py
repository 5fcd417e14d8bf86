"""A deployment that learns from its users, in fast motion: what `groundtalk retrain` gains, and what it resists.

    python -m benchmarks.deployment [--generator NAME] [--conversations 300] [--unseen 60] [--data FILE]

Writes a log of conversations with feedback, a tenth of it hostile, into a new database, and retrains. The promotion, if
there was one, is rolled back: the former answers have to be there again to the letter. Then a second deployment begins
with the release that came of it, and all of its feedback is inverted. Unseen questions of other paragraphs stand beside
the log as a frozen set.
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

from benchmarks.logged import SEED, Said, said_of, write_log
from bot.evaluation import LIVE, EvaluationTargets
from bot.settings import load_settings
from bot.voice import load_voice
from dialogue.citations import MARKERS
from dialogue.store.store import Store
from finetune.datasets.dataset import group_of
from finetune.evaluation.answers import answerer
from finetune.examples import GroundingExample, read_examples
from finetune.migrations import upgrade
from finetune.release import BASE_RELEASE, Release
from finetune.releases import Releases

DATA = Path("../shared/data/grounding/train.jsonl.gz")
SOURCE, LANGUAGE_READ = "xquad", "en"
"""Of the file, what the small model can read."""
ASKED = 5
"""Questions whose answers are compared to the letter."""

console = Console(highlight=False, soft_wrap=True)


class Deployment:
    """A database and a data folder of their own."""

    def __init__(self, folder: Path, generator: str) -> None:
        self.settings = load_settings(data_dir=folder, database_url="", generator=generator, rewriter="")

    async def log(self, said: Sequence[Said], hostile: float) -> None:
        """Answers of the weights as they come: the adapter that ships has read this data."""
        await upgrade(self.settings.database)
        async with await Store.open(self.settings.database) as store:
            await Releases(store.database).promote(BASE_RELEASE, "nothing learnt yet")
            await write_log(store, said, load_voice(self.settings.voice_file), hostile)

    def run(self, *command: str) -> None:
        """One of the operator's commands; what it prints is shown."""
        console.print(f"\n$ groundtalk {' '.join(command)}", style="bold")
        program = Path(sys.executable).with_name("groundtalk")
        here = {"DATA_DIR": str(self.settings.data_dir), "DATABASE_URL": "", "REWRITER": ""}
        environment = {**os.environ, **here, "GENERATOR": self.settings.generator}
        began = perf_counter()
        subprocess.run([program, *command], env=environment, check=True)
        console.print(f"({perf_counter() - began:,.0f} s)")

    async def answers(self, said: Sequence[Said]) -> list[str]:
        """What the live release answers."""
        async with await Store.open(self.settings.database) as store:
            system = await EvaluationTargets(self.settings, Releases(store.database)).named(LIVE)
            async with system.rewriter() as rewriter, system.grounder() as grounder:
                respond = answerer(rewriter, grounder)
                return [(await respond(one.example)).text for one in said]

    async def newest(self) -> Release:
        async with await Store.open(self.settings.database) as store:
            return (await Releases(store.database).list())[0]

    async def begin_with(self, release: Release, other: "Deployment") -> None:
        """Makes a release of another deployment live in this one."""
        async with await Store.open(other.settings.database) as theirs:
            files = await Releases(theirs.database).fetch(release.id, self.settings.data_dir / "given")
        async with await Store.open(self.settings.database) as ours:
            releases = Releases(ours.database)
            await releases.add(files, tasks=release.tasks, base=release.base)
            await releases.promote(release.id, "the release to begin with")


def divide(file: Path, conversations: int, unseen: int) -> tuple[list[Said], list[Said]]:
    """The conversations of the log, and unseen questions about other paragraphs."""
    groups: dict[str, list[Said]] = {}
    for example in read_examples(file, GroundingExample):
        if (example.source, example.language) == (SOURCE, LANGUAGE_READ) and (said := said_of(example)):
            groups.setdefault(group_of(example.id), []).append(said)
    paragraphs = list(groups.values())
    random.Random(SEED).shuffle(paragraphs)
    every = [said for paragraph in paragraphs for said in paragraph]
    kept = {group_of(said.example.id) for said in every[:unseen]}
    log = [said for said in every if group_of(said.example.id) not in kept]
    return log[:conversations], every[:unseen]


def write_frozen(said: Sequence[Said], file: Path) -> Path:
    """As examples whose answer is the sentence that answers, as honest raters correct."""
    with file.open("w", encoding="utf-8") as out:
        for one in said:
            answer = MARKERS.sub("", one.right).strip()
            out.write(one.example.model_copy(update={"answer": answer}).model_dump_json() + "\n")
    return file


def told(release: Release) -> Iterator[str]:
    """The measures of a decision, as lines."""
    decision: Mapping[str, list[Mapping[str, object]]] = release.decision or {}
    for row in (*decision.get("rows", ()), *decision.get("gains", ())):
        yield json.dumps(
            {name: round(cell, 3) if isinstance(cell, float) else cell for name, cell in row.items()}
        )


def simulate(folder: Path, generator: str, log: Sequence[Said], unseen: Sequence[Said]) -> None:
    frozen = str(write_frozen(unseen, folder / "unseen.jsonl"))
    retrain = ("retrain", "--minimum", "1", "--frozen", frozen)
    deployment = Deployment(folder / "honest", generator)
    asyncio.run(deployment.log(log, hostile=0.1))
    before = asyncio.run(deployment.answers(unseen[:ASKED]))
    deployment.run(*retrain)
    first = asyncio.run(deployment.newest())
    console.print(*told(first), sep="\n")
    if (first.decision or {}).get("verdict") == "promote":
        roll_back(deployment, before, unseen[:ASKED])

    attacked = Deployment(folder / "attacked", generator)
    asyncio.run(attacked.log(log, hostile=1.0))
    asyncio.run(attacked.begin_with(first, deployment))
    attacked.run(*retrain)
    console.print(*told(asyncio.run(attacked.newest())), sep="\n")


def roll_back(deployment: Deployment, before: Sequence[str], asked: Sequence[Said]) -> None:
    during = asyncio.run(deployment.answers(asked))
    deployment.run("releases", "rollback")
    after = asyncio.run(deployment.answers(asked))
    changed = sum(one != other for one, other in zip(before, during, strict=True))
    console.print(f"\n{changed} of {len(asked)} answers changed with the promotion.")
    console.print(f"After the roll back all are as before, to the letter: {after == before}")


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
        log, unseen = divide(given.data, given.conversations, given.unseen)
        simulate(Path(folder), given.generator, log, unseen)


if __name__ == "__main__":
    main()
