"""The form of the tables: what an operation is, what a row is, and how an answer is judged.

A table file has an `OPERATION`, from which the suites derive what holds for every operation (key states, references,
other accounts, constraints of the model, dry runs, ...), and `ROWS` for what is its own. Tables are data.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.clients import HOME, REGION
from harness.world import UUID_TEXT

ANY = re.compile(r"(?s).*")
UUID = re.compile(UUID_TEXT)

# Key states, by the codes of the guide's table.
DISABLED = ("DisabledException", "{KEY.arn} is disabled.")
PENDING = ("KMSInvalidStateException", "{KEY.arn} is pending deletion.")
NOT_PENDING = ("KMSInvalidStateException", "{KEY.arn} is not pending deletion.")
USES = {"Enabled": None, "Disabled": DISABLED, "PendingDeletion": PENDING}
READS = {"Enabled": None, "Disabled": None, "PendingDeletion": None}


@dataclass(frozen=True)
class Operation:
    """What the suites need to know of an operation to derive its common rows."""

    name: str
    # A request that succeeds. `{KEY.id}` is a key of the kind `key`; `sample` of a key stands behind `Sample("KEY")`.
    request: dict
    service: str = "kms"
    # The kind of key that `request` is about, and the members that name keys, each with its action.
    key: str | None = None
    keys: dict = field(default_factory=dict)
    # Whether those members may be alias names or ARNs; whether other accounts may call.
    aliases: bool = False
    cross_account: bool = False
    # The answer in each key state: None is success, else (code, message).
    states: dict = field(default_factory=dict)
    # Whether a success changes something, so that each row needs a key of its own; and the key's state after it.
    changes: bool = False
    leads_to: str | None = None
    dry_run: bool = False
    grant_tokens: bool = False
    # Exact members of the answer to `request`: values, types or predicates. None: no body.
    answer: dict | None = None
    # Where the service is wider than the model: {member: (shortest, longest)}.
    lengths: dict = field(default_factory=dict)
    # Members whose constraints aren't judged by the model alone.
    unlike_model: tuple = ()
    # The answer to `request`, where it is never a success: (code, message).
    refusal: tuple | None = None
    # What an alias in the place of a key is told where none may be.
    no_alias: tuple = ("InvalidArnException", "Key Aliases are not supported for this operation.")


@dataclass(frozen=True)
class Ok:
    """A success. `members` are exact unless `more` is set; `then(world, answer)` looks further."""

    members: dict | None = None
    more: bool = False
    then: Callable | None = None


@dataclass(frozen=True)
class Refused:
    """An error. A message of None: the answer has none. ANY: whatever it says, because nobody knows what AWS says.
    More than one code: nobody knows which of them."""

    code: Any
    message: Any = None
    status: int = 400


@dataclass(frozen=True)
class Row:
    """One request and what it must be answered."""

    name: str
    request: dict
    expect: Any
    account: str = HOME
    region: str = REGION
    # Which limits the server has.
    compat: str = "extended"
    # Whether a server with another store is asked too.
    everywhere: bool = False


def judge(world, row, operation, service="kms"):
    """Sends the row's request with boto3 and compares."""
    request = world.resolve(row.request)
    which = {"service": service, "account": row.account, "region": row.region}
    try:
        answer, metadata = world.clients.call(operation, request, checks=isinstance(row.expect, Ok), **which)
    except ClientError as refused:
        judge_refusal(world, row.expect, refused.response)
        return None
    assert isinstance(row.expect, Ok), f"expected {row.expect.code}, but it succeeded: {shorten(answer)}"
    assert metadata["HTTPStatusCode"] == 200
    assert UUID.fullmatch(metadata["RequestId"]), metadata
    if row.expect.members is not None:
        judge_members(world, row.expect.members, answer, row.expect.more)
    if row.expect.then:
        row.expect.then(world, answer)
    return answer


def judge_refusal(world, expect, response):
    error, metadata = response["Error"], response["ResponseMetadata"]
    got = (error["Code"], metadata["HTTPStatusCode"], error.get("Message", ""))
    assert isinstance(expect, Refused), f"expected success, got {got}"
    codes = (expect.code,) if isinstance(expect.code, str) else expect.code
    assert got[0] in codes and got[1] == expect.status, f"expected {expect}, got {got}"
    assert UUID.fullmatch(metadata["RequestId"]), metadata
    judge_message(world, expect.message, got[2])


def judge_message(world, expected, got):
    if expected is None:
        assert got == "", f"expected no message, got {got!r}"
    elif isinstance(expected, re.Pattern):
        assert expected.fullmatch(got), f"expected {expected.pattern!r}, got {got!r}"
    elif callable(expected):
        assert expected(got), f"got {got!r}"
    else:
        assert got == world.text(expected)


def judge_members(world, expected, got, more=False):
    if not more:
        assert set(got) == set(expected), f"members {sorted(got)}, expected {sorted(expected)}"
    for name, value in expected.items():
        assert name in got, f"{name} is missing in {sorted(got)}"
        judge_value(world, name, value, got[name])


def judge_value(world, name, expected, got):
    if isinstance(expected, type):
        assert isinstance(got, expected), f"{name}: {got!r} is no {expected.__name__}"
    elif isinstance(expected, re.Pattern):
        assert expected.fullmatch(got), f"{name}: {got!r} is not {expected.pattern}"
    elif callable(expected):
        assert expected(got), f"{name}: {shorten(got)}"
    else:
        assert got == world.resolve(expected), f"{name}: {shorten(got)}"


def shorten(value):
    text = repr(value)
    return text if len(text) < 600 else text[:600] + "..."


def named(rows):
    """pytest parameters from tuples whose first element is the case's name."""
    return [pytest.param(*rest, id=name.replace(" ", "_")) for name, *rest in rows]


def validation(member, constraint, value=None):
    """AWS's text for one broken constraint. Values of blobs and secrets are not repeated: `value` is None then."""
    shown = "Value" if value is None else f"Value '{value}'"
    return f"1 validation error detected: {shown} at '{member}' failed to satisfy constraint: {constraint}"


def enum_error(member, value, values):
    """A predicate for the text about an unknown name: the set's order is nobody's promise."""
    head = validation(member, "Member must satisfy enum value set: [", value)

    def holds(text):
        return text.startswith(head) and text.endswith("]") and set(text[len(head) : -1].split(", ")) == set(values)

    return holds


def null_at(member):
    """AWS's text for a required member that isn't there."""
    return (
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    )


def at_least(count):
    return f"Member must have length greater than or equal to {count}"


def at_most(count):
    return f"Member must have length less than or equal to {count}"
