"""Kills the bot at random moments while people talk to it, and counts what became of their questions.

    python -m benchmarks.kills [--kills 200] [--postgres [URL]]

Manager, worker, store, relay and prompts are the real ones; the model is a quick one. Four people ask about one thing
after the other and repeat what was not acknowledged. After the last kill one process may finish.
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
    "unanswered_at_kill": "of these while a question waited or was being answered",
    "undelivered_at_kill": "of these while an answer waited or was being delivered",
    "asked": "questions acknowledged",
    "lost": "questions lost",
    "doubled": "questions stored or answered twice",
    "mistaken": "answers to another question",
    "disordered": "answers out of order",
    "undelivered": "answers never delivered",
    "apologies": "apologies, where every attempt was killed",
    "resent": "answers sent again (killed before it was noted)",
}


def report(tolls: dict[str, KillCounts]) -> Table:
    table = Table("", *tolls, title="Killed at random moments")
    for name, words in ROWS.items():
        table.add_row(words, *(str(asdict(toll)[name]) for toll in tolls.values()))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--postgres", nargs="?", const="", metavar="URL", help="on PostgreSQL too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(options.postgres) as urls:
        tolls = {
            name: KillTrial(url, Path(folder) / f"{name}.txt").run(options.kills)
            for name, url in urls.items()
        }
    Console().print(report(tolls))


if __name__ == "__main__":
    main()
