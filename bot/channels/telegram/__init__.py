"""Telegram as a channel: `TelegramChannel`, `connect` for the bot it speaks through, and its `Webhook`."""

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.intake import MessageLimits
from bot.channels.telegram.receiving import Webhook
from bot.channels.telegram.sending import connect

__all__ = ["MessageLimits", "TelegramChannel", "Webhook", "connect"]
