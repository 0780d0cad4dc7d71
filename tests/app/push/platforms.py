"""Drata and Vanta as local servers that hold to what their published API says: paths, methods, bodies, required fields, status codes."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "key-4711"


@dataclass(frozen=True)
class Part:
    """One part of a multipart body."""

    file_name: str | None
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def parts(self) -> dict[str, Part]:
        """The multipart body by field name, read by the standard library's MIME parser."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        found: dict[str, Part] = {}
        for part in message_from_bytes(head + self.body).walk():
            if part.is_multipart():
                continue
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            assert isinstance(name, str) and isinstance(data, bytes)
            found[name] = Part(part.get_filename(), part.get_content_type(), data)
        return found


@dataclass(frozen=True)
class Answer:
    status: int
    json: object = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    raw: bytes = b""
    hang_up: bool = False


class Platform:
    """Answers in its own way, after whatever `first` holds, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.first: list[Answer] = []
        self.url = ""

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    @contextmanager
    def serving(self) -> Generator[str]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None: ...

            def take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, unquote(parts.path), parse_qs(parts.query), headers, body)
                platform.asked.append(asked)
                answer = platform.first.pop(0) if platform.first else platform.answer(asked)
                if answer.hang_up:
                    self.close_connection = True
                    return
                data = answer.raw or json.dumps(answer.json).encode()
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = take  # noqa: N815 - the names that the standard library calls

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self.url
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class LocalDrata(Platform):
    """Public API v2, the operations tagged Evidence, for workspace 11."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[int, str] = {}
        self.files: dict[str, bytes] = {}
        self.page_size = 2

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"statusCode": 401, "message": "Invalid Authorization", "code": 1})
        prefix = "/workspaces/11/"
        if not asked.path.startswith(prefix):
            return Answer(404, {"name": "NotFound", "statusCode": 404, "message": "Workspace not found", "code": 2})
        match asked.method, asked.path.removeprefix(prefix).split("/"):
            case "POST", ["evidence-files"]:
                return self._uploaded(asked)
            case "GET", ["evidence"]:
                return self._listed(asked)
            case "POST", ["evidence"]:
                return self._made(asked)
            case "PUT", ["evidence", number] if int(number) in self.items:
                return self._changed(int(number), asked)
            case _:
                return Answer(404, {"name": "NotFound", "statusCode": 404, "message": "Not Found", "code": 2})

    def _uploaded(self, asked: Asked) -> Answer:
        file = asked.parts["file"]
        key = f"11/evidence-library/{len(self.files)}/{file.file_name}"
        self.files[key] = file.data
        return Answer(201, {"fileKey": key, "originalFilename": file.file_name, "mimeType": file.media_type, "fileSize": len(file.data)})

    def _listed(self, asked: Asked) -> Answer:
        start = int(asked.query.get("cursor", ["0"])[0])
        found = [(number, name) for number, name in self.items.items() if name.startswith(asked.query["name"][0])]
        page = [{"id": number, "name": name, "status": "READY"} for number, name in found[start : start + self.page_size]]
        cursor = str(start + self.page_size) if start + self.page_size < len(found) else None
        return Answer(200, {"data": page, "pagination": {"cursor": cursor}})

    def _made(self, asked: Asked) -> Answer:
        said = asked.json
        missing = {"name", "artifacts"} - set(said)
        wrong = [
            one for one in said.get("artifacts", ()) if one["type"] != "S3_FILE" or one["fileKey"] not in self.files or "filedAt" not in one
        ]
        if missing or wrong or len(said["name"]) > 191:
            return Answer(400, {"name": "BadRequest", "statusCode": 400, "message": ["name should not be empty"], "code": 3})
        number = len(self.items) + 1
        self.items[number] = said["name"]
        return Answer(201, {"id": number, "name": said["name"], "artifactsRequested": 1, "artifactsCreated": 1})

    def _changed(self, number: int, asked: Asked) -> Answer:
        (new,) = asked.json["newArtifacts"]
        if new["artifactType"] != "S3_FILE" or new["fileKey"] not in self.files or "filedAt" not in new:
            return Answer(400, {"name": "BadRequest", "statusCode": 400, "message": "artifactType", "code": 3})
        return Answer(200, {"id": number, "name": self.items[number], "artifactsRequested": 1, "artifactsCreated": 1})


class LocalVanta(Platform):
    """OAuth token, upload to a document, submission of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.uploads: list[dict[str, Part]] = []
        self.submitted: list[str] = []

    def answer(self, asked: Asked) -> Answer:
        if (asked.method, asked.path) == ("POST", "/oauth/token"):
            return self._granted(asked)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"error": "Unauthorized"})
        match asked.method, asked.path.split("/"):
            case "POST", ["", "v1", "documents", "mail-report" | "mail report", "uploads"]:
                self.uploads.append(asked.parts)
                return Answer(201, {"id": f"upload-{len(self.uploads)}", "fileName": asked.parts["file"].file_name, "deletionDate": None})
            case "POST", ["", "v1", "documents", name, "submit"]:
                self.submitted.append(name)
                return Answer(200, {})
            case _:
                return Answer(404, {"error": "NotFound", "message": "Document not found"})

    def _granted(self, asked: Asked) -> Answer:
        said = asked.json
        sound = asked.headers["content-type"] == "application/json" and said["grant_type"] == "client_credentials"
        if (
            not sound
            or "vanta-api.documents:upload" not in said["scope"].split()
            or (said["client_id"], said["client_secret"]) != ("us", "s3cret")
        ):
            return Answer(401, {"error": "invalid_client", "message": f"bad secret {said['client_secret']}"})
        return Answer(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
