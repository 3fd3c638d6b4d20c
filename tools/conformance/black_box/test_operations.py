"""What holds for every operation, derived from its table: answers, key states, references, accounts, constraints."""

import pytest

from harness.clients import HOME, REGION
from harness.derive import (
    MODELS,
    accounts,
    constraints,
    denials,
    dry_runs,
    grant_tokens,
    own_rows,
    references,
    states,
    typed_request,
    types,
)
from harness.raw import plain
from harness.table import Ok, Refused, Row, judge
from harness.world import about
from tables import all_tables

TABLES = all_tables()
OPERATIONS = {name: table.OPERATION for name, table in TABLES.items()}


def each(make):
    """One pytest case for each row that `make` derives from each table."""
    made = []
    for name, table in TABLES.items():
        rows = make(table)
        names = [row.name for row in rows]
        assert len(set(names)) == len(names), (
            f"{name}: two rows of one name: {[n for n in names if names.count(n) > 1]}"
        )
        made += [pytest.param(name, row, id=f"{name}-{row.name}".replace(" ", "_").replace("::", "_")) for row in rows]
    return pytest.mark.parametrize(("operation", "row"), made)


def run(site, operation, row):
    judge(site.world, row, operation, OPERATIONS[operation].service)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_answers_with_exactly_its_members(site, name):
    operation = OPERATIONS[name]
    expect = Refused(*operation.refusal) if operation.refusal else Ok(operation.answer)
    row = Row("as its table says", operation.request, expect)
    if operation.key:
        row = own_key(site, operation, row)
    run(site, name, row)


def own_key(site, operation, row):
    """The row about a key that nothing else uses, if the operation changes keys; else about the shared one."""
    name = operation.key
    if operation.changes:
        name = "own"
        site.world.keys[name] = site.world.make(operation.key)
    return Row(row.name, about(row.request, name), Ok(about(row.expect.members, name)))


@each(states)
def test_a_key_state_allows_or_refuses_an_operation(site, operation, row):
    run(site, operation, row)


@each(references)
def test_a_reference_finds_its_key_or_says_why_not(site, operation, row):
    run(site, operation, row)


@each(accounts)
def test_another_account_may_what_the_key_policy_gives_it(site, operation, row):
    run(site, operation, row)


@each(denials)
def test_a_key_policy_binds_its_own_account_too(site, operation, row):
    run(site, operation, row)


@each(dry_runs)
def test_a_dry_run_never_succeeds(site, operation, row):
    run(site, operation, row)


@each(grant_tokens)
def test_grant_tokens_are_judged(site, operation, row):
    run(site, operation, row)


@each(constraints)
def test_a_constraint_of_the_model_is_told_in_its_words(site, operation, row):
    run(site, operation, row)


@each(own_rows)
def test_a_row_of_the_table(site, aws_site, operation, row):
    run(aws_site if row.compat == "aws" else site, operation, row)


@each(types)
def test_a_wrong_type_is_a_serialization_error(site, operation, row):
    member, wrong = row.request
    body = typed_request(site.world, OPERATIONS[operation], member, wrong)
    answer = site.raw.kms(operation, body)
    assert (answer.status, answer.code()) == (400, "SerializationException"), answer


JSON_OPERATIONS = [name for name, operation in OPERATIONS.items() if operation.service == "kms"]


@pytest.mark.parametrize("name", JSON_OPERATIONS)
def test_members_that_nobody_knows_are_ignored_and_null_is_absent(site, name):
    operation = OPERATIONS[name]
    request = (
        own_key(site, operation, Row("", operation.request, Ok({}))).request if operation.key else operation.request
    )
    absent = {name: None for name in ("GrantTokens", "Limit", "Tags")}
    body = {**absent, **plain(site.world.resolve(request)), "Unheard": {"of": [1, None]}}
    answer = site.raw.kms(name, body)
    if operation.refusal:
        assert (answer.status, answer.code()) == (400, operation.refusal[0]), answer
        return
    assert answer.status == 200, answer
    if operation.answer == {}:
        assert answer.body == b""
    else:
        assert set(answer.json()) - {"NextMarker"} == set(operation.answer)
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


def test_the_tables_know_the_account_and_the_region():
    assert (HOME, REGION) == ("000000000000", "us-east-1")


def test_every_operation_has_its_table():
    known = {"kms": set(MODELS.get_service_model("kms").operation_names), "sts": {"GetCallerIdentity"}}
    for service, names in known.items():
        assert {name for name, operation in OPERATIONS.items() if operation.service == service} == names
