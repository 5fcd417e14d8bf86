"""The websocket channel: protocol 1, for the web chat and any other client (`docs/websocket.md`)."""
