"""Telegram: one bot, by polling or by webhook, in private chats and in groups (`docs/telegram.md`).

Only puts the parts together: `updates` reads, `intake` acts, `letters` composes, `delivery` sends, `previews`
stream.
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
from bot.channels.telegram.receiving import FIRST_WAIT, LONGEST_WAIT, Poller, Webhook, webhook_router
from bot.channels.telegram.rendering import render_answer
from bot.channels.telegram.sending import NoticeSender, explained
from bot.channels.telegram.updates import ALLOWED, CHANNEL, COMMANDS
from dialogue.conversation import Answer, OutboxMessage, Turn
from dialogue.delivery import ReportProgress
from dialogue.manager import Manager
from dialogue.voice import Voice

log = structlog.get_logger(__name__)


class TelegramChannel(Channel):
    """Everyone who writes to one bot. Without a `webhook` it polls. `bot` comes from `connect`."""

    channel = CHANNEL

    def __init__(
        self,
        bot: Bot,
        voice: Voice,
        webhook: Webhook | None = None,
        allowance: MessageLimits | None = None,
        limits: SendLimits | None = None,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._bot = bot
        self._voice = voice
        self._webhook = webhook
        self._message_limits = allowance or MessageLimits()
        self._first_wait = first_wait
        limits = limits or SendLimits()
        self._previews = Previews(bot, limits)
        self._notices = NoticeSender(bot, limits)
        self._delivery = Delivery(bot, limits, self._previews)
        self._intake: UpdateIntake | None = None

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        return render_answer(answer, turn, self._voice.wording(answer.language))

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        await self._delivery.send(outgoing, report_progress)

    def router(self, manager: Manager) -> APIRouter:
        return webhook_router(self._webhook.secret, self._take) if self._webhook else APIRouter()

    async def run(self, manager: Manager) -> None:
        try:
            await self._insist(self._bot.initialize)
            self._intake = UpdateIntake(
                self._bot.bot, manager, self._voice, self._previews, self._notices, self._message_limits
            )
            await self._offer_commands(manager.asks_consent)
            await self._receive(self._intake)
        finally:
            await self._previews.stop()
            await self._notices.stop()
            await self._bot.shutdown()

    async def _take(self, update: Update) -> None:
        if self._intake is None:
            raise TimeoutError("the bot has just been started")
        await self._intake.take(update)

    async def _receive(self, intake: UpdateIntake) -> None:
        """By webhook or by polling. What waits at Telegram is kept when one follows the other."""
        if self._webhook is None:
            await self._insist(self._bot.delete_webhook)
            await Poller(self._bot, intake.take, self._first_wait).run()
        else:
            await self._insist(
                partial(
                    self._bot.set_webhook,
                    self._webhook.url,
                    secret_token=self._webhook.secret,
                    allowed_updates=ALLOWED,
                )
            )
            await asyncio.Event().wait()

    async def _offer_commands(self, asks_consent: bool) -> None:
        """The menu of commands in every language of the voice; the bot works without it."""
        default = self._voice.wording(None)
        offered = [name for name in COMMANDS if asks_consent or name != "consent"]
        menus = {None: default.menu} | {code: wording.menu for code, wording in self._voice.wordings.items()}
        try:
            for code, menu in menus.items():
                await self._bot.set_my_commands(
                    [BotCommand(name, menu[name]) for name in offered], language_code=code
                )
        except TelegramError as error:
            log.warning("menu_not_set", reason=explained(error))

    async def _insist(self, call: Callable[[], Awaitable[object]]) -> None:
        """Until it succeeds: a bot that is started while Telegram is away comes up when Telegram does."""
        wait = self._first_wait
        while True:
            try:
                await call()
                return
            except TelegramError as error:
                log.warning("telegram_unavailable", reason=explained(error), again_in=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
