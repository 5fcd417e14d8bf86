"""The web chat: one page without a build step or a third-party script, and what it reads over HTTP."""
