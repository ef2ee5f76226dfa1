"""The stream through Python's websockets: stream_client.py contact|resume|wait URL. What went well ends with code 0."""
import asyncio
import json
import sys

import websockets

TRADES = "trades:kraken:btc/usd"


class Peer:
    def __init__(self, socket):
        self.socket = socket

    async def next(self, wanted):
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            if wanted(message):
                return message

    async def push(self, channel, kind):
        return await self.next(lambda m: m.get("channel") == channel and m.get("type") == kind)

    async def ask(self, method, **params):
        request = {"id": method, "method": method}
        if params:
            request["params"] = params
        await self.socket.send(json.dumps(request))
        return await self.next(lambda m: m.get("id") == method)


async def opened(url):
    peer = Peer(await websockets.connect(url))
    hello = await peer.next(lambda m: True)
    assert hello["type"] == "hello" and hello["protocol"] == 1, hello
    return peer


async def contact(url):
    peer = await opened(url)
    names = [extension.name for extension in peer.socket.extensions]
    assert names == ["permessage-deflate"], names
    answer = await peer.ask("subscribe", channels=["price:btc/usd", "ticker:*"])
    assert [r["result"]["channel"] for r in answer["results"]] == ["price:btc/usd", "ticker:*"], answer
    price = await peer.push("price:btc/usd", "snapshot")
    assert price["data"]["price"] > 0 and price["data"]["state"] == "live", price
    tickers = await peer.push("ticker:*", "snapshot")
    assert len(tickers["data"]) > 10, tickers
    update = await peer.push("price:btc/usd", "update")
    assert update["seq"] > price["seq"] and update["epoch"] == price["epoch"], (price, update)
    assert (await peer.ask("ping"))["result"]["time"]
    pong = await peer.socket.ping()
    await asyncio.wait_for(pong, 10)
    await peer.socket.close()
    assert peer.socket.close_code == 1000, peer.socket.close_code


async def resume(url):
    peer = await opened(url)
    await peer.ask("subscribe", channels=[TRADES])
    first = await peer.push(TRADES, "update")
    await peer.push(TRADES, "update")
    peer.socket.transport.abort()
    peer = await opened(url)
    place = {"epoch": first["epoch"], "seq": first["seq"]}
    answer = await peer.ask("subscribe", channels=[TRADES], since={TRADES: place})
    assert answer["results"][0]["result"]["recovered"] is True, answer
    for seq in range(first["seq"] + 1, first["seq"] + 6):
        message = await peer.next(lambda m: m.get("channel") == TRADES)
        assert (message["type"], message["seq"]) == ("update", seq), (message, seq)
    await peer.socket.close()


async def wait(url):
    """Says when it is there, and with what it was closed."""
    peer = await opened(url)
    print("open", flush=True)
    await asyncio.wait_for(peer.socket.wait_closed(), 60)
    print("closed", peer.socket.close_code, peer.socket.close_reason, flush=True)


asyncio.run({"contact": contact, "resume": resume, "wait": wait}[sys.argv[1]](sys.argv[2]))
