"""A server in OpenAI's manner on a real socket, which says what a test tells it to, faults and all.

Loaded by `run_path`, as `tests/tiny_model.py` is.
"""

import asyncio
import json
import threading

from aiohttp import web


def completion(content, finish="stop", **message):
    """A whole reply with an answer."""
    return {
        "choices": [{"message": {"content": content, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7},
    }


def fault(status, body="", **headers):
    """A reply with a status, a body (text, or what becomes JSON) and headers."""
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda: web.Response(status=status, text=text, headers=headers)


CUT, SLOW = object(), object()
"""Cuts the connection in the middle of the reply; never replies."""


class StubServer:
    """says: called with the number of the request (from 0) and its body; returns the text of an answer, a
    whole reply, what `fault` makes, CUT or SLOW. Keeps the bodies, headers and times of what was asked.
    """

    def __init__(self, says, pause=0.0):
        self.says, self.pause = says, pause
        self.bodies, self.headers, self.times = [], [], []
        self.busy = self.most = 0
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def prompts(self):
        return [body["messages"][-1]["content"] for body in self.bodies]

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._over = asyncio.Event()
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", self._reply)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()

    async def _reply(self, request):
        body = await request.json()
        number = len(self.bodies)
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.times.append(self._loop.time())
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(self.pause)
            return await self._said(self.says(number, body), request)
        finally:
            self.busy -= 1

    async def _said(self, said, request):
        if said is SLOW:
            await self._over.wait()
        if said is CUT:
            half = web.StreamResponse(headers={"Content-Length": "1000"})
            await half.prepare(request)
            await half.write(b'{"choices": [{"message": {"content": "\xe5\xa4')
            request.transport.close()
            return half
        if isinstance(said, str):
            said = completion(said)
        return web.json_response(said) if isinstance(said, dict) else said()
