"""The top package: the public `Bot`, settings, channels, HTTP, the command line, and the wiring of all parts.

`groundtalk` gives these names too, and works in a script that is itself called `bot.py`.

```python
from bot import Bot

async with Bot.open(documents="handbook") as bot:
    answer = await bot.ask("visitor-1", "How long is the warranty?")
    print(answer.text, answer.citations)
```
"""

from typing import TYPE_CHECKING

from retrieval.exports import lazy_exports

if TYPE_CHECKING:
    from bot.application import Bot as Bot
    from bot.assembly import Runtime as Runtime
    from bot.assembly import open_runtime as open_runtime
    from bot.channels.base import Channel as Channel
    from bot.channels.base import DirectChannel as DirectChannel
    from bot.errors import BotError as BotError
    from bot.errors import HumanInCharge as HumanInCharge
    from bot.http.app import build_app as build_app
    from bot.models.provided import ProvidedModels as ProvidedModels
    from bot.settings import Settings as Settings
    from bot.settings import load_settings as load_settings
    from bot.voice import load_voice as load_voice

PUBLIC = {
    "bot.application": ["Bot"],
    "bot.assembly": ["Runtime", "open_runtime"],
    "bot.channels.base": ["Channel", "DirectChannel"],
    "bot.errors": ["BotError", "HumanInCharge"],
    "bot.http.app": ["build_app"],
    "bot.models.provided": ["ProvidedModels"],
    "bot.settings": ["Settings", "load_settings"],
    "bot.voice": ["load_voice"],
}

__all__ = [*sorted(name for names in PUBLIC.values() for name in names)]

if not TYPE_CHECKING:
    __getattr__ = lazy_exports(__name__, PUBLIC)
