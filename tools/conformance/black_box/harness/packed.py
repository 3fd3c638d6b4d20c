"""Packed text of the journal's records, as `core/audit/src/packed.rs` describes it. Typed from there."""

import uuid
from datetime import datetime, timedelta, timezone

WORDS = [
    b'{"eventVersion":"1.11","userIdentity":',
    b',"eventTime":"',
    b'","eventSource":',
    b'"kms.amazonaws.com"',
    b',"eventName":',
    b',"awsRegion":"',
    b'","sourceIPAddress":',
    b',"userAgent":',
    b',"errorCode":',
    b',"errorMessage":',
    b',"requestParameters":',
    b',"responseElements":',
    b',"responseElements":null',
    b',"additionalEventData":',
    b'{"keyMaterialId":"',
    b',"requestID":"',
    b'","eventID":"',
    b'","readOnly":true',
    b'","readOnly":false',
    b',"resources":[',
    b'{"accountId":"',
    b'","type":"AWS::KMS::Key","ARN":"',
    b"arn:aws:kms:",
    b":key/",
    b',"eventType":"AwsApiCall","managementEvent":true,',
    b',"eventType":"AwsServiceEvent","managementEvent":true,',
    b'"recipientAccountId":"',
    b',"sharedEventID":"',
    b',"eventCategory":"Management"',
    b',"tlsDetails":{"tlsVersion":',
    b',"cipherSuite":',
    b',"clientProvidedHostHeader":',
    b',"keyExchange":',
    b'{"type":"Root","principalId":"',
    b'{"type":"AWSAccount","principalId":"',
    b'","arn":"arn:aws:iam::',
    b':root","accountId":"',
    b'","accountId":"',
    b'","accessKeyId":"',
    b'"127.0.0.1"',
]

# How every record begins: its first word.
START = b"\x00\x00"
# What stands before a request id, whose sixteen bytes follow.
REQUEST_ID = b"\x00\x0f\x01"

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LENGTHS = {0: 1, 1: 16, 2: 32, 3: 16, 4: 8, 5: 5}


def _time(micros):
    return (EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def unpack(packed):
    """The JSON's bytes; `None` for what isn't packed text."""
    out, at = bytearray(), 0
    while at < len(packed):
        code = packed[at]
        if code >= 0x20:
            out.append(code)
            at += 1
            continue
        length = LENGTHS.get(code)
        part = packed[at + 1 : at + 1 + (length or 0)]
        if length is None or len(part) < length or (code == 0 and part[0] >= len(WORDS)):
            return None
        number = int.from_bytes(part)
        out += {
            0: lambda: WORDS[number],
            1: lambda: str(uuid.UUID(bytes=bytes(part))).encode(),
            2: lambda: part.hex().encode(),
            3: lambda: part.hex().encode(),
            4: lambda: _time(int.from_bytes(part, signed=True)),
            5: lambda: b"%012d" % number,
        }[code]()
        at += 1 + length
    return bytes(out)
