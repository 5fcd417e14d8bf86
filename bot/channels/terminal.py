"""One person at a terminal, and what they are shown while the bot answers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from getpass import getuser
from uuid import uuid4

from rich.console import Console
from rich.live import Live
from rich.text import Text

from dialogue.conversation import Address, Citation, Utterance
from dialogue.events import Answered, Event, Failed, Rewritten, Token
from dialogue.manager import Manager
from dialogue.voice import Voice, Wording

CHANNEL = "terminal"


class TerminalSession:
    """What one person at this terminal says and is shown."""

    def __init__(self, manager: Manager, voice: Voice, console: Console, language: str | None = None) -> None:
        self.wording: Wording = voice.wording(language)
        self._manager = manager
        self._console = console
        self._language = language
        self._address = Address(CHANNEL, getuser())

    async def ask(self, text: str) -> None:
        """Show the answer while it is written. Cancelled, it asks the bot to stop and shows what there is."""
        utterance = Utterance(self._address, uuid4().hex, text, language=self._language)
        answer: Answered | None = None
        with Live(console=self._console, transient=True, auto_refresh=False) as preview:
            said = ""
            async with aclosing(self._events(utterance)) as events:
                async for event in events:
                    match event:
                        case Rewritten() if event.query != text:
                            self._console.print(Text(f"({event.query})", style="dim"))
                        case Token():
                            said += event.text
                            preview.update(Text(said), refresh=True)
                        case Failed():
                            said = ""
                            self._console.print(Text(event.message, style="red"))
                        case Answered():
                            answer = event
            preview.update("")
        await self._finish(answer)

    async def new(self) -> None:
        """Begin a conversation that knows nothing of the one before."""
        await self._manager.start(self._address, self._language)
        self._console.print(self.wording.new_conversation)

    async def consent(self, given: bool) -> None:
        """Whether the bot may learn from what is said at this terminal."""
        if await self._manager.store.conversations.current(self._address) is None:
            await self._manager.start(self._address, self._language)
        await self._manager.store.conversations.set_consent_at(self._address, given)
        self._console.print(self.wording.consent_given if given else self.wording.consent_withheld)

    async def forget(self) -> None:
        """Erase all that was said at this terminal."""
        await self._manager.forget(CHANNEL, self._address.account)
        self._console.print(self.wording.forgotten)

    async def _events(self, utterance: Utterance) -> AsyncGenerator[Event]:
        """The events of the turn; when the task is cancelled once, the answer is stopped instead."""
        async with aclosing(self._manager.converse(utterance)) as events:
            while True:
                following = asyncio.ensure_future(anext(events, None))
                try:
                    event = await asyncio.shield(following)
                except asyncio.CancelledError:
                    await self._stop()
                    event = await following
                if event is None:
                    return
                yield event

    async def _stop(self) -> None:
        if current := await self._manager.store.conversations.current(self._address):
            self._manager.cancel(current.id)

    async def _finish(self, answer: Answered | None) -> None:
        """The committed text stays; the preview may have differed. A human will answer if the bot does not."""
        if answer is None:
            self._console.print(self.wording.handed_over)
            return
        self._console.print(Text(answer.text))
        self._show_sources(answer.citations)
        current = await self._manager.store.conversations.current(self._address)
        if current is not None:
            await self._manager.store.outbox.mark_seen(current.id, answer.turn)

    def _show_sources(self, citations: tuple[Citation, ...]) -> None:
        if not citations:
            return
        self._console.print(Text(self.wording.sources, style="bold"))
        for citation in citations:
            self._console.print(Text(f"  [{citation.n}] {citation.title} ({citation.source})"))
            self._console.print(Text(f"      “{citation.quote}”", style="dim"))
