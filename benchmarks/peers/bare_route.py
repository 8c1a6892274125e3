"""Quart with nothing in it, served as DriftSentry is: python -m benchmarks.peers.bare_route PORT"""

import asyncio
import sys

import uvloop
from hypercorn.asyncio import serve
from quart import Quart, Response

from driftsentry.serve import hypercorn_config
from tests.site import settings

app = Quart(__name__, static_folder=None)


@app.get("/")
async def index() -> Response:
    return Response("")


@app.before_serving
async def ready() -> None:
    print("ready", flush=True)


def main() -> None:
    config = hypercorn_config(settings("sqlite:///unused.db", DRIFTSENTRY_PORT=sys.argv[1]))
    uvloop.run(serve(app, config, shutdown_trigger=asyncio.Event().wait))


if __name__ == "__main__":
    main()
