"""Procrastinate's worker on the same PostgreSQL. The address comes from the environment."""

import os

from procrastinate import App, PsycopgConnector

HOST, DATABASE = os.environ["PEER_POSTGRES_HOST"], os.environ["PEER_POSTGRES_DATABASE"]
app = App(connector=PsycopgConnector(conninfo=f"host={HOST} dbname={DATABASE} user=postgres"))
QUEUE = "peer"


@app.task(queue=QUEUE, name="nothing")
async def nothing(number: int) -> None:
    """The no-op of Procrastinate."""
