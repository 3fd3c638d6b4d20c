"""Many at once: races for one key, and each limit of the server at it and one past it."""

import threading
from contextlib import ExitStack

import pytest

from harness.raw import Raw, read_answer
from harness.site import Site
from harness.waiting import until
from harness.world import PLAINTEXT

pytestmark = pytest.mark.operation

THROTTLED = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
# A call that is being served for as long as its body doesn't come.
OPEN = (
    b"POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: TrentService.ListKeys\r\n"
    b"content-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n\r\n{"
)


def at_once(count, work):
    """Runs `work(number)` in so many threads; returns what they returned."""
    done = [None] * count

    def run(number):
        done[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert None not in done
    return done


def test_racing_changes_of_one_key_are_each_done_or_refused(site):
    """Every success is a step of the life of a key: the schedules and cancellations that succeeded alternate."""
    key = site.world.make("symmetric").id

    def change(number):
        raw, answers = Raw(site.server.url, keep=True), []
        for turn in range(25):
            names = ("EnableKey", "DisableKey") if number < 4 else ("ScheduleKeyDeletion", "CancelKeyDeletion")
            operation = names[(number + turn) % 2]
            answers.append((operation, raw.kms(operation, {"KeyId": key})))
        raw.close()
        return answers

    answers = [answer for some in at_once(8, change) for answer in some]
    odd = [answer for _, answer in answers if answer.status != 200 and answer.code() != "KMSInvalidStateException"]
    assert odd == []
    done = [operation for operation, answer in answers if answer.status == 200]
    state = site.clients().describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    pending = done.count("ScheduleKeyDeletion") - done.count("CancelKeyDeletion")
    assert pending == (1 if state == "PendingDeletion" else 0)


def test_a_key_that_was_disabled_is_used_by_nobody_afterwards(site):
    """Once DisableKey is answered, no Encrypt that begins later succeeds, whichever connection it comes over."""
    key = site.world.make("symmetric").id
    kms = site.clients()
    for _ in range(10):
        kms.enable_key(KeyId=key)
        kept = [Raw(site.server.url, keep=True) for _ in range(4)]
        for raw in kept:
            assert raw.kms("Encrypt", {"KeyId": key, "Plaintext": PLAINTEXT}).status == 200
        kms.disable_key(KeyId=key)
        for raw in kept:
            assert raw.kms("Encrypt", {"KeyId": key, "Plaintext": PLAINTEXT}).code() == "DisabledException"
            raw.close()


def test_one_request_past_the_limit_is_told_to_come_again(serve):
    with serve(variables={"SEALROOM_LIMITS__REQUESTS": "3"}) as server, ExitStack() as held:
        raw = Raw(server.url)
        connections = [held.enter_context(raw.socket()) for _ in range(3)]
        for connection in connections[:2]:
            connection.sendall(OPEN)
        until(lambda: "sealroom_requests_in_flight 2" in server.admin("/metrics")[1], "two are being served")
        assert raw.kms("ListKeys", {}).status == 200
        connections[2].sendall(OPEN)
        until(lambda: "sealroom_requests_in_flight 3" in server.admin("/metrics")[1], "three are being served")
        answer = raw.kms("ListKeys", {})
        assert (answer.status, answer.code()) == (503, "ServiceUnavailable"), answer
        connections[0].sendall(b"}")
        assert read_answer(connections[0]).status == 400
        until(lambda: "sealroom_requests_in_flight 2" in server.admin("/metrics")[1], "one is done")
        assert raw.kms("ListKeys", {}).status == 200


def test_one_connection_past_the_limit_is_told_to_come_again(serve):
    with serve(variables={"SEALROOM_LIMITS__CONNECTIONS": "3"}) as server:
        kept = [Raw(server.url, keep=True) for _ in range(3)]
        for raw in kept:
            assert raw.kms("ListKeys", {}).status == 200
        assert Raw(server.url).send("GET", "/", {"host": "x"}, b"").status == 503
        kept[0].close()
        until(lambda: Raw(server.url).kms("ListKeys", {}).status == 200, "a place is free again")
        for raw in kept:
            raw.close()


def test_slow_cryptography_past_its_queue_is_throttled(serve):
    """RSA-4096 on one thread, one place to wait: what does not fit is throttled in AWS's words, and the rest done."""
    with serve(variables={"SEALROOM_LIMITS__POOL_THREADS": "1", "SEALROOM_LIMITS__POOL_QUEUE": "1"}) as server:
        site = Site.of(server)
        key = site.clients().create_key(KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        site.clients.close()
        asked = {"KeyId": key, "Message": PLAINTEXT, "SigningAlgorithm": "RSASSA_PSS_SHA_256"}

        def sign(_number):
            raw = Raw(server.url, keep=True)
            answers = [raw.kms("Sign", asked) for _ in range(6)]
            raw.close()
            return answers

        answers = [answer for some in at_once(12, sign) for answer in some]
        throttled = [answer for answer in answers if answer.status != 200]
        assert 0 < len(throttled) < len(answers)
        assert {(answer.status, answer.code(), answer.message()) for answer in throttled} == {
            (400, "ThrottlingException", THROTTLED)
        }
