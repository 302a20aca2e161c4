"""A mirror on this machine, and archives to serve from it."""

import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


class Mirror(HTTPServer):
    """Serves `routes`: path -> body and, optionally, status, etag, cut (bytes sent at most), before (a hook),
    sized (whether the length is sent) and careful (whether a range is sent only of the requested version)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes, self.requests = {}, []

    def add(self, path, body, **options):
        self.routes[path] = {
            "body": body,
            "status": 200,
            "etag": None,
            "cut": None,
            "before": bool,
            "sized": True,
            "careful": True,
        }
        self.routes[path].update(options)
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        route, wanted = self.server.routes[self.path], self.headers.get("Range")
        resumed = wanted and (not route["careful"] or self.headers.get("If-Range") == route["etag"])
        start = int(wanted[6:-1]) if resumed else 0
        self.server.requests.append((wanted, start))
        route["before"]()
        self.send_response(206 if resumed else route["status"])
        if route["sized"]:
            self.send_header("Content-Length", str(len(route["body"]) - start))
        if resumed:
            self.send_header("Content-Range", f"bytes {start}-{len(route['body']) - 1}/{len(route['body'])}")
        if route["etag"]:
            self.send_header("ETag", route["etag"])
        self.end_headers()
        self.wfile.write(route["body"][start : route["cut"]])

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def zipped(members, link=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == link else 0o100644) << 16
            bundle.writestr(info, data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def tarred(members, link=None):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as bundle:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name == link:
                info.type, info.size, info.linkname = tarfile.SYMTYPE, 0, "/etc/passwd"
            bundle.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.fixture(params=["zip", "tar.gz"])
def pack(request):
    """Makes an archive, as bytes, of members by name; the member called `link` is a symbolic link."""
    return zipped if request.param == "zip" else tarred
