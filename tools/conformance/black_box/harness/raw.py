"""HTTP as bytes: one request, one answer, nothing repeated and nothing repaired. For what no SDK would send."""

import base64
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from harness.signing import Signer

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
PATIENCE = 30


@dataclass
class Answer:
    """Status, headers (lower case) and body."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    def code(self):
        """The error's name, without a name space before it."""
        return self.json()["__type"].rsplit("#", 1)[-1]

    def message(self):
        """The error's text; `None` when the member isn't there at all."""
        told = self.json()
        return told.get("message", told.get("Message"))


def plain(value):
    """Bytes as AWS JSON carries them."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


class Raw:
    """Requests to one address, each on a connection of its own unless `keep` is set."""

    def __init__(self, url, keep=False, context=None):
        parts = urlsplit(url)
        self.host, self.port, self.secure = parts.hostname, parts.port, parts.scheme == "https"
        self.authority = parts.netloc
        self.keep, self.context, self.kept = keep, context, None

    def connection(self):
        if self.kept is not None:
            return self.kept
        if self.secure:
            made = http.client.HTTPSConnection(
                self.host, self.port, timeout=PATIENCE, context=self.context or ssl.create_default_context()
            )
        else:
            made = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        if self.keep:
            self.kept = made
        return made

    def close(self):
        if self.kept is not None:
            self.kept.close()
            self.kept = None

    def send(self, method, path, headers, body, query=()):
        """Sends exactly this."""
        connection = self.connection()
        target = path + (
            "?" + "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in query) if query else ""
        )
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                for one in value if isinstance(value, list) else [value]:
                    connection.putheader(name, one)
            if "content-length" not in headers and "transfer-encoding" not in headers:
                connection.putheader("content-length", str(len(body)))
            try:
                connection.endheaders(body)
            except (BrokenPipeError, ConnectionResetError):
                # Without a socket it never connected. Else the server may have answered before it had read everything, and
                # closed: then its answer is still there to be read.
                if connection.sock is None:
                    raise
            answer = connection.getresponse()
            return Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read())
        except BaseException:
            connection.close()
            self.kept = None
            raise
        finally:
            if not self.keep:
                connection.close()

    def call(self, target, body, signer=None, headers=None, method="POST", path="/"):
        """One AWS JSON call. `body` is what is sent: bytes as they are, anything else as JSON."""
        body = body if isinstance(body, bytes) else json.dumps(plain(body)).encode()
        sent = {"host": self.authority, "content-type": JSON}
        if target is not None:
            sent["x-amz-target"] = target
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        signer = Signer() if signer is None else signer
        if signer:
            sent = signer.headers(method, self.authority, path, sent, body)
        return self.send(method, path, sent, body)

    def kms(self, operation, body, signer=None, **more):
        return self.call(f"TrentService.{operation}", body, signer, **more)

    def sts(self, body=b"Action=GetCallerIdentity&Version=2011-06-15", signer=None, **more):
        signer = Signer(service="sts") if signer is None else signer
        return self.call(None, body, signer, headers={"content-type": FORM, **more.pop("headers", {})}, **more)

    def socket(self, seconds=PATIENCE):
        """A bare connection."""
        return socket.create_connection((self.host, self.port), timeout=seconds)


def read_answer(connection):
    """The answer on a bare connection; `None` when it was closed without one."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
        return Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read())
    except (http.client.HTTPException, ConnectionError):
        return None
    finally:
        answer.close()
