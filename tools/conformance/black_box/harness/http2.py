"""As much of HTTP/2 as one request needs: frames, and headers written out in full. Answers' headers are not read."""

import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACKNOWLEDGED = 1, 4, 1


def number(value, bits):
    """An HPACK integer behind a prefix of zeros."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    out, value = [most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def literal(name, value):
    """A header that no table remembers."""
    name, value = name.encode(), value.encode()
    return b"\0" + number(len(name), 7) + name + number(len(value), 7) + value


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Http2:
    """A connection over TLS. Requests go one after the other."""

    def __init__(self, port, context):
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.connection = context.wrap_socket(plain, server_hostname="localhost")
        assert self.connection.selected_alpn_protocol() == "h2"
        self.stream = -1
        self.connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))

    def request(self, authority, headers, body):
        """The body of the answer to a POST; `None` when the stream was reset."""
        self.stream += 2
        block = b"".join(
            literal(name, value)
            for name, value in (
                (":method", "POST"),
                (":scheme", "https"),
                (":path", "/"),
                (":authority", authority),
                *headers.items(),
            )
        )
        self.connection.sendall(
            frame(HEADERS, END_HEADERS, self.stream, block) + frame(DATA, END_STREAM, self.stream, body)
        )
        got = b""
        while True:
            head = self._exactly(9)
            length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
            stream, payload = int.from_bytes(head[5:]) & 0x7FFF_FFFF, self._exactly(length)
            if kind == SETTINGS and not flags & ACKNOWLEDGED:
                self.connection.sendall(frame(SETTINGS, ACKNOWLEDGED, 0, b""))
            assert kind != GOAWAY, payload
            if stream != self.stream:
                continue
            if kind == RESET:
                return None
            got += payload if kind == DATA else b""
            if flags & END_STREAM and kind in (DATA, HEADERS):
                return got

    def _exactly(self, count):
        got = b""
        while len(got) < count:
            piece = self.connection.recv(count - len(got))
            assert piece, "the connection was closed"
            got += piece
        return got

    def close(self):
        try:
            self.connection.unwrap()
        except (OSError, ssl.SSLError):
            pass
        self.connection.close()
