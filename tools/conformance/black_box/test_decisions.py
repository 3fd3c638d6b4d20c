"""Decisions written down first, then asked twice: of real users and roles over HTTP, and of the simulator.

A case is a user (or a session of a role) with its policies, a KMS key with its policy, one call, and what AWS's rules make
of it: `allowed`, `explicitDeny` or `implicitDeny`. Both answers must be that.
"""

import json
from dataclasses import dataclass, field

import pytest

from harness.people import Account, allows, denies, policy, trusts

TEXT = b"a secret"
# Stands for the key's ARN, the account's root and the caller's ARN in the documents of a case.
KEY, ROOT, CALLER = "{key}", "{root}", "{caller}"


def by_root(**more):
    return {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*", **more}


def by_caller(effect="Allow", action="kms:*", **more):
    return {"Effect": effect, "Principal": {"AWS": CALLER}, "Action": action, "Resource": "*", **more}


@dataclass(frozen=True)
class Case:
    name: str
    expect: str
    identity: tuple = ()
    group: tuple = ()
    boundary: tuple | None = None
    key: tuple = (by_root(),)
    call: str = "Encrypt"
    context: dict = field(default_factory=dict)
    tags: tuple = ()


ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"
ENCRYPT = allows("kms:Encrypt")


def when(operator, key, value, statement=allows):
    return statement("kms:Encrypt", Condition={operator: {key: value}})


CASES = [
    Case("nothing allows", IMPLICIT),
    Case("an identity policy allows, and the key's lets it count", ALLOWED, (ENCRYPT,)),
    Case("an identity policy allows, and the key's doesn't let it count", IMPLICIT, (ENCRYPT,), key=(by_caller(action="kms:PutKeyPolicy"),)),
    Case("the key's policy allows by itself", ALLOWED, key=(by_root(), by_caller(action="kms:Encrypt"))),
    Case("the key's policy allows something else", IMPLICIT, key=(by_root(), by_caller(action="kms:Decrypt"))),
    Case("everybody is allowed", ALLOWED, key=(by_root(), {**by_caller(), "Principal": "*"})),
    Case("an identity policy denies", EXPLICIT, (allows("kms:*"), denies("kms:Encrypt"))),
    Case("a deny elsewhere doesn't count", ALLOWED, (allows("kms:*"), denies("kms:Decrypt"))),
    Case("the key's policy denies", EXPLICIT, (allows("kms:*"),), key=(by_root(), by_caller("Deny", "kms:Encrypt"))),
    Case("a deny beats an allow of the key's own policy", EXPLICIT, (denies("kms:*"),), key=(by_root(), by_caller())),
    Case("a group allows", ALLOWED, group=(ENCRYPT,)),
    Case("a group denies what the user may", EXPLICIT, (ENCRYPT,), group=(denies("kms:*"),)),
    Case("a boundary that allows gives nothing by itself", IMPLICIT, boundary=(allows("kms:*"),)),
    Case("within the boundary", ALLOWED, (ENCRYPT,), boundary=(allows("kms:*"),)),
    Case("beyond the boundary", IMPLICIT, (ENCRYPT,), boundary=(allows("kms:Decrypt"),)),
    Case("the boundary denies", EXPLICIT, (ENCRYPT,), boundary=(allows("*"), denies("kms:Encrypt"))),
    Case("the key's policy names the user: its boundary's silence doesn't limit", ALLOWED, boundary=(allows("s3:*"),), key=(by_root(), by_caller())),
    Case("a deny in the boundary still does", EXPLICIT, boundary=(allows("s3:*"), denies("kms:*")), key=(by_root(), by_caller())),
    Case("the key by its ARN", ALLOWED, (allows("kms:Encrypt", KEY),)),
    Case("another key", IMPLICIT, (allows("kms:Encrypt", "arn:aws:kms:us-east-1:111122223333:key/other"),)),
    Case("all keys of the account", ALLOWED, (allows("kms:Encrypt", "arn:aws:kms:*:*:key/*"),)),
    Case("all aliases", IMPLICIT, (allows("kms:Encrypt", "arn:aws:kms:*:*:alias/*"),)),
    Case("everything but the key", IMPLICIT, ({"Effect": "Allow", "Action": "kms:*", "NotResource": KEY},)),
    Case("everything but another key", ALLOWED, ({"Effect": "Allow", "Action": "kms:*", "NotResource": "arn:aws:kms:us-east-1:111122223333:key/x"},)),
    Case("everything but Decrypt", ALLOWED, ({"Effect": "Allow", "NotAction": "kms:Decrypt", "Resource": "*"},)),
    Case("everything but what begins with Enc", IMPLICIT, ({"Effect": "Allow", "NotAction": "kms:Enc*", "Resource": "*"},)),
    Case("denied is everything but Encrypt", ALLOWED, (allows("*"), {"Effect": "Deny", "NotAction": "kms:Encrypt", "Resource": "*"})),
    Case("an action in another case", ALLOWED, (allows("KMS:encrypt"),)),
    Case("a question mark", ALLOWED, (allows("kms:Encryp?"),)),
    Case("a question mark too many", IMPLICIT, (allows("kms:Encrypt?"),)),
    Case("a star for nothing", ALLOWED, (allows("kms:Encrypt*"),)),
    Case("the context is as wanted", ALLOWED, (when("StringEquals", "kms:EncryptionContext:app", "x"),), context={"app": "x"}),
    Case("the context is another", IMPLICIT, (when("StringEquals", "kms:EncryptionContext:app", "x"),), context={"app": "y"}),
    Case("there is no context", IMPLICIT, (when("StringEquals", "kms:EncryptionContext:app", "x"),)),
    Case("a negated operator without a value", ALLOWED, (when("StringNotEquals", "kms:EncryptionContext:app", "x"),)),
    Case("if it exists, and it doesn't", ALLOWED, (when("StringEqualsIfExists", "kms:EncryptionContext:app", "x"),)),
    Case("if it exists, and it is another", IMPLICIT, (when("StringEqualsIfExists", "kms:EncryptionContext:app", "x"),), context={"app": "y"}),
    Case("a deny if it exists, and it doesn't", EXPLICIT, (ENCRYPT, when("StringEqualsIfExists", "kms:EncryptionContext:app", "x", denies))),
    Case("absence is wanted", ALLOWED, (when("Null", "kms:EncryptionContext:app", "true"),)),
    Case("presence is wanted", IMPLICIT, (when("Null", "kms:EncryptionContext:app", "false"),)),
    Case("all of the context's keys are known", ALLOWED, (when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["app", "b"]),), context={"app": "x"}),
    Case("one isn't", IMPLICIT, (when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["b"]),), context={"app": "x", "b": "y"}),
    Case("none is there, so all are known", ALLOWED, (when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["b"]),)),
    Case("any of the context's keys is known", ALLOWED, (when("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", ["b"]),), context={"app": "x", "b": "y"}),
    Case("none is there, so none is known", IMPLICIT, (when("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", ["b"]),)),
    Case("a tag of the caller's", ALLOWED, (when("StringEquals", "aws:PrincipalTag/team", "red"),), tags=(("team", "red"),)),
    Case("another tag of the caller's", IMPLICIT, (when("StringEquals", "aws:PrincipalTag/team", "red"),), tags=(("team", "blue"),)),
    Case("a variable of the caller's tag", ALLOWED, (when("StringEquals", "kms:EncryptionContext:app", "${aws:PrincipalTag/team}"),), context={"app": "red"}, tags=(("team", "red"),)),
    Case("a variable without a value", IMPLICIT, (when("StringEquals", "kms:EncryptionContext:app", "${aws:PrincipalTag/team}"),), context={"app": "red"}),
    Case("a variable without a value, with a default", ALLOWED, (when("StringEquals", "kms:EncryptionContext:app", "${aws:PrincipalTag/team, 'none'}"),), context={"app": "none"}),
    Case("a value doesn't act as a wildcard", IMPLICIT, (when("StringLike", "kms:EncryptionContext:app", "${aws:PrincipalTag/team}"),), context={"app": "red"}, tags=(("team", "r:="),)),
    Case("the caller's ARN", ALLOWED, (when("ArnLike", "aws:PrincipalArn", CALLER),)),
    Case("the caller's account", ALLOWED, key=({**by_caller(), "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "{account}"}}}, by_root())),
    Case("two conditions, one holds", IMPLICIT, (allows("kms:Encrypt", Condition={"StringEquals": {"kms:EncryptionContext:app": "x", "aws:PrincipalTag/team": "red"}}),), context={"app": "x"}),
    Case("of two values one suffices", ALLOWED, (when("StringEquals", "kms:EncryptionContext:app", ["w", "x"]),), context={"app": "x"}),
    Case("of two negated values none may be it", IMPLICIT, (when("StringNotEquals", "kms:EncryptionContext:app", ["w", "x"]),), context={"app": "x"}),
    Case("a date in the past", ALLOWED, (when("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),)),
    Case("a date to come", IMPLICIT, (when("DateGreaterThan", "aws:CurrentTime", "2120-01-01T00:00:00Z"),)),
    Case("a pattern of the context", ALLOWED, (when("StringLike", "kms:EncryptionContext:app", "proj-*-?"),), context={"app": "proj-42-a"}),
    Case("a pattern that doesn't fit", IMPLICIT, (when("StringLike", "kms:EncryptionContext:app", "proj-*-?"),), context={"app": "proj-42-"}),
    Case("ignoring case", ALLOWED, (when("StringEqualsIgnoreCase", "kms:EncryptionContext:app", "APP"),), context={"app": "app"}),
    Case("NotPrincipal spares the one it names", ALLOWED, (ENCRYPT,), key=(by_root(), {"Effect": "Deny", "NotPrincipal": {"AWS": [CALLER, ROOT]}, "Action": "kms:Encrypt", "Resource": "*"})),
    Case("NotPrincipal denies everybody else", EXPLICIT, (ENCRYPT,), key=(by_root(), {"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}, "Action": "kms:Encrypt", "Resource": "*"})),
]  # fmt: skip


def filled(statements, names):
    text = json.dumps(statements)
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return json.loads(text)


def live(client, key, context):
    try:
        client.encrypt(KeyId=key, Plaintext=TEXT, EncryptionContext=context)
    except client.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException", error
        return EXPLICIT if "with an explicit deny in" in error.response["Error"]["Message"] else IMPLICIT
    return ALLOWED


def entries(context):
    made = [
        {"ContextKeyName": f"kms:EncryptionContext:{name}", "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in context.items()
    ]
    if context:
        made.append(
            {
                "ContextKeyName": "kms:EncryptionContextKeys",
                "ContextKeyValues": list(context),
                "ContextKeyType": "stringList",
            }
        )
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_decision_is_the_same_written_down_live_and_simulated(site, case, kind):
    if kind == "role" and case.group:
        kind = "user"
    account = Account(site)
    iam, tags = account.iam, [{"Key": name, "Value": value} for name, value in case.tags]
    if kind == "user":
        who = account.user("who", Tags=tags)
        arn, client = who.arn, who.kms
    else:
        arn = account.role("who", trusts({"AWS": account.root}), Tags=tags)["Arn"]
        door = account.user("door", allows("sts:AssumeRole"))
        session = door.sts.assume_role(RoleArn=arn, RoleSessionName="session-1")["Credentials"]
        client = account.client(session)
    names = {"root": account.root, "caller": arn, "account": account.id}
    if kind == "role" and "NotPrincipal spares" in case.name:
        # AWS: everything that the caller is must be named, its session too.
        names["caller"] = f"{arn}\", \"arn:aws:sts::{account.id}:assumed-role/who/session-1"
    document = policy(*filled(list(case.key), names))
    key = account.kms.create_key(Policy=document, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    names = {**names, "key": key, "caller": arn}
    if case.identity:
        own = policy(*filled(list(case.identity), names))
        if kind == "user":
            iam.put_user_policy(UserName="who", PolicyName="own", PolicyDocument=own)
        else:
            iam.put_role_policy(RoleName="who", PolicyName="own", PolicyDocument=own)
    if case.group:
        iam.create_group(GroupName="g")
        iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=policy(*filled(list(case.group), names)))
        iam.add_user_to_group(GroupName="g", UserName="who")
    if case.boundary is not None:
        bound = policy(*filled(list(case.boundary), names))
        made = iam.create_policy(PolicyName="bound", PolicyDocument=bound)["Policy"]["Arn"]
        if kind == "user":
            iam.put_user_permissions_boundary(UserName="who", PermissionsBoundary=made)
        else:
            iam.put_role_permissions_boundary(RoleName="who", PermissionsBoundary=made)
    expect = case.expect
    if kind == "role" and case.boundary is not None and "names the user" in case.name:
        # A role's session is limited by the role's boundary where the key names the role.
        expect = IMPLICIT
    assert live(client, key, case.context) == expect
    simulated = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=[f"kms:{case.call}"],
        ResourceArns=[key],
        ResourcePolicy=document,
        ContextEntries=entries(case.context),
        CallerArn=f"arn:aws:sts::{account.id}:assumed-role/who/session-1" if "NotPrincipal" in case.name and kind == "role" else arn,
    )["EvaluationResults"]
    if "NotPrincipal" in case.name and kind == "role":
        return
    assert [result["EvalDecision"] for result in simulated] == [expect]


def test_a_simulation_says_which_statements_decided_and_what_it_lacked(site):
    account = Account(site)
    own = policy(allows("kms:Encrypt"), denies("kms:Decrypt", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    pretty = json.dumps(json.loads(own), indent=1)
    ask = {"PolicyInputList": [policy(allows("s3:*")), pretty], "ActionNames": ["kms:Encrypt", "kms:Decrypt", "s3:Get"]}
    results = account.iam.simulate_custom_policy(**ask)["EvaluationResults"]
    assert [(result["EvalActionName"], result["EvalDecision"]) for result in results] == [
        ("kms:Encrypt", "allowed"),
        ("kms:Decrypt", "implicitDeny"),
        ("s3:Get", "allowed"),
    ]
    [matched] = results[0]["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.2"
    lines = pretty.split("\n")
    begin, end = matched["StartPosition"], matched["EndPosition"]
    assert lines[begin["Line"] - 1][begin["Column"] - 1] == "{"
    assert lines[end["Line"] - 1][: end["Column"] - 1].endswith("}") and begin["Line"] < end["Line"]
    assert results[1]["MissingContextValues"] == ["aws:SecureTransport"]
    given = [{"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["false"], "ContextKeyType": "boolean"}]
    [result] = account.iam.simulate_custom_policy(
        PolicyInputList=[own, policy(allows("*"))], ActionNames=["kms:Decrypt"], ContextEntries=given
    )["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("explicitDeny", [])
    names = account.iam.get_context_keys_for_custom_policy(PolicyInputList=[own])["ContextKeyNames"]
    assert names == ["aws:SecureTransport"]


def test_a_simulation_hears_boundaries_and_organizations(site):
    account = Account(site)
    ask = {"PolicyInputList": [policy(allows("kms:*"))], "ActionNames": ["kms:Encrypt"]}
    narrow, wide = [policy(allows("kms:Decrypt"))], [policy(allows("*"))]
    for boundary, organization, expect in (
        (None, None, "allowed"),
        (narrow, None, "implicitDeny"),
        (wide, None, "allowed"),
        (None, [wide, narrow], "implicitDeny"),
        (None, [wide, wide], "allowed"),
        (wide, [[policy(allows("*"), denies("kms:Encrypt"))]], "explicitDeny"),
    ):
        more = {}
        if boundary:
            more["PermissionsBoundaryPolicyInputList"] = boundary
        if organization:
            more["OrderedOrganizationPolicyInputList"] = [
                {"ServiceControlPolicyInputList": level} for level in organization
            ]
        [result] = account.iam.simulate_custom_policy(**ask, **more)["EvaluationResults"]
        assert result["EvalDecision"] == expect, (boundary, organization)
        if boundary:
            detail = result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]
            assert detail == (boundary == wide)
        if organization:
            detail = result["OrganizationsDecisionDetail"]["AllowedByOrganizations"]
            assert detail == (expect == "allowed")


def test_a_simulation_of_a_group_or_user_takes_its_policies(site):
    account = Account(site)
    user = account.user("amy", allows("kms:Decrypt", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    group = account.iam.create_group(GroupName="g")["Group"]
    account.iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=policy(allows("kms:Encrypt")))
    managed = account.iam.create_policy(PolicyName="m", PolicyDocument=policy(denies("kms:Encrypt")))["Policy"]["Arn"]

    def decisions(arn):
        pages = account.iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=arn, ActionNames=["kms:Encrypt", "kms:Decrypt"], PaginationConfig={"PageSize": 1}
        )
        return [(result["EvalDecision"], result["MatchedStatements"]) for page in pages for result in page["EvaluationResults"]]

    assert [decision for decision, _ in decisions(user.arn)] == ["implicitDeny", "implicitDeny"]
    account.iam.add_user_to_group(GroupName="g", UserName="amy")
    (decision, [matched]), _ = decisions(user.arn)
    assert (decision, matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("allowed", "group_g_p", "group")
    assert decisions(group["Arn"])[0][0] == "allowed"
    account.iam.attach_user_policy(UserName="amy", PolicyArn=managed)
    (decision, [matched]), _ = decisions(user.arn)
    assert (decision, matched["SourcePolicyId"]) == ("explicitDeny", managed)
    names = account.iam.get_context_keys_for_principal_policy(PolicySourceArn=user.arn)["ContextKeyNames"]
    assert names == ["aws:SecureTransport"]
