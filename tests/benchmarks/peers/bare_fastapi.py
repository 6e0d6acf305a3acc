"""A bare FastAPI endpoint: a pydantic body, one asyncpg insert, one LPUSH. Addresses come from the environment."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from uuid import uuid4

import asyncpg
import orjson
from fastapi import FastAPI, Request
from pydantic import BaseModel
from redis.asyncio import Redis

QUEUE = "peer.fastapi"


class Body(BaseModel):
    type: str
    params: dict[str, object]
    priority: Literal["low", "normal", "high"] = "normal"


class Answer(Body):
    id: str
    status: str


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    host, name = os.environ["PEER_POSTGRES_HOST"], os.environ["PEER_POSTGRES_DATABASE"]
    async with (
        asyncpg.create_pool(host=host, database=name, user="postgres", min_size=10, max_size=10) as pool,
        Redis.from_url(os.environ["REDIS_URL"]) as valkey,
    ):
        app.state.pool, app.state.valkey = pool, valkey
        yield


app = FastAPI(lifespan=connected)

INSERT = """
INSERT INTO benchmarks_barejob (id, type, params, priority, status, created_at)
VALUES ($1, $2, $3, $4, 'queued', now())
"""


@app.post("/peer/jobs", status_code=201)
async def create(body: Body, request: Request) -> Answer:
    job_id = uuid4()
    state = request.app.state
    await state.pool.execute(INSERT, job_id, body.type, orjson.dumps(body.params).decode(), body.priority)
    await state.valkey.lpush(QUEUE, str(job_id))
    return Answer(id=str(job_id), status="queued", **body.model_dump())


@app.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "alive"}
