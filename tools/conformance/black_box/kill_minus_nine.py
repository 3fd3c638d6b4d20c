"""Ten thousand changes while the server is killed again and again: nothing acknowledged may be lost, undone or doubled.

Each thread owns its keys, so it knows of each what was last acknowledged, and what was asked when the connection
broke: that one change may have happened or not. `python kill_minus_nine.py --operations 100000` runs a longer round.
"""

import argparse
import http.client
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import journal
from harness.process import Server, free_port
from harness.raw import Answer, Raw

# What each change makes of a key in each state.
STEPS = {
    "EnableKey": {"Enabled": "Enabled", "Disabled": "Enabled"},
    "DisableKey": {"Enabled": "Disabled", "Disabled": "Disabled"},
    "ScheduleKeyDeletion": {"Enabled": "PendingDeletion", "Disabled": "PendingDeletion"},
    "CancelKeyDeletion": {"PendingDeletion": "Disabled"},
}
BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)
KEYS_A_THREAD = 60
# Nothing was sent, because the server was down just then. It reads like a server that is busy.
NOTHING = Answer(503, {}, b"")


@dataclass
class Tally:
    """What all threads saw, and what they may still do."""

    operations: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    acknowledged: int = 0
    broken: int = 0
    # By request id: what was acknowledged.
    answered: dict = field(default_factory=dict)
    wrong: list = field(default_factory=list)

    def may_go_on(self):
        with self.lock:
            return self.acknowledged < self.operations and not self.wrong


class Client(threading.Thread):
    """One client with keys of its own."""

    def __init__(self, number, url, tally, chance):
        super().__init__(name=f"client {number}", daemon=True)
        self.number, self.tally, self.chance = number, tally, chance
        self.raw = Raw(url, keep=True)
        # Each key's state, or the states that are possible after a call that broke.
        self.keys = {}
        # Descriptions of keys whose making broke: each may be there once or not at all.
        self.perhaps = set()
        self.made = 0

    def run(self):
        try:
            while self.tally.may_go_on():
                self.step()
        except Exception as error:  # noqa: BLE001 -- told in the main thread
            self.fail(f"{self.name}: {error!r}")
        finally:
            self.raw.close()

    def fail(self, text):
        with self.tally.lock:
            self.tally.wrong.append(text)

    def step(self):
        if not self.keys or (len(self.keys) < KEYS_A_THREAD and self.chance.random() < 0.2):
            return self.create()
        key = self.chance.choice(list(self.keys))
        if len(self.keys[key]) > 1:
            return self.settle(key)
        (state,) = self.keys[key]
        operation = self.chance.choice([name for name, steps in STEPS.items() if state in steps])
        after = STEPS[operation][state]
        answer = self.ask(operation, {"KeyId": key})
        if answer is None:
            self.keys[key] = {state, after}
        elif self.acknowledge(answer, operation):
            self.keys[key] = {after}

    def create(self):
        self.made += 1
        description = f"client {self.number} key {self.made}"
        answer = self.ask("CreateKey", {"Description": description})
        if answer is None:
            self.perhaps.add(description)
        elif self.acknowledge(answer, "CreateKey"):
            self.keys[answer.json()["KeyMetadata"]["KeyId"]] = {"Enabled"}

    def settle(self, key):
        """Asks for the state of a key whose change broke off."""
        answer = self.ask("DescribeKey", {"KeyId": key})
        if answer is None:
            return
        if answer.status != 200:
            if answer.status != 503:
                self.fail(f"{key}, possibly {self.keys[key]}: {answer}")
            return
        state = answer.json()["KeyMetadata"]["KeyState"]
        if state not in self.keys[key]:
            self.fail(f"{key} is {state}, and can only be one of {self.keys[key]}")
        self.keys[key] = {state}

    def ask(self, operation, body):
        """The answer; `None` when the connection broke, `NOTHING` when the call wasn't sent."""
        try:
            return self.raw.kms(operation, body)
        except ConnectionRefusedError:
            time.sleep(0.005)
            return NOTHING
        except BROKEN:
            with self.tally.lock:
                self.tally.broken += 1
            return None

    def acknowledge(self, answer, operation):
        if answer.status == 503:
            return False
        if answer.status != 200:
            self.fail(f"{operation}: {answer}")
            return False
        with self.tally.lock:
            self.tally.acknowledged += 1
            self.tally.answered[answer.headers["x-amzn-requestid"]] = operation
        return True


def run(folder, *, operations=10_000, kills=50, clients=8, seconds=170, seed=1, config=None, count=None):
    """Runs the round on a new server in `folder` and judges it; returns what it saw.

    `count(server)` says how often each request id stands in the journal.
    """
    chance = random.Random(seed)
    server = Server(folder, listen=f"127.0.0.1:{free_port()}", config=config).start()
    tally = Tally(operations)
    threads = [Client(number, server.url, tally, random.Random(seed * 1000 + number)) for number in range(clients)]
    deadline = time.monotonic() + seconds
    try:
        for thread in threads:
            thread.start()
        killed = kill_again_and_again(server, tally, kills, chance, deadline)
        for thread in threads:
            thread.join(max(1, deadline - time.monotonic()))
        assert not any(thread.is_alive() for thread in threads), (
            f"{tally.acknowledged} of {operations} after {seconds} s"
        )
        assert tally.wrong == [], tally.wrong[:5]
        # The last restart: what is judged comes from the disk.
        server.kill()
        server.start()
        judge_keys(server, threads)
        assert server.stop() == 0
        judge_journal((count or in_files)(server), tally)
    finally:
        if server.running():
            server.kill()
    assert " panicked at " not in server.log()
    return {
        "acknowledged": tally.acknowledged,
        "broken": tally.broken,
        "kills": killed,
        "keys": sum(len(thread.keys) for thread in threads),
    }


def kill_again_and_again(server, tally, kills, chance, deadline):
    """Kills at random points between the operations, evenly over all of them; returns how often."""
    points = sorted(chance.randrange(tally.operations) for _ in range(kills))
    killed = 0
    for point in points:
        while tally.acknowledged < point and tally.may_go_on():
            assert time.monotonic() < deadline, f"{tally.acknowledged} of {tally.operations} operations are done"
            time.sleep(0.001)
        if not tally.may_go_on():
            break
        time.sleep(chance.random() * 0.02)
        server.kill()
        killed += 1
        server.start()
    return killed


def judge_keys(server, threads):
    """Every key is there in a state that was acknowledged, or asked for when the connection broke; no other key is."""
    raw = Raw(server.url, keep=True)
    expected = {key: states for thread in threads for key, states in thread.keys.items()}
    perhaps = {description for thread in threads for description in thread.perhaps}
    for key, states in expected.items():
        answer = raw.kms("DescribeKey", {"KeyId": key})
        assert answer.status == 200, (key, states, answer)
        assert answer.json()["KeyMetadata"]["KeyState"] in states, (key, states, answer)
    listed, marker = [], {}
    while True:
        page = raw.kms("ListKeys", {"Limit": 1000, **marker}).json()
        listed += [key["KeyId"] for key in page["Keys"]]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert len(listed) == len(set(listed))
    assert set(expected) <= set(listed), set(expected) - set(listed)
    for key in set(listed) - set(expected):
        description = raw.kms("DescribeKey", {"KeyId": key}).json()["KeyMetadata"]["Description"]
        assert description in perhaps, f"nobody asked for {key} ({description})"
        perhaps.remove(description)
    raw.close()


def in_files(server):
    """The journal's files as they lie there."""
    return journal.request_ids(server.data)


def judge_journal(counts, tally):
    """Each acknowledged change stands there exactly once, under the request id that its client was told."""
    missing = {request: operation for request, operation in tally.answered.items() if counts.get(request, 0) == 0}
    doubled = {request: count for request, count in counts.items() if count > 1}
    assert not missing, (
        f"{len(missing)} acknowledged changes are not in the journal, such as {list(missing.items())[:3]}"
    )
    assert not doubled, f"{len(doubled)} calls stand in the journal more than once, such as {list(doubled.items())[:3]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=170)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(run(Path(folder), **vars(arguments)))


if __name__ == "__main__":
    main()
