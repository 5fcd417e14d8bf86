"""Telegram: one bot, by polling or by webhook, in private chats and in groups (`docs/telegram.md`).

Connects the parts: `receiving` fetches updates, `updates` interprets them, `intake` acts on them, `rendering` formats
answers, `delivery` sends them, and `previews` shows them while they are written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter
from telegram import Bot, BotCommand, Update
from telegram.error import TelegramError

from bot.channels.base import Channel
from bot.channels.telegram.delivery import Delivery
from bot.channels.telegram.intake import MessageLimits, UpdateIntake
from bot.channels.telegram.limits import SendLimits
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.receiving import FIRST_PAUSE, MAX_PAUSE, Poller, Webhook, webhook_router
from bot.channels.telegram.rendering import render_answer
from bot.channels.telegram.sending import ReplySender, describe
from bot.channels.telegram.updates import ALLOWED_UPDATES, CHANNEL, COMMANDS
from dialogue.conversation import Answer, OutboxMessage, Turn
from dialogue.delivery import ReportProgress
from dialogue.manager import Manager
from dialogue.voice import Voice

log = structlog.get_logger(__name__)


class TelegramChannel(Channel):
    """One Telegram bot. `bot` comes from `connect`; without a `webhook` it polls."""

    channel = CHANNEL

    def __init__(
        self,
        bot: Bot,
        voice: Voice,
        webhook: Webhook | None = None,
        message_limits: MessageLimits | None = None,
        limits: SendLimits | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._bot = bot
        self._voice = voice
        self._webhook = webhook
        self._message_limits = message_limits or MessageLimits()
        self._first_pause = first_pause
        limits = limits or SendLimits()
        self._previews = Previews(bot, limits)
        self._replies = ReplySender(bot, limits)
        self._delivery = Delivery(bot, limits, self._previews)
        self._intake: UpdateIntake | None = None

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        return render_answer(answer, turn, self._voice.wording(answer.language))

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        await self._delivery.send(outgoing, report_progress)

    def router(self, manager: Manager) -> APIRouter:
        return webhook_router(self._webhook.secret, self._receive_update) if self._webhook else APIRouter()

    async def run(self, manager: Manager) -> None:
        try:
            await self._retry(self._bot.initialize)
            self._intake = UpdateIntake(
                self._bot.bot, manager, self._voice, self._previews, self._replies, self._message_limits
            )
            await self._set_commands(manager.asks_consent)
            await self._run_intake(self._intake)
        finally:
            if self._intake is not None:
                self._intake.close()
            await self._previews.stop()
            await self._replies.stop()
            await self._bot.shutdown()

    async def _receive_update(self, update: Update) -> None:
        if self._intake is None:
            raise TimeoutError("the bot is still starting")
        await self._intake.receive(update)

    async def _run_intake(self, intake: UpdateIntake) -> None:
        """By webhook or by polling. Updates waiting at Telegram survive a switch between the two."""
        if self._webhook is None:
            await self._retry(self._bot.delete_webhook)
            await Poller(self._bot, intake.receive, self._first_pause).run()
        else:
            await self._retry(
                partial(
                    self._bot.set_webhook,
                    self._webhook.url,
                    secret_token=self._webhook.secret,
                    allowed_updates=ALLOWED_UPDATES,
                )
            )
            await asyncio.Event().wait()

    async def _set_commands(self, asks_consent: bool) -> None:
        """Set the command menu in every language of the voice. The bot works without it, too."""
        default = self._voice.wording(None)
        names = [name for name in COMMANDS if asks_consent or name != "consent"]
        menus = {None: default.menu} | {code: wording.menu for code, wording in self._voice.wordings.items()}
        try:
            for code, menu in menus.items():
                await self._bot.set_my_commands(
                    [BotCommand(name, menu[name]) for name in names], language_code=code
                )
        except TelegramError as error:
            log.warning("commands_not_set", reason=describe(error))

    async def _retry(self, call: Callable[[], Awaitable[object]]) -> None:
        """Call until it succeeds, so that a bot which starts while Telegram is down comes up later."""
        wait = self._first_pause
        while True:
            try:
                await call()
                return
            except TelegramError as error:
                log.warning("telegram_unavailable", reason=describe(error), retry_in=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, MAX_PAUSE)
