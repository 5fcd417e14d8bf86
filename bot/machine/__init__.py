"""The machine that the bot runs on: what it has, and how fast it runs the models. Knows no settings."""
