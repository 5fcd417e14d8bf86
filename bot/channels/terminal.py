"""Chatting in the terminal: what was found, the answer as it is written, then the committed text with its sources."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from getpass import getuser
from uuid import uuid4

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bot.channels.progress import Progress
from dialogue.conversation import Address, Citation, Utterance
from dialogue.events import Answered, Event, Failed, Queued, Rewritten, Token, Writing
from dialogue.manager import Manager
from dialogue.voice import Voice, Wording

CHANNEL = "terminal"


class TerminalSession:
    """One person's conversation in this terminal."""

    def __init__(self, manager: Manager, voice: Voice, console: Console, language: str | None = None) -> None:
        self.wording: Wording = voice.wording(language)
        self._manager = manager
        self._console = console
        self._language = language
        self._address = Address(CHANNEL, getuser())

    async def ask(self, text: str) -> None:
        """Ask, and show the answer as it is written. If cancelled, stop the bot and show the answer so far."""
        utterance = Utterance(self._address, uuid4().hex, text, language=self._language)
        answer: Answered | None = None
        with Live(console=self._console, transient=True, auto_refresh=False) as preview:
            shown, progress = "", Progress(self.wording)
            async with aclosing(self._events(utterance)) as events:
                async for event in events:
                    progress.see(event)
                    match event:
                        case Queued() | Writing():
                            preview.update(_line(progress), refresh=True)
                        case Rewritten() if event.query != text:
                            self._console.print(Text(f"({event.query})", style="dim"))
                        case Token():
                            shown += event.text
                            preview.update(Text(shown), refresh=True)
                        case Failed():
                            shown = ""
                            self._console.print(Text(event.message, style="red"))
                        case Answered():
                            answer = event
            preview.update("")
        await self._finish(answer)

    async def new(self) -> None:
        """Start a new conversation, without the history of the last one."""
        await self._manager.start(self._address, self._language)
        self._console.print(self.wording.new_conversation)

    async def consent(self, given: bool) -> None:
        """Set whether the bot may learn from conversations in this terminal."""
        if await self._manager.store.conversations.current(self._address) is None:
            await self._manager.start(self._address, self._language)
        await self._manager.store.conversations.set_consent_at(self._address, given)
        self._console.print(self.wording.consent_given if given else self.wording.consent_withheld)

    async def forget(self) -> None:
        """Erase everything that was said in this terminal."""
        await self._manager.forget(CHANNEL, self._address.account)
        self._console.print(self.wording.forgotten)

    async def _events(self, utterance: Utterance) -> AsyncGenerator[Event]:
        """The events of the turn. Cancelling the task stops the answer instead of ending the iteration."""
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
        """Show the committed text, which may differ from the preview, or say that a human will answer."""
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


def _line(progress: Progress) -> Text:
    """What was found and how long it takes, in one line."""
    found = f"{progress.heading}: {', '.join(progress.titles)}." if progress.titles else ""
    return Text(f"{found} {progress.wait}".strip(), style="dim")
