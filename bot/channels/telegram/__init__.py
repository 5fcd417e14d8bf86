"""Telegram as a channel: `TelegramChannel`, `connect` for the bot it speaks through, and its `Webhook`."""

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.intake import Allowance
from bot.channels.telegram.posting import connect
from bot.channels.telegram.webhook import Webhook

__all__ = ["Allowance", "TelegramChannel", "Webhook", "connect"]
