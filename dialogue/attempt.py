"""One try at the answer to a turn, and how long it may keep silent.

Knows the responder; does not know what becomes of the answer, or how often it is tried.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from dialogue.conversation import Answer, Conversation, Turn
from dialogue.errors import EngineError
from dialogue.events import Event
from dialogue.responder import Draft, Responder


class Attempt:
    """Events go to `publish`. When none has come for `silence` seconds, the engine hangs and the try is given up."""

    def __init__(
        self,
        responder: Responder,
        conversation: Conversation,
        turn: Turn,
        publish: Callable[[Event], None],
        silence: float,
    ) -> None:
        self._responder = responder
        self._conversation = conversation
        self._turn = turn
        self._publish = publish
        self._silence = silence
        self._draft = Draft(self._hear)

    async def answer(self) -> Answer:
        """Raises EngineError, also after too long a silence, RetrievalError, StoreUnavailable."""
        waited = datetime.now(UTC) - self._turn.created_at
        self._draft.timings["queue"] = max(0.0, waited.total_seconds())  # replicas may differ in their clocks
        try:
            async with asyncio.timeout(self._silence) as self._limit:
                return await self._responder.respond(self._conversation, self._turn, self._draft)
        except TimeoutError as error:
            raise EngineError(
                f"The answer timed out; it may keep silent for {self._silence:g} s. Restart a model that hangs, "
                "or raise ANSWER_SILENCE."
            ) from error

    def stopped(self) -> Answer:
        """The answer if it ends here: what was said so far."""
        return self._responder.stopped(self._conversation, self._turn, self._draft)

    def apology(self) -> Answer:
        """The answer where answering failed for good."""
        return self._responder.apology(self._conversation, self._turn)

    def _hear(self, event: Event) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + self._silence)
        self._publish(event)
