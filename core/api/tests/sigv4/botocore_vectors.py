"""Writes botocore_vectors.json: requests as botocore signs them, for the verifier to check.

    python3 -m venv env && env/bin/pip install botocore && env/bin/python botocore_vectors.py

The draws are seeded and the time is fixed, so another run with the same botocore writes the same file.
"""

import datetime
import json
import pathlib
import random
import unittest.mock
import urllib.parse

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session

MOMENT = datetime.datetime(2026, 9, 12, 6, 21, 24, tzinfo=datetime.timezone.utc)
STAMP = "20260912T062124Z"
KEY_ID, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE//Token+/=="
UNRESERVED = "ABCxyz019-._~"
WIRE_PATH = UNRESERVED + "!$&'()*+,;=:@"


def frozen():
    return unittest.mock.patch.object(botocore.auth, "get_current_datetime", lambda *a, **k: MOMENT.replace(tzinfo=None))


def vector(name, request, region, service):
    prepared = request.prepare() if hasattr(request, "prepare") else request
    url = urllib.parse.urlsplit(prepared.url)
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    headers = []
    # Preparing keeps only the last of several headers of one name; what was signed is in the request.
    for key, value in request.headers.items():
        if key.lower() in ("user-agent", "amz-sdk-invocation-id"):  # unsigned, and other at every run
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        headers.append([key.lower(), text])
    if not any(key == "host" for key, _ in headers):
        headers.append(["host", url.netloc])
    target = (url.path or "/") + ("?" + url.query if url.query else "")
    return {
        "name": name, "method": prepared.method, "target": target, "headers": headers, "body": body.decode(),
        "region": region, "service": service,
    }


def client_calls():
    """What the real clients put on the wire."""
    calls = [
        ("kms", "Encrypt", {"KeyId": "alias/a", "Plaintext": b"hello", "EncryptionContext": {"a": "b"}}),
        ("kms", "ListKeys", {}),
        ("kms", "Sign", {"KeyId": "k", "Message": b"m" * 100, "SigningAlgorithm": "RSASSA_PSS_SHA_256"}),
        ("sts", "GetCallerIdentity", {}),
    ]
    for service, operation, arguments in calls:
        for region in ("us-east-1", "eu-central-1"):
            for token in (None, TOKEN):
                session = botocore.session.Session()
                session.set_credentials(KEY_ID, SECRET, token)
                client = session.create_client(service, region_name=region, endpoint_url="http://localhost:4566")
                seen = []

                def stop(request, **_):
                    seen.append(vector(f"{service} {operation} {region} token={bool(token)}", request, region, service))
                    return botocore.awsrequest.AWSResponse(request.url, 200, {}, Raw())

                client.meta.events.register("before-send", stop)
                with frozen():
                    try:
                        client._make_api_call(operation, arguments)
                    except Exception:  # the empty answer doesn't parse; the request is what counts
                        pass
                yield seen[0]


class Raw:
    def stream(self, **_):
        yield b"{}"


def presigned_calls():
    for region in ("us-east-1", "ap-southeast-2"):
        for token in (None, TOKEN):
            session = botocore.session.Session()
            session.set_credentials(KEY_ID, SECRET, token)
            client = session.create_client("sts", region_name=region, endpoint_url="http://localhost:4566")
            with frozen():
                get = client.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
                post = client.generate_presigned_url("get_caller_identity", ExpiresIn=60)
            for method, url in (("GET", get), ("POST", post)):
                request = botocore.awsrequest.AWSRequest(method, url)
                name = f"presigned GetCallerIdentity {method} {region} token={bool(token)}"
                yield vector(name, request, region, "sts")


def drawn(random_):
    def word(alphabet, least=0, most=8):
        return "".join(random_.choice(alphabet) for _ in range(random_.randint(least, most)))

    def wire_segment():
        return "".join(random_.choice([*WIRE_PATH, "%20", "%2F", "%C3%A4", "%25"]) for _ in range(random_.randint(0, 5)))

    def encoded(text):
        return urllib.parse.quote(text, safe="-_.~")

    for number in range(160):
        path = "/" + "/".join(random_.choice([wire_segment(), "", ".", ".."]) for _ in range(random_.randint(0, 4)))
        pairs = [(word("abAB-._~09ä %&=+/", 1), word("abAB-._~09ä %&=+/?")) for _ in range(random_.randint(0, 5))]
        if pairs and random_.random() < 0.4:
            pairs.append((pairs[0][0], word("abAB09")))
        query = "&".join(f"{encoded(key)}={encoded(value)}" for key, value in pairs)
        signer = random_.choice([botocore.auth.SigV4Auth, botocore.auth.SigV4QueryAuth])
        body = word("{}\": abc0äß", 0, 40) if signer is botocore.auth.SigV4Auth else ""
        url = "https://example.amazonaws.com" + path + ("?" + query if query else "")
        request = botocore.awsrequest.AWSRequest(random_.choice(["GET", "POST", "PUT"]), url, data=body.encode())
        request.headers["Host"] = "example.amazonaws.com"
        for _ in range(random_.randint(0, 4)):
            name = random_.choice(["my-header1", "My-Header2", "x-amz-meta", "content-type", "z"])
            request.headers.add_header(name, word("ab  \t,;\"=", 1, 12).strip() or "v")
        credentials = botocore.credentials.Credentials(KEY_ID, SECRET, random_.choice([None, TOKEN]))
        with frozen():
            signer(credentials, "service", "us-west-2").add_auth(request)
        yield vector(f"drawn {number} {signer.__name__}", request, "us-west-2", "service")


def main():
    vectors = [*client_calls(), *presigned_calls(), *drawn(random.Random(4))]
    document = {"botocore": botocore.__version__, "stamp": STAMP, "secret": SECRET, "vectors": vectors}
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


main()
