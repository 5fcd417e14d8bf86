"""A bot in a process of its own, to be killed: `python -m ...telegram.bot_process BASE_URL STORE_URL`."""

import asyncio
import sys

from tests.bot.channels.telegram.deployed_channel import FakeStep, deployed


async def main(base_url: str, store_url: str) -> None:
    async with deployed(base_url, store_url, FakeStep(pause=0.02)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
