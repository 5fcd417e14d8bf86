"""Kills a bot process again and again while people ask it questions, and counts what became of the questions."""

import asyncio
import multiprocessing
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from dialogue.conversation import Role
from dialogue.store.operators import Backlog
from dialogue.store.store import Store
from tests.dialogue.crash_process import COUNTED, is_counted, number_in, run_bot
from tests.dialogue.store.rows import rows

MAX_LIFETIME = 1.0
"""Seconds; every process is killed at a random moment before."""
MAX_THINKING_TIME = 0.1
"""Seconds that a person waits between two questions, without waiting for answers."""
STUCK_AFTER = 60.0
"""Seconds without any answer or delivery after which the last process counts as stuck."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.dialogue.crash_process"])


@dataclass(slots=True)
class Person:
    """Asks about one order after the other, and repeats each question until it is acknowledged."""

    account: str
    number: int = 1
    asks_at: float = 0.0
    asked: bool = False

    def ask(self, pipes: Sequence[Connection]) -> None:
        """Ask, if it is time: one process, or several at once, as a network that delivers twice would."""
        if not self.asked and time.monotonic() >= self.asks_at:
            for pipe in random.sample(pipes, random.randint(1, len(pipes))):
                pipe.send((self.account, self.number))
            self.asked = True

    def acknowledged(self) -> None:
        self.number += 1
        self.asked = False
        self.asks_at = time.monotonic() + random.uniform(0, MAX_THINKING_TIME)


@dataclass(slots=True)
class KillCounts:
    """What a trial counted."""

    asked: int = 0
    kills: int = 0
    unanswered_at_kill: int = 0
    """Kills while a question was pending."""
    undelivered_at_kill: int = 0
    """Kills while a committed answer was not yet delivered."""
    lost: int = 0
    """Acknowledged questions without a stored turn and an answer to it."""
    doubled: int = 0
    """Questions that were stored, or answered, more than once."""
    mistaken: int = 0
    """Answers to another question."""
    counted: int = 0
    """Answers of the counting step."""
    miscounted: int = 0
    """Answers of the counting step with another number than the questions of that kind so far."""
    disordered: int = 0
    """Answers committed or delivered before the answer to an earlier question."""
    undelivered: int = 0
    """Answers in the outbox that never arrived."""
    apologies: int = 0
    """Questions whose every attempt was killed, as if they had crashed the bot."""
    resent: int = 0
    """Deliveries repeated because the process was killed between sending and recording it."""

    @property
    def harm(self) -> dict[str, int]:
        """What must never happen, where it did."""
        names = ("lost", "doubled", "mistaken", "miscounted", "disordered", "undelivered")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(slots=True)
class KillTrial:
    """One database, one file of deliveries, and the people who talk to whichever process is running."""

    url: str
    file: Path
    people: list[Person] = field(default_factory=lambda: [Person(f"person {n}") for n in range(4)])
    counts: KillCounts = field(default_factory=KillCounts)

    def run(self, kills: int) -> KillCounts:
        """Kill so many processes, let a last one finish, and count."""
        for _ in range(kills):
            with self.process() as (process, pipe):
                self.talk([pipe], random.uniform(0, MAX_LIFETIME))
                process.kill()
            self._count_kill(asyncio.run(self._backlog()))
        with self.process() as (_, pipe):
            self.finish([pipe])
        return self.count()

    @contextmanager
    def process(self) -> Iterator[tuple[ForkServerProcess, Connection]]:
        """A running bot process. What it did not acknowledge is asked again of the next one."""
        ours, theirs = _processes.Pipe()
        process = _processes.Process(target=run_bot, args=(self.url, str(self.file), theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            with ours:
                yield process, ours
            process.join(STUCK_AFTER)
        finally:
            process.kill()
            process.join()
        for person in self.people:
            person.asked = False

    def talk(self, pipes: Sequence[Connection], seconds: float) -> None:
        """Let the people ask the running processes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for person in self.people:
                person.ask(pipes)
            self._read_acknowledgements(pipes, min(left, 0.01))

    def finish(self, pipes: Sequence[Connection]) -> None:
        """Let everyone ask a question of each kind, wait until all is answered and delivered, end the processes."""
        while any(person.number <= COUNTED for person in self.people):
            self.talk(pipes, 0.1)
        while any(person.asked for person in self.people):
            self._read_acknowledgements(pipes, 0.1)
        left, end = asyncio.run(self._backlog()), time.monotonic() + STUCK_AFTER
        while left != Backlog(0, 0):
            assert time.monotonic() < end, f"{left} did not change for {STUCK_AFTER} s"
            time.sleep(0.1)
            before, left = left, asyncio.run(self._backlog())
            end = end if left == before else time.monotonic() + STUCK_AFTER
        for pipe in pipes:
            pipe.send(None)

    def count(self) -> KillCounts:
        """Compare the acknowledged questions with what is stored and delivered."""
        asyncio.run(self._count_stored())
        due = {(row["account"], row["payload"]["number"]) for row in asyncio.run(rows(self.url, "outbox"))}
        delivered: defaultdict[str, list[int]] = defaultdict(list)
        for line in self.file.read_text().splitlines():
            account, _, number = line.partition("\t")
            delivered[account].append(int(number))
        for person in self.people:
            first = list(dict.fromkeys(delivered[person.account]))
            self.counts.resent += len(delivered[person.account]) - len(first)
            self.counts.disordered += _disorder(first)
            self.counts.undelivered += len(
                {n for account, n in due if account == person.account} - set(first)
            )
        return self.counts

    async def _count_stored(self) -> None:
        turns = await rows(self.url, "turn")
        asked = {(turn["conversation"], turn["number"]): turn for turn in turns if turn["role"] == Role.USER}
        replies: defaultdict[str, list[int]] = defaultdict(list)
        counted: Counter[str] = Counter()
        for reply in sorted((turn for turn in turns if turn["reply_to"]), key=lambda turn: turn["number"]):
            question = asked[reply["conversation"], reply["reply_to"]]
            number = number_in(question["text"])
            replies[question["account"]].append(number)
            self.counts.apologies += reply["failed"]
            if is_counted(number) and not reply["failed"]:
                counted[reply["conversation"]] += 1
                self.counts.miscounted += f"question {counted[reply['conversation']]} " not in reply["text"]
            self.counts.mistaken += not reply["failed"] and f"Order {number} " not in reply["text"]
        self.counts.counted += counted.total()
        for conversation in await rows(self.url, "conversation"):
            self.counts.miscounted += conversation["state"].get("counted", 0) != counted[conversation["id"]]
        for person in self.people:
            answered = Counter(replies[person.account])
            stored = Counter(
                number_in(turn["text"]) for turn in asked.values() if turn["account"] == person.account
            )
            self.counts.asked += person.number - 1
            self.counts.lost += sum(not answered[n] for n in range(1, person.number))
            self.counts.doubled += sum(n > 1 for n in [*answered.values(), *stored.values()])
            self.counts.disordered += _disorder(replies[person.account])

    def _read_acknowledgements(self, pipes: Sequence[Connection], seconds: float) -> None:
        """Waits up to `seconds` for the first one."""
        for pipe in pipes if wait(pipes, seconds) else ():
            while pipe.poll():
                account, number = pipe.recv()
                person = next(person for person in self.people if person.account == account)
                if number == person.number:
                    person.acknowledged()

    def _count_kill(self, backlog: Backlog) -> None:
        self.counts.kills += 1
        self.counts.unanswered_at_kill += backlog.turns > 0
        self.counts.undelivered_at_kill += backlog.deliveries > 0

    async def _backlog(self) -> Backlog:
        async with await Store.open(self.url) as store:
            return await store.operators.backlog()


def _disorder(numbers: list[int]) -> int:
    return sum(after < before for before, after in pairwise(numbers))
