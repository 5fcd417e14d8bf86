"""Conversations and their turns: history, rewriting, grounding, text engines, and the store that never forgets one."""
