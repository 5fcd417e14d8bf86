"""A lock across all processes and replicas that share a database: a row says who holds it.

The lease is renewed while its block runs and expires soon after its holder dies.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import uuid4

from sqlalchemy import Connection, delete, update

from dialogue.lease import renewed
from dialogue.store.database import Database, now
from finetune import schema
from finetune.errors import LeaseLost

LEASE_TABLE = schema.lease
LEASE_SECONDS = 120.0
"""How long a lease outlives its holder."""


@asynccontextmanager
async def hold_lease(database: Database, name: str, seconds: float = LEASE_SECONDS) -> AsyncIterator[bool]:
    """True if the lease is ours until the end of the block; False if another process holds it.

    If the lease is lost, because this process stood still, the block is cancelled and LeaseLost is raised. Raises
    StoreUnavailable.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    if not await _take(database, name, owner, seconds):
        yield False
        return
    try:
        async with renewed(partial(_renew, database, name, owner, seconds), seconds, lease=name):
            yield True
    finally:
        mine = delete(LEASE_TABLE).where(LEASE_TABLE.c.name == name, LEASE_TABLE.c.owner == owner)
        await database.write(lambda c: c.execute(mine).rowcount)


async def _take(database: Database, name: str, owner: str, seconds: float) -> bool:
    def take(connection: Connection) -> bool:
        moment = now()
        row = {"name": name, "owner": owner, "until": moment + timedelta(seconds=seconds)}
        taking = database.insert(LEASE_TABLE).values(row)
        taking = taking.on_conflict_do_update(
            index_elements=[LEASE_TABLE.c.name], set_=row, where=LEASE_TABLE.c.until <= moment
        )
        return connection.execute(taking.returning(LEASE_TABLE.c.name)).first() is not None

    return await database.write(take)


async def _renew(database: Database, name: str, owner: str, seconds: float) -> None:
    """Raises LeaseLost if it is held by another by now."""
    until = now() + timedelta(seconds=seconds)
    renewal = (
        update(LEASE_TABLE)
        .where(LEASE_TABLE.c.name == name, LEASE_TABLE.c.owner == owner)
        .values(until=until)
    )
    if not await database.write(lambda c: c.execute(renewal).rowcount, durable=False):
        raise LeaseLost(name)
