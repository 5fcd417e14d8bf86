"""Channels: the media through which people talk to the bot."""
