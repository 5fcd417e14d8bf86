"""Models: their weights by name, where these come from, how they are loaded, and which of them are active."""
