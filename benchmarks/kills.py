"""Kills the bot at random moments while people talk to it, and counts what became of their questions.

    python -m benchmarks.kills [--kills 200] [--postgres [URL]]

Manager, worker, store, dispatcher and prompts are the real ones; the model is a fast fake. Four people ask one question
after the other and repeat those that were not acknowledged. Every second question is for a step of the deployment's
own, which counts in the conversation's state. After the last kill one process may finish.
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.databases import databases
from tests.dialogue.crash_harness import KillCounts, KillTrial

ROWS = {
    "kills": "kills",
    "unanswered_at_kill": "of these while a question was pending",
    "undelivered_at_kill": "of these while an answer was not yet delivered",
    "asked": "questions acknowledged",
    "lost": "questions lost",
    "doubled": "questions stored or answered twice",
    "mistaken": "answers to another question",
    "counted": "answers of the counting step",
    "miscounted": "of these with a wrong count",
    "disordered": "answers out of order",
    "undelivered": "answers never delivered",
    "apologies": "apologies, because every attempt was killed",
    "resent": "answers sent again (killed before it was recorded)",
}


def report(counts: dict[str, KillCounts]) -> Table:
    table = Table("", *counts, title="Killed at random moments")
    for name, words in ROWS.items():
        table.add_row(words, *(str(asdict(each)[name]) for each in counts.values()))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--postgres", nargs="?", const="", metavar="URL", help="on PostgreSQL too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(options.postgres) as urls:
        counts = {
            name: KillTrial(url, Path(folder) / f"{name}.txt").run(options.kills)
            for name, url in urls.items()
        }
    Console().print(report(counts))


if __name__ == "__main__":
    main()
