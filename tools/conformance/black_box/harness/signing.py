"""Signature Version 4, written from its description and not from an SDK, so that it can also sign wrongly on purpose."""

import datetime
import hashlib
import hmac
from urllib.parse import quote


def stamp(offset_seconds=0):
    """The wall clock in the form of `X-Amz-Date`."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return now.strftime("%Y%m%dT%H%M%SZ")


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def canonical_request(method, path, query, headers, signed, body_hash):
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    lines = [method, quote(path, safe="/-_.~"), "&".join(f"{name}={value}" for name, value in pairs)]
    lines += [f"{name}:{' '.join(headers[name].split())}" for name in signed]
    return "\n".join([*lines, "", ";".join(signed), body_hash])


class Signer:
    """Credentials and a scope. Every part can be replaced by a wrong one."""

    def __init__(self, access_key="test", secret="test", region="us-east-1", service="kms", *, date=None, offset=0,
                 scope_date=None, terminator="aws4_request", unsigned=(), algorithm="AWS4-HMAC-SHA256", token=None):
        self.access_key, self.secret, self.region, self.service = access_key, secret, region, service
        self.date, self.offset, self.scope_date, self.terminator = date, offset, scope_date, terminator
        self.unsigned, self.algorithm, self.token = set(unsigned), algorithm, token

    def _signature(self, when, scope, canonical):
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = "\n".join(["AWS4-HMAC-SHA256", when, scope, digest])
        key = signing_key(self.secret, when[:8], self.region, self.service)
        return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()

    def headers(self, method, host, path, headers, body, query=()):
        """`headers` with a date and an `Authorization`."""
        when = self.date or stamp(self.offset)
        sent = {name.lower(): value for name, value in headers.items()}
        sent.setdefault("host", host)
        sent["x-amz-date"] = when
        if self.token:
            sent["x-amz-security-token"] = self.token
        signed = sorted(name for name in sent if name not in self.unsigned)
        scope = f"{self.scope_date or when[:8]}/{self.region}/{self.service}/{self.terminator}"
        body_hash = hashlib.sha256(body).hexdigest()
        canonical = canonical_request(method, path, list(query), sent, signed, body_hash)
        signature = self._signature(when, scope, canonical)
        sent["authorization"] = (f"{self.algorithm} Credential={self.access_key}/{scope}, "
                                 f"SignedHeaders={';'.join(signed)}, Signature={signature}")
        return sent

    def query(self, method, host, path, headers, body, query=(), expires=300):
        """The query of a presigned request; `headers` are signed too."""
        when = self.date or stamp(self.offset)
        sent = {name.lower(): value for name, value in headers.items()}
        sent.setdefault("host", host)
        signed = sorted(name for name in sent if name not in self.unsigned)
        scope = f"{self.scope_date or when[:8]}/{self.region}/{self.service}/{self.terminator}"
        pairs = list(query) + [
            ("X-Amz-Algorithm", self.algorithm), ("X-Amz-Credential", f"{self.access_key}/{scope}"),
            ("X-Amz-Date", when), ("X-Amz-Expires", str(expires)), ("X-Amz-SignedHeaders", ";".join(signed)),
        ]
        canonical = canonical_request(method, path, pairs, sent, signed, hashlib.sha256(body).hexdigest())
        pairs.append(("X-Amz-Signature", self._signature(when, scope, canonical)))
        return pairs
