"""Who listens: streams and waits in a process of their own, which says what they were told.

`python -m tests.benchmarks.peers.audience PORT FILE`: the first line of FILE is JSON, `{"streams": [headers, …],
"waits": [[headers, job_id], …]}`. It adds "ready" once all are open, and after SIGTERM
`{"events", "waits", "errors"}`.
"""

import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import orjson
import uvloop

WAIT_SECONDS = 20
MARK = b"\ndata:"


class Audience:
    def __init__(self, port: int) -> None:
        self.port = port
        self.open, self.events, self.waits = 0, 0, 0
        self.errors: list[str] = []

    async def follow(self, headers: Mapping[str, str]) -> None:
        """A stream of a tenant, as long as it lasts."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        writer.write(_request("/api/ai-jobs/events", {**headers, "Accept": "text/event-stream"}))
        self._require(await reader.readline(), b"200")
        self.open += 1
        # In as few steps as can be: what listening costs is to be measured, and not what this takes.
        last = b""
        while read := await reader.read(2**16):
            read = last + read
            self.events += read.count(MARK)
            last = read[1 - len(MARK) :]
        self.errors.append("a stream was closed")

    async def wait(self, headers: Mapping[str, str], job_id: str) -> None:
        """For a job that does not end, again and again."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.open += 1
        while True:
            writer.write(_request(f"/api/ai-jobs/{job_id}/wait?timeout={WAIT_SECONDS}", headers))
            head = await reader.readuntil(b"\r\n\r\n")
            self._require(head, b"200")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            self.waits += 1

    def _require(self, head: bytes, status: bytes) -> None:
        if head.split(b" ")[1:2] != [status]:
            self.errors.append(head.decode(errors="replace").partition("\r\n")[0])


def _request(path: str, headers: Mapping[str, str]) -> bytes:
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode()


async def listen(port: int, file: Path) -> None:
    wanted = orjson.loads(file.read_text())
    audience = Audience(port)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    tasks = [asyncio.create_task(audience.follow(headers)) for headers in wanted["streams"]]
    tasks += [asyncio.create_task(audience.wait(headers, job_id)) for headers, job_id in wanted["waits"]]
    while audience.open < len(tasks):
        await asyncio.sleep(0.05)
    with file.open("a") as output:
        print("\nready", file=output, flush=True)
        await ended.wait()
        broken = [repr(task.exception()) for task in tasks if task.done() and task.exception()]
        told = {"events": audience.events, "waits": audience.waits, "errors": audience.errors + broken}
        print(orjson.dumps(told).decode(), file=output, flush=True)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            await task


if __name__ == "__main__":
    uvloop.run(listen(int(sys.argv[1]), Path(sys.argv[2])))
