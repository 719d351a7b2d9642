"""One server in a process of its own: says its port, and serves until its standard input ends.

python -m benchmarks.server ORDER
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from benchmarks import bare, by_hand, real, teams_bots
from benchmarks.orders import Order
from bot import logs


@asynccontextmanager
async def serving(order: Order) -> AsyncIterator[int]:
    """The port on which the subject of this order listens."""
    match order.subject:
        case "real":
            async with real.serving(order) as port:
                yield port
        case "teams":
            async with real.on_teams(order) as port:
                yield port
        case "teams, as shipped":
            async with _on_loopback(teams_bots.shipped(order)) as port:
                yield port
        case "teams, checking":
            async with _on_loopback(teams_bots.checking(order)) as port:
                yield port
        case "by hand":
            async with by_hand.application(order) as app, _on_loopback(app) as port:
                yield port
        case "acknowledging":
            async with _on_loopback(bare.acknowledging(order)) as port:
                yield port
        case _:
            raise ValueError(order.subject)


@asynccontextmanager
async def _on_loopback(app: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def main() -> None:
    async with serving(Order.read(sys.argv[1])) as port:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)  # ends with the process that started us, however that ends


if __name__ == "__main__":
    logs.configure("json")
    asyncio.run(main())
