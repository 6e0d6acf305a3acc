"""An endpoint that takes everything, and writes down how long after it happened each event arrived.

It keeps connections, as servers do.

`python -m tests.benchmarks.peers.receiver PORT FILE`
"""

import asyncio
import sys
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

import orjson
import uvloop

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


async def serve(port: int, file: TextIO) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                event = orjson.loads(await reader.readexactly(length))
                file.write(f"{time.time() - datetime.fromisoformat(event['at']).timestamp():.4f}\n")
                file.flush()
                writer.write(ANSWER)

    server = await asyncio.start_server(take, "127.0.0.1", port, backlog=1_024)
    await server.serve_forever()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("a") as file:
        uvloop.run(serve(int(sys.argv[1]), file))
