"""Kills a bot process again and again while people talk to it, and counts what became of their questions."""

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
from tests.dialogue.crash_process import live, number_in
from tests.dialogue.store.rows import rows

LONGEST_LIFE = 1.0
"""Seconds; each life ends at a random moment before, whatever the process is at."""
LONGEST_PAUSE = 0.1
"""Seconds that a person waits between two questions; they do not wait for answers."""
PATIENCE = 60.0
"""Seconds without any answer or delivery after which the last life counts as stuck."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.dialogue.crash_process"])


@dataclass(slots=True)
class Person:
    """Someone who asks about one parcel after the other, and asks again until it is acknowledged."""

    account: str
    number: int = 1
    speaks_at: float = 0.0
    said: bool = False

    def speak(self, pipes: Sequence[Connection]) -> None:
        """Ask, if it is time: one of the processes, or several at once, as a network does that delivers twice."""
        if not self.said and time.monotonic() >= self.speaks_at:
            for pipe in random.sample(pipes, random.randint(1, len(pipes))):
                pipe.send((self.account, self.number))
            self.said = True

    def acknowledged(self) -> None:
        self.number += 1
        self.said = False
        self.speaks_at = time.monotonic() + random.uniform(0, LONGEST_PAUSE)


@dataclass(slots=True)
class KillCounts:
    """What was counted."""

    asked: int = 0
    kills: int = 0
    unanswered_at_kill: int = 0
    """Kills that struck while a question waited for its answer or was being answered."""
    undelivered_at_kill: int = 0
    """Kills that struck while a committed answer waited for its delivery or was being delivered."""
    lost: int = 0
    """Acknowledged questions without a stored turn and an answer to it."""
    doubled: int = 0
    """Questions that are stored, or answered, more than once."""
    mistaken: int = 0
    """Answers to another question."""
    disordered: int = 0
    """Answers given or delivered before that of an earlier question."""
    undelivered: int = 0
    """Answers in the outbox that never arrived."""
    apologies: int = 0
    """Questions at which every attempt was killed, as if they were to blame."""
    resent: int = 0
    """Deliveries repeated because the process was killed after sending and before it could note that."""

    @property
    def harm(self) -> dict[str, int]:
        """What must never happen, and how often it did."""
        names = ("lost", "doubled", "mistaken", "disordered", "undelivered")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(slots=True)
class KillTrial:
    """One database, one file of deliveries, and the people who talk to whatever process is alive."""

    url: str
    file: Path
    people: list[Person] = field(default_factory=lambda: [Person(f"person {n}") for n in range(4)])
    toll: KillCounts = field(default_factory=KillCounts)

    def run(self, kills: int) -> KillCounts:
        """Kill so many processes, let a last one finish, and count."""
        for _ in range(kills):
            with self.process() as (process, pipe):
                self.talk([pipe], random.uniform(0, LONGEST_LIFE))
                process.kill()
            self._note_kill(asyncio.run(self._backlog()))
        with self.process() as (_, pipe):
            self.finish([pipe])
        return self.count()

    @contextmanager
    def process(self) -> Iterator[tuple[ForkServerProcess, Connection]]:
        """A bot process, alive at first; what it left unacknowledged will be said again to the next."""
        ours, theirs = _processes.Pipe()
        process = _processes.Process(target=live, args=(self.url, str(self.file), theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            with ours:
                yield process, ours
            process.join(PATIENCE)
        finally:
            process.kill()
            process.join()
        for person in self.people:
            person.said = False

    def talk(self, pipes: Sequence[Connection], seconds: float) -> None:
        """Let the people speak to processes that are alive."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for person in self.people:
                person.speak(pipes)
            self._hear(pipes, min(left, 0.01))

    def finish(self, pipes: Sequence[Connection]) -> None:
        """Hear everyone once at least, wait until all is answered and delivered, then let the processes end."""
        while any(person.number == 1 for person in self.people):
            self.talk(pipes, 0.1)
        while any(person.said for person in self.people):
            self._hear(pipes, 0.1)
        left, end = asyncio.run(self._backlog()), time.monotonic() + PATIENCE
        while left != Backlog(0, 0):
            assert time.monotonic() < end, f"{left} did not change for {PATIENCE} s"
            time.sleep(0.1)
            before, left = left, asyncio.run(self._backlog())
            end = end if left == before else time.monotonic() + PATIENCE
        for pipe in pipes:
            pipe.send(None)

    def count(self) -> KillCounts:
        """Compare what was acknowledged with what is stored and delivered."""
        asyncio.run(self._count_stored())
        due = {(row["account"], row["payload"]["number"]) for row in asyncio.run(rows(self.url, "outbox"))}
        delivered: defaultdict[str, list[int]] = defaultdict(list)
        for line in self.file.read_text().splitlines():
            account, _, number = line.partition("\t")
            delivered[account].append(int(number))
        for person in self.people:
            first = list(dict.fromkeys(delivered[person.account]))
            self.toll.resent += len(delivered[person.account]) - len(first)
            self.toll.disordered += _disorder(first)
            self.toll.undelivered += len({n for account, n in due if account == person.account} - set(first))
        return self.toll

    async def _count_stored(self) -> None:
        turns = await rows(self.url, "turn")
        asked = {(turn["conversation"], turn["number"]): turn for turn in turns if turn["role"] == Role.USER}
        replies: defaultdict[str, list[int]] = defaultdict(list)
        for reply in sorted((turn for turn in turns if turn["reply_to"]), key=lambda turn: turn["number"]):
            question = asked[reply["conversation"], reply["reply_to"]]
            number = number_in(question["text"])
            replies[question["account"]].append(number)
            self.toll.apologies += reply["failed"]
            self.toll.mistaken += not reply["failed"] and f"Parcel {number} leaves" not in reply["text"]
        for person in self.people:
            answered = Counter(replies[person.account])
            stored = Counter(
                number_in(turn["text"]) for turn in asked.values() if turn["account"] == person.account
            )
            self.toll.asked += person.number - 1
            self.toll.lost += sum(not answered[n] for n in range(1, person.number))
            self.toll.doubled += sum(n > 1 for n in [*answered.values(), *stored.values()])
            self.toll.disordered += _disorder(replies[person.account])

    def _hear(self, pipes: Sequence[Connection], seconds: float) -> None:
        """Acknowledgements, waiting so long for the first."""
        for pipe in pipes if wait(pipes, seconds) else ():
            while pipe.poll():
                account, number = pipe.recv()
                person = next(person for person in self.people if person.account == account)
                if number == person.number:
                    person.acknowledged()

    def _note_kill(self, backlog: Backlog) -> None:
        self.toll.kills += 1
        self.toll.unanswered_at_kill += backlog.turns > 0
        self.toll.undelivered_at_kill += backlog.deliveries > 0

    async def _backlog(self) -> Backlog:
        async with await Store.open(self.url) as store:
            return await store.operators.backlog()


def _disorder(numbers: list[int]) -> int:
    return sum(after < before for before, after in pairwise(numbers))
