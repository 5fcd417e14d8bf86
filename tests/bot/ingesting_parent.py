"""Begins an ingest in a child process, prints the child's id once it reads, and waits to be killed: `SETTINGS`."""

import asyncio
import json
import sys
from pathlib import Path

from bot.ingest_child import IngestJob
from bot.ingest_process import IngestProcess
from bot.ingest_status import IngestMonitor
from bot.settings import Settings
from retrieval.encoders.names import MULTILINGUAL


async def main(settings: Settings) -> None:
    process = IngestProcess(monitor := IngestMonitor())
    told = False

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal told
        if not told:
            told = True
            sys.stdout.write(f"{process.pid}\n")
            sys.stdout.flush()

    monitor.forward = tell
    await process.begin(IngestJob(settings), settings.data_dir)
    await asyncio.sleep(60)


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    asyncio.run(main(Settings(_env_file=None, encoder=MULTILINGUAL, **given)))
