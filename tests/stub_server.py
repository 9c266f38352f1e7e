"""A server in OpenAI's manner on a real socket, which says what a test tells it to, faults and all.

Loaded by `run_path`, as `tests/tiny_model.py` is.
"""

import asyncio
import json
import random
import threading

from aiohttp import web


def completion(content, finish="stop", **message):
    """A whole reply with an answer."""
    return {
        "choices": [{"message": {"content": content, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7},
    }


def identified(reply):
    """The same with what OpenAI's own replies have besides, without which Inspect AI does not read them."""
    usage = reply["usage"]
    total = usage["prompt_tokens"] + usage["completion_tokens"]
    return {"id": "1", "model": "served", **reply, "usage": {**usage, "total_tokens": total}}


def fault(status, body="", **headers):
    """A reply with a status, a body (text, or what becomes JSON) and headers."""
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda: web.Response(status=status, text=text, headers=headers)


CUT, SLOW = object(), object()
"""Cuts the connection in the middle of the reply; never replies."""
DONE = "[DONE]"


class Stream:
    """A streamed reply. events: each JSON, text or, as they stand, bytes. cut: whether the connection is cut
    after them. kind: its content type. It is written in small pieces, which end anywhere.
    """

    def __init__(self, *events, cut=False, kind="text/event-stream"):
        self.content = b"".join(event if isinstance(event, bytes) else _event(event) for event in events)
        self.cut, self.kind = cut, kind

    async def reply(self, request):
        response = web.StreamResponse(headers={"Content-Type": self.kind})
        response.enable_chunked_encoding()
        await response.prepare(request)
        size = max(7, len(self.content) // 40)
        for start in range(0, len(self.content), size):
            await response.write(self.content[start : start + size])
            await asyncio.sleep(0)
        if self.cut:
            request.transport.close()
        else:
            await response.write_eof()
        return response


def _event(event):
    return f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()


def chunk(delta, finish=None, **beside):
    """One chunk of a streamed answer."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **beside}


def chunks(reply):
    """A whole reply as a server streams it: role, pieces, finish reason, usage."""
    choice = reply["choices"][0]
    beside = {name: value for name, value in reply.items() if name not in ("choices", "usage")}
    deltas = [{"role": "assistant"}]
    for name, text in choice["message"].items():
        size = max(3, len(text or "") // 8)
        pieces = [text[start : start + size] for start in range(0, len(text or ""), size)] or [text]
        deltas += [{name: piece} for piece in pieces]
    events = [chunk(delta, **beside) for delta in deltas] + [chunk({}, choice["finish_reason"], **beside)]
    return [*events, {"choices": [], "usage": reply.get("usage"), **beside}]


class Faulty:
    """Says the same to a question each time, but fails three sendings of ten in some way, and blocks one
    question of twenty. truth: by question, the delivery and the text that a settled attempt must have.
    """

    FAULTS = (
        fault(429, {"error": {"message": "slow down"}}, **{"Retry-After": "0"}),
        fault(500, "<html>oh no</html>"),
        fault(503),
        fault(200, "<!doctype html><title>Sign in</title>"),
        fault(200, '{"choices": [{"mess'),
        {"error": {"code": 502, "message": "upstream"}},
        CUT,
        SLOW,
    )
    BREAKS = (
        Stream(chunk({"content": "I cannot"})),
        Stream(chunk({"content": "I cannot"}), cut=True),
        Stream(
            chunk({"content": "I"}), 'data: {"choices": [{"delta": {"content": "天'.encode()[:-1], cut=True
        ),
        Stream(chunk({"content": "I cannot"}), "{garbage"),
        Stream(chunk({"content": "I cannot"}), {"error": {"code": 503, "message": "overloaded"}}),
    )
    REFUSALS = (
        "I cannot talk about that.",
        "Sorry, that's beyond my current scope. Let's talk about something else.",
        "这个问题我无法回答。",
    )

    def __init__(self, questions, seed):
        self._random = random.Random(seed)
        self._replies, self.truth = {}, {}
        for question in questions:
            self._replies[question], *self.truth[question] = self._settled(question)

    def __call__(self, _number, body):
        if self._random.random() < 0.3:
            return self._random.choice(self.FAULTS + self.BREAKS * bool(body.get("stream")))
        return self._replies[body["messages"][-1]["content"]]

    def _settled(self, question):
        kind = self._random.random()
        if kind < 0.02:
            return completion("It ra", "content_filter"), "blocked_output", "It ra"
        if kind < 0.03:
            none = {"usage": {"prompt_tokens": 11, "completion_tokens": 0}}
            return completion("", "content_filter") | none, "blocked_input", ""
        if kind < 0.05:
            told = {
                "code": "data_inspection_failed",
                "message": "Input data may contain inappropriate content.",
            }
            return fault(400, {"error": told}), "blocked_input", ""
        text = self._random.choice(self.REFUSALS) if kind < 0.2 else f"It rained. 天气很好。{question}"
        return completion(text), "delivered", text


class StubServer:
    """says: called with the number of the request (from 0) and its body; returns the text of an answer, a
    whole reply, what `fault` makes, a Stream, CUT or SLOW. An answer is streamed where that is asked for.
    lists: what GET models returns, as `says` does; None for a server that has no such list.
    Keeps the bodies, paths, headers and times of what was asked.
    """

    def __init__(self, says, pause=0.0, lists=None):
        self.says, self.pause, self.lists = says, pause, lists
        self.paths = []
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
        app.router.add_post("/{path:.*}", self._reply)
        app.router.add_get("/v1/models", self._list)
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
        self.paths.append(request.path)
        self.headers.append(dict(request.headers))
        self.times.append(self._loop.time())
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(self.pause)
            return await self._said(self.says(number, body), request, body)
        finally:
            self.busy -= 1

    async def _list(self, request):
        self.headers.append(dict(request.headers))
        if self.lists is None:
            raise web.HTTPNotFound
        return await self._said(self.lists, request, {})

    async def _said(self, said, request, body):
        if said is SLOW:
            await self._over.wait()
            raise web.HTTPServiceUnavailable
        if said is CUT:
            half = web.StreamResponse(headers={"Content-Length": "1000"})
            await half.prepare(request)
            await half.write(b'{"choices": [{"message": {"content": "\xe5\xa4')
            request.transport.close()
            return half
        if isinstance(said, str):
            said = completion(said)
        if body.get("stream") and isinstance(said, dict) and isinstance(said.get("choices"), list):
            said = Stream(*chunks(said), DONE) if said["choices"] else Stream(said, DONE)
        if isinstance(said, Stream):
            return await said.reply(request)
        return web.json_response(said) if isinstance(said, dict) else said()
