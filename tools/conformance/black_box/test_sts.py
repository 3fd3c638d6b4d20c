"""Temporary credentials: who gets them, what they may do, when they end."""

import time

import pytest

from harness.people import Account, allows, denial, denies, no_allow, policy, refused, trusts

TEXT = b"a secret"


@pytest.fixture
def account(site):
    return Account(site)


def may(client, key):
    try:
        client.encrypt(KeyId=key, Plaintext=TEXT)
    except client.exceptions.ClientError as error:
        return error.response["Error"].get("Message", "")
    return True


def assume(user, role, session="session-1", **more):
    return user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName=session, **more)


def test_a_role_is_assumed_and_narrowed_by_a_session_policy(account):
    key, user = account.key(), account.user("alice", allows("sts:AssumeRole"))
    role = account.role("deployer", trusts(account.root), allows("kms:*"), Path="/team/")
    made = assume(user, role)
    who = f"arn:aws:sts::{account.id}:assumed-role/deployer/session-1"
    assert made["AssumedRoleUser"] == {"AssumedRoleId": f"{role['RoleId']}:session-1", "Arn": who}
    session = account.client(made["Credentials"])
    assert may(session, key) is True
    identity = account.client(made["Credentials"], "sts").get_caller_identity()
    assert (identity["UserId"], identity["Account"], identity["Arn"]) == (f"{role['RoleId']}:session-1", account.id, who)
    narrow = assume(user, role, Policy=policy(allows("kms:Decrypt", key)))
    assert narrow["PackedPolicySize"] > 0
    narrowed = account.client(narrow["Credentials"])
    assert may(narrowed, key) == denial(who, "kms:Encrypt", key, no_allow("kms:Encrypt", "session policy"))
    read_only = assume(user, role, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}])
    assert may(account.client(read_only["Credentials"]), key) is not True
    # What the role loses, its sessions lose, at once.
    account.iam.delete_role_policy(RoleName="deployer", PolicyName="own")
    assert may(session, key) == denial(who, "kms:Encrypt", key, no_allow("kms:Encrypt"))
    account.iam.delete_role(RoleName="deployer")
    refused(session.list_keys, "UnrecognizedClientException")


def test_a_trust_policy_lets_in_whom_it_names(site, account):
    user, other = account.user("bob"), Account(site)
    stranger = other.user("carol", allows("sts:AssumeRole"))
    # Named itself, a user of the same account needs no policy of its own.
    role = account.role("named", trusts(user.arn))
    assume(user, role)
    # Named by its account, it does.
    role = account.role("account", trusts(account.root))
    refused(
        user.sts.assume_role,
        "AccessDenied",
        denial(user.arn, "sts:AssumeRole", role["Arn"], no_allow("sts:AssumeRole")),
        403,
        RoleArn=role["Arn"],
        RoleSessionName="session-1",
    )
    wanted = denial(stranger.arn, "sts:AssumeRole", role["Arn"], no_allow("sts:AssumeRole", "role trust policy"))
    refused(stranger.sts.assume_role, "AccessDenied", wanted, 403, RoleArn=role["Arn"], RoleSessionName="session-1")
    # Another account's user needs both.
    role = account.role("across", trusts(other.root))
    assume(stranger, role)
    other.iam.delete_user_policy(UserName="carol", PolicyName="own")
    refused(stranger.sts.assume_role, "AccessDenied", RoleArn=role["Arn"], RoleSessionName="session-1")
    other.iam.put_user_policy(UserName="carol", PolicyName="own", PolicyDocument=policy(denies("sts:*")))
    account.iam.update_assume_role_policy(RoleName="across", PolicyDocument=trusts(stranger.arn))
    text = refused(stranger.sts.assume_role, "AccessDenied", RoleArn=role["Arn"], RoleSessionName="session-1")
    assert text.endswith("with an explicit deny in an identity-based policy")


def test_who_is_not_there_reads_like_who_does_not_let_in(account):
    user = account.user("dora", allows("sts:AssumeRole"))
    arn = account.arn("role/nobody")
    text = f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    refused(user.sts.assume_role, "AccessDenied", text, 403, RoleArn=arn, RoleSessionName="session-1")
    wrong = "arn:aws:iam::1:role/x-------"
    refused(user.sts.assume_role, "ValidationError", f"{wrong} is invalid", 400, RoleArn=wrong, RoleSessionName="s1")
    root = account.clients("sts", account=account.id)
    role = account.role("r", trusts(account.root))
    text = "Roles may not be assumed by root accounts."
    refused(root.assume_role, "AccessDenied", text, 403, RoleArn=role["Arn"], RoleSessionName="session-1")
    text = (
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )
    refused(user.sts.assume_role, "ValidationError", text, 400, RoleArn=role["Arn"], RoleSessionName="Session1:2")


def test_an_external_id_is_asked_for(account):
    user = account.user("emil")
    trust = trusts(user.arn, Condition={"StringEquals": {"sts:ExternalId": "secret-7"}})
    role = account.role("vendor", trust)
    refused(user.sts.assume_role, "AccessDenied", RoleArn=role["Arn"], RoleSessionName="session-1")
    refused(user.sts.assume_role, "AccessDenied", RoleArn=role["Arn"], RoleSessionName="session-1", ExternalId="other")
    assume(user, role, ExternalId="secret-7")


def test_sessions_last_as_long_as_they_may(account):
    user = account.user("fay", allows("sts:AssumeRole"))
    role = account.role("short", trusts(account.root), allows("sts:AssumeRole"))
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    long = {"RoleArn": role["Arn"], "RoleSessionName": "session-1", "DurationSeconds": 7200}
    refused(user.sts.assume_role, "ValidationError", text, 400, **long)
    account.iam.update_role(RoleName="short", MaxSessionDuration=7200)
    credentials = user.sts.assume_role(**long)["Credentials"]
    chained = account.client(credentials, "sts")
    chained.assume_role(**{**long, "DurationSeconds": 3600})
    text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    refused(chained.assume_role, "ValidationError", text, 400, **long)


def test_a_session_ends(own_site):
    account = Account(own_site)
    user = account.user("gil")
    made = user.sts.get_session_token(DurationSeconds=900)["Credentials"]
    client = account.client(made, "sts")
    assert client.get_caller_identity()["Arn"] == user.arn
    assert abs(made["Expiration"].timestamp() - time.time() - 900) < 120
    own_site.server.advance(901)
    refused(client.get_caller_identity, "ExpiredToken", "The security token included in the request is expired", 403)
    kms = account.client(made)
    refused(kms.list_keys, "ExpiredTokenException", "The security token included in the request is expired", 400)


def test_a_token_is_good_for_its_access_key_alone(account):
    user = account.user("hal")
    one, other = (user.sts.get_session_token()["Credentials"] for _ in range(2))
    invalid = "The security token included in the request is invalid"
    swapped = {**one, "SessionToken": other["SessionToken"]}
    for service, code in (("sts", "InvalidClientTokenId"), ("kms", "UnrecognizedClientException")):
        call = "get_caller_identity" if service == "sts" else "list_keys"
        refused(getattr(account.client(swapped, service), call), code, invalid)
        none = {name: value for name, value in one.items() if name != "SessionToken"}
        refused(getattr(account.client(none, service), call), code, invalid + ".")
        bent = {**one, "SessionToken": one["SessionToken"][:-8] + "AAAAAAA="}
        refused(getattr(account.client(bent, service), call), code, invalid)
        with_long_lived = {**user.key, "SessionToken": one["SessionToken"]}
        refused(getattr(account.client(with_long_lived, service), call), code, invalid)
    wrong = {**one, "SecretAccessKey": other["SecretAccessKey"]}
    refused(account.client(wrong, "sts").get_caller_identity, "SignatureDoesNotMatch")
    assert account.client(one, "sts").get_caller_identity()["UserId"] == user.id


def test_a_users_session_is_the_user(account):
    key, user = account.key(), account.user("ida", allows("kms:Encrypt"))
    made = user.sts.get_session_token()["Credentials"]
    assert may(account.client(made), key) is True
    sts = account.client(made, "sts")
    text = "Cannot call GetSessionToken with session credentials"
    refused(sts.get_session_token, "AccessDenied", text, 403)
    old = denies("kms:*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2099-01-01T00:00:00Z"}})
    account.iam.put_user_policy(UserName="ida", PolicyName="revoke", PolicyDocument=policy(old))
    assert may(account.client(made), key) is not True
    assert may(user.kms, key) is True, "a long-lived key has no time of issue"


def test_iam_takes_sessions_of_roles_alone(account):
    user = account.user("otto", allows(["iam:*", "sts:*"]))
    role = account.role("admin", trusts(account.root), allows("iam:*"))
    assert len(account.client(assume(user, role)["Credentials"], "iam").list_users()["Users"]) == 1
    own = user.sts.get_session_token()["Credentials"]
    guest = user.sts.get_federation_token(Name="guest", Policy=policy(allows("iam:*")))["Credentials"]
    root = account.clients("sts", account=account.id).get_session_token()["Credentials"]
    for session in (own, guest, root):
        text = "The security token included in the request is invalid"
        refused(account.client(session, "iam").list_users, "InvalidClientTokenId", text, 403)


def test_a_federated_user_has_what_both_its_policy_and_its_user_allow(account):
    key = account.key()
    user = account.user("jo", allows(["sts:GetFederationToken", "kms:Encrypt"]))
    made = user.sts.get_federation_token(Name="guest", Policy=policy(allows("kms:*")))
    who = f"arn:aws:sts::{account.id}:federated-user/guest"
    assert made["FederatedUser"] == {"FederatedUserId": f"{account.id}:guest", "Arn": who}
    guest = account.client(made["Credentials"])
    sealed = guest.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    wanted = denial(who, "kms:Decrypt", key, no_allow("kms:Decrypt"))
    refused(guest.decrypt, "AccessDeniedException", wanted, KeyId=key, CiphertextBlob=sealed)
    bare = account.client(user.sts.get_federation_token(Name="bare")["Credentials"])
    assert may(bare, key) == denial(
        f"arn:aws:sts::{account.id}:federated-user/bare", "kms:Encrypt", key, no_allow("kms:Encrypt", "session policy")
    )


def test_tags_of_a_session_win_and_go_on(account):
    key = account.key()
    tagged = allows("kms:Encrypt", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    user = account.user("kai", allows("sts:AssumeRole"))
    trust = trusts(account.root, ["sts:AssumeRole", "sts:TagSession"])
    first = account.role("first", trust, tagged, allows("sts:AssumeRole"), Tags=[{"Key": "team", "Value": "blue"}])
    second = account.role("second", trust, tagged)
    red = [{"Key": "team", "Value": "red"}]
    assert may(account.client(assume(user, first)["Credentials"]), key) is not True
    # TagSession is an action of its own, which the user's policy must allow as well.
    refused(user.sts.assume_role, "AccessDenied", RoleArn=first["Arn"], RoleSessionName="session-1", Tags=red)
    own = policy(allows(["sts:AssumeRole", "sts:TagSession"]))
    account.iam.put_user_policy(UserName="kai", PolicyName="own", PolicyDocument=own)
    plain = assume(user, first, Tags=red)["Credentials"]
    assert may(account.client(plain), key) is True
    passing = assume(user, first, Tags=red, TransitiveTagKeys=["team"])["Credentials"]
    for credentials, wanted in ((plain, False), (passing, True)):
        chained = account.client(credentials, "sts").assume_role(RoleArn=second["Arn"], RoleSessionName="session-2")
        assert (may(account.client(chained["Credentials"]), key) is True) == wanted
    ask = {"RoleArn": second["Arn"], "RoleSessionName": "session-2"}
    refused(
        user.sts.assume_role,
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        400,
        **ask,
        Tags=[*red, {"Key": "TEAM", "Value": "x"}],
    )
    text = "The specified transitive tag key must be included in the requested tags."
    refused(user.sts.assume_role, "InvalidParameterValue", text, 400, **ask, Tags=red, TransitiveTagKeys=["other"])
    account.iam.put_role_policy(RoleName="first", PolicyName="own", PolicyDocument=own)
    text = (
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session."
    )
    refused(account.client(passing, "sts").assume_role, "InvalidParameterValue", text, 400, **ask, Tags=red)


def test_a_source_identity_stays(account):
    key = account.key()
    known = allows("kms:Encrypt", Condition={"StringEquals": {"aws:SourceIdentity": "lena"}})
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    user = account.user("lena", allows(both))
    first = account.role("first", trusts(account.root, both), known, allows(both))
    second = account.role("second", trusts(account.root, both), known)
    made = assume(user, first, SourceIdentity="lena")
    assert made["SourceIdentity"] == "lena"
    assert may(account.client(made["Credentials"]), key) is True
    sts = account.client(made["Credentials"], "sts")
    chained = sts.assume_role(RoleArn=second["Arn"], RoleSessionName="session-2")
    assert chained["SourceIdentity"] == "lena"
    assert may(account.client(chained["Credentials"]), key) is True
    ask = {"RoleArn": second["Arn"], "RoleSessionName": "session-2", "SourceIdentity": "mallory"}
    refused(sts.assume_role, "ValidationError", **ask)


def test_a_session_policy_has_its_limits(account):
    user = account.user("mia", allows("sts:AssumeRole"))
    role = account.role("r", trusts(account.root), allows("kms:*"))
    ask = {"RoleArn": role["Arn"], "RoleSessionName": "session-1"}
    refused(user.sts.assume_role, "MalformedPolicyDocument", "This policy contains invalid Json", 400, **ask, Policy="x")
    long = policy(*[allows(f"kms:{'a' * 60}") for _ in range(17)])
    arns = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}] * 9
    text = refused(user.sts.assume_role, "PackedPolicyTooLarge", **ask, Policy=long, PolicyArns=arns)
    assert text.startswith("Packed policy consumes ") and text.endswith("please use smaller policy.")
    absent = account.arn("policy/nobody")
    refused(user.sts.assume_role, "ValidationError", f"{absent} is invalid", 400, **ask, PolicyArns=[{"arn": absent}])


def test_whose_an_access_key_is(account):
    user = account.user("nora")
    root = account.clients("sts", account=account.id)
    assert root.get_access_key_info(AccessKeyId=user.key["AccessKeyId"])["Account"] == account.id
    refused(user.sts.get_access_key_info, "AccessDenied", AccessKeyId=user.key["AccessKeyId"])
    unknown = "AKIA" + "A" * 16
    refused(root.get_access_key_info, "ValidationError", f"{unknown} is invalid", 400, AccessKeyId=unknown)


def test_root_gets_a_session_of_an_hour(account):
    key = account.key()
    made = account.clients("sts", account=account.id).get_session_token(DurationSeconds=7200)["Credentials"]
    assert made["Expiration"].timestamp() - time.time() < 3700
    assert may(account.client(made), key) is True
    assert account.client(made, "sts").get_caller_identity()["Arn"] == account.root
