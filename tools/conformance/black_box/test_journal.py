"""The journal: every answer has its record, once, whoever left or died; records have CloudTrail's members."""

import socket
import struct

import pytest

from harness import journal
from harness.raw import JSON
from harness.signing import Signer
from harness.site import Site
from harness.waiting import until
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation


def test_calls_that_change_nothing_are_in_the_journal_too(serve):
    """Answered, then killed at once: each answer's record is there, exactly once, and holds no plaintext."""
    server = serve().start()
    site = Site.of(server)
    key = site.world.key("symmetric")
    answered = []
    for round_number in range(5):
        site.raw.port = server.port
        site.raw.authority = server.address
        for _ in range(20):
            for operation, body in (
                ("Encrypt", {"KeyId": key.id, "Plaintext": PLAINTEXT}),
                ("DescribeKey", {"KeyId": key.id}),
                ("Decrypt", {"CiphertextBlob": bytes(99)}),
                ("Encrypt", {"KeyId": "nobody"}),
                ("ListKeys", {}),
            ):
                answer = site.raw.kms(operation, body)
                assert answer.status in (200, 400), answer
                answered.append(answer.headers["x-amzn-requestid"])
        server.kill()
        if round_number < 4:
            server.start()
    counts = journal.request_ids(server.data)
    assert [request for request in answered if counts.get(request) != 1] == []
    site.clients.close()


def test_records_have_cloudtrails_members(serve):
    """A change, a use, a refusal and a caller's identity, as the journal's files show them."""
    server = serve().start()
    site = Site.of(server)
    key = site.world.key("symmetric")
    asked = {
        "Encrypt": site.raw.kms(
            "Encrypt", {"KeyId": key.id, "Plaintext": PLAINTEXT, "EncryptionContext": {"app": "x"}}
        ),
        "DisableKey": site.raw.kms("DisableKey", {"KeyId": key.arn}),
        "Decrypt": site.raw.kms("Decrypt", {"CiphertextBlob": key.sample}),
        "GetCallerIdentity": site.raw.sts(),
    }
    assert server.stop() == 0
    by_request = {record.get("requestID"): record for record in journal.records(server.data)}
    records = {name: by_request[answer.headers["x-amzn-requestid"]] for name, answer in asked.items()}
    for name, record in records.items():
        assert record["eventName"] == name
        assert record["eventType"] == "AwsApiCall" and record["managementEvent"] is True
        assert record["awsRegion"] == "us-east-1" and record["sourceIPAddress"] == "127.0.0.1"
        assert record["userIdentity"]["arn"] == "arn:aws:iam::000000000000:root"
        assert record["recipientAccountId"] == "000000000000"
    encrypt, disable, decrypt, identity = records.values()
    assert encrypt["requestParameters"] == {
        "keyId": key.id,
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "encryptionContext": {"app": "x"},
    }
    assert encrypt["responseElements"] is None and encrypt["readOnly"] is True
    assert encrypt["additionalEventData"] == {"keyMaterialId": key.material}
    assert encrypt["resources"] == [{"accountId": "000000000000", "type": "AWS::KMS::Key", "ARN": key.arn}]
    assert disable["requestParameters"] == {"keyId": key.arn} and disable["readOnly"] is False
    assert disable["responseElements"] == {"keyId": key.arn}
    assert decrypt["errorCode"] == "DisabledException" and decrypt["errorMessage"] == f"{key.arn} is disabled."
    assert identity["eventSource"] == "sts.amazonaws.com" and identity["requestParameters"] is None
    site.clients.close()


def test_a_caller_who_leaves_takes_no_record_along(serve):
    """Connections reset while their calls are served: each key that is there has one record of its making."""
    server = serve().start()
    site = Site.of(server)
    body = b"{}"
    for number in range(300):
        headers = {"host": site.raw.authority, "content-type": JSON, "x-amz-target": "TrentService.CreateKey"}
        signed = Signer().headers("POST", site.raw.authority, "/", headers, body)
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        with site.raw.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", number % 2, 0))
            connection.sendall(f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body)
            if number % 3 == 0:
                connection.recv(1)
    until(lambda: "sealroom_requests_in_flight 0" in server.admin("/metrics")[1], "nothing is being served")
    listed = [key["KeyArn"] for page in site.clients().get_paginator("list_keys").paginate() for key in page["Keys"]]
    site.clients.close()
    assert server.stop() == 0
    made = [
        record["resources"][0]["ARN"]
        for record in journal.records(server.data)
        if record["eventName"] == "CreateKey" and "errorCode" not in record
    ]
    assert len(listed) >= 100
    assert sorted(made) == sorted(listed)
