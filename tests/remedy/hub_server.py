"""The few endpoints of the Hub that an upload needs, on a real socket, over its older protocol for large files.

Loaded by `run_path`, as `tests/tiny_model.py` is.
"""

import asyncio
import base64
import hashlib
import json
import threading

from aiohttp import web

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Repositories by name: `private` and `files`. seen: every request's method, path and authorization.

    failing: by path's end, what is answered instead: a status and a text, in which TOKEN stands for the token
    that came.
    """

    def __init__(self):
        self.repositories, self.blobs, self.seen, self.failing = {}, {}, [], {}
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, started):
        asyncio.set_event_loop(self._loop)
        app = web.Application(middlewares=[self._watch], client_max_size=1 << 26)
        name = "/{org}/{repo}"
        app.router.add_post("/api/repos/create", self._create)
        app.router.add_post("/api/validate-yaml", self._yaml)
        app.router.add_get("/api/models" + name, self._info)
        app.router.add_get("/api/models" + name + "/revision/{revision}", self._info)
        app.router.add_post("/api/models" + name + "/preupload/main", self._modes)
        app.router.add_post(name + ".git/info/lfs/objects/batch", self._batch)
        app.router.add_put("/blobs/{oid}", self._blob)
        app.router.add_post("/api/models" + name + "/commit/main", self._commit)
        runner = web.AppRunner(app)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    @web.middleware
    async def _watch(self, request, handler):
        told = request.headers.get("Authorization")
        self.seen.append((request.method, request.path, told))
        for end, (status, text) in self.failing.items():
            if request.path.endswith(end):
                said = text.replace("TOKEN", (told or "").removeprefix("Bearer "))
                return web.json_response({"error": said}, status=status)
        return await handler(request)

    async def _create(self, request):
        asked = await request.json()
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.repositories:
            return web.json_response({"error": "You have it", "url": f"{self.url}/{name}"}, status=409)
        private = asked.get("visibility") == "private" or asked.get("private", False)
        self.repositories[name] = {"private": private, "files": {".gitattributes": b""}}
        return web.json_response({"url": f"{self.url}/{name}", "name": name})

    async def _info(self, request):
        name = _name(request)
        if name not in self.repositories:
            return web.json_response(
                {"error": "Repository not found"}, status=404, headers={"X-Error-Code": "RepoNotFound"}
            )
        held = self.repositories[name]
        files = [{"rfilename": file} for file in held["files"]]
        return web.json_response(
            {"id": name, "sha": COMMIT, "private": held["private"], "siblings": files, "tags": []}
        )

    async def _yaml(self, request):
        return web.json_response({"errors": [], "warnings": []})

    async def _modes(self, request):
        asked = await request.json()
        return web.json_response(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                        "shouldIgnore": False,
                        "oid": None,
                    }
                    for file in asked["files"]
                ]
            }
        )

    async def _batch(self, request):
        asked = await request.json()
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.url}/blobs/{one['oid']}", "header": {}}}}
            for one in asked["objects"]
        ]
        return web.json_response({"transfer": "basic", "objects": objects})

    async def _blob(self, request):
        content = await request.read()
        self.blobs[hashlib.sha256(content).hexdigest()] = content
        return web.Response()

    async def _commit(self, request):
        held = self.repositories[_name(request)]["files"]
        for line in (await request.text()).splitlines():
            told = json.loads(line)
            if told["key"] == "file":
                held[told["value"]["path"]] = base64.b64decode(told["value"]["content"])
            elif told["key"] == "lfsFile":
                held[told["value"]["path"]] = self.blobs[told["value"]["oid"]]
        url = f"{self.url}/{_name(request)}/commit/{COMMIT}"
        return web.json_response({"success": True, "commitOid": COMMIT, "commitUrl": url})


def _name(request):
    return f"{request.match_info['org']}/{request.match_info['repo']}"
