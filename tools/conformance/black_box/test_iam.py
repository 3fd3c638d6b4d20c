"""Users, groups, roles and what their policies let them do, as administrators set them up with unmodified clients."""

import json
import urllib.parse

import pytest

from harness.clients import REGION
from harness.people import Account, allows, denial, denies, no_allow, policy, refused, trusts

TEXT = b"a secret"


@pytest.fixture
def account(site):
    return Account(site)


def may(client, key):
    """Whether the caller may encrypt under the key, and what it reads if not."""
    try:
        client.encrypt(KeyId=key, Plaintext=TEXT)
    except client.exceptions.ClientError as error:
        return error.response["Error"].get("Message", "")
    return True


def test_a_user_may_what_its_policies_say_and_nothing_else(account):
    key, user = account.key(), account.user("alice")
    wanted = denial(user.arn, "kms:Encrypt", key, no_allow("kms:Encrypt"))
    refused(user.kms.encrypt, "AccessDeniedException", wanted, 400, KeyId=key, Plaintext=TEXT)
    put = account.iam.put_user_policy
    put(UserName="alice", PolicyName="own", PolicyDocument=policy(allows("kms:Encrypt", key)))
    sealed = user.kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    refused(user.kms.decrypt, "AccessDeniedException", CiphertextBlob=sealed)
    put(UserName="alice", PolicyName="own", PolicyDocument=policy(allows("kms:*"), denies("kms:Decrypt")))
    wanted = denial(user.arn, "kms:Decrypt", key, "with an explicit deny in an identity-based policy")
    refused(user.kms.decrypt, "AccessDeniedException", wanted, KeyId=key, CiphertextBlob=sealed)
    account.iam.delete_user_policy(UserName="alice", PolicyName="own")
    assert may(user.kms, key) == denial(user.arn, "kms:Encrypt", key, no_allow("kms:Encrypt"))


def test_a_group_gives_its_members_its_policies(account):
    key, user = account.key(), account.user("bob")
    account.iam.create_group(GroupName="Keys")
    account.iam.put_group_policy(GroupName="Keys", PolicyName="p", PolicyDocument=policy(allows("kms:Encrypt", key)))
    assert may(user.kms, key) is not True
    account.iam.add_user_to_group(GroupName="keys", UserName="BOB")
    assert may(user.kms, key) is True
    assert [group["GroupName"] for group in account.iam.list_groups_for_user(UserName="bob")["Groups"]] == ["Keys"]
    assert [member["Arn"] for member in account.iam.get_group(GroupName="Keys")["Users"]] == [user.arn]
    account.iam.update_group(GroupName="Keys", NewGroupName="Locks", NewPath="/team/")
    assert may(user.kms, key) is True
    conflict = "Cannot delete entity, must remove users from group first."
    refused(account.iam.delete_group, "DeleteConflict", conflict, 409, GroupName="Locks")
    account.iam.remove_user_from_group(GroupName="Locks", UserName="bob")
    assert may(user.kms, key) is not True
    conflict = "Cannot delete entity, must delete policies first."
    refused(account.iam.delete_group, "DeleteConflict", conflict, GroupName="Locks")
    account.iam.delete_group_policy(GroupName="Locks", PolicyName="p")
    account.iam.delete_group(GroupName="Locks")


def test_a_managed_policy_decides_by_its_default_version(account):
    key, user = account.key(), account.user("carol")
    made = account.iam.create_policy(PolicyName="Keys", Path="/team/", PolicyDocument=policy(allows("kms:Decrypt")))
    arn = made["Policy"]["Arn"]
    assert arn == account.arn("policy/team/Keys")
    account.iam.attach_user_policy(UserName="carol", PolicyArn=arn)
    assert may(user.kms, key) is not True
    version = account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allows("kms:Encrypt")))
    assert version["PolicyVersion"]["VersionId"] == "v2" and not version["PolicyVersion"]["IsDefaultVersion"]
    assert may(user.kms, key) is not True
    account.iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert may(user.kms, key) is True
    shown = account.iam.get_policy(PolicyArn=arn)["Policy"]
    assert (shown["DefaultVersionId"], shown["AttachmentCount"]) == ("v2", 1)
    refused(account.iam.delete_policy, "DeleteConflict", "Cannot delete a policy attached to entities.", PolicyArn=arn)
    assert account.iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"][0]["UserName"] == "carol"
    account.iam.detach_user_policy(UserName="carol", PolicyArn=arn)
    assert may(user.kms, key) is not True
    text = refused(account.iam.delete_policy, "DeleteConflict", PolicyArn=arn)
    assert text.startswith("This policy has more than one version.")
    account.iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    account.iam.delete_policy(PolicyArn=arn)
    refused(account.iam.get_policy, "NoSuchEntity", f"Policy {arn} was not found.", 404, PolicyArn=arn)


def test_awss_own_policies_can_be_attached_and_not_changed(account):
    key, user = account.key(), account.user("dave")
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    account.iam.attach_user_policy(UserName="dave", PolicyArn=arn)
    assert may(user.kms, key) is True
    assert user.client("iam").list_users()["Users"][0]["UserName"] == "dave"
    refused(account.iam.create_policy_version, "AccessDenied", PolicyArn=arn, PolicyDocument=policy(allows("*")))
    local = account.iam.list_policies(Scope="Local")["Policies"]
    aws = account.iam.list_policies(Scope="AWS")["Policies"]
    assert local == [] and arn in [shown["Arn"] for shown in aws]
    absent = "arn:aws:iam::aws:policy/NoSuchPolicy"
    text = f"Policy {absent} does not exist or is not attachable."
    refused(account.iam.attach_user_policy, "NoSuchEntity", text, 404, UserName="dave", PolicyArn=absent)


def test_a_boundary_limits_and_gives_nothing(account):
    key = account.key()
    bound = account.iam.create_policy(PolicyName="Bound", PolicyDocument=policy(allows(["kms:Decrypt", "kms:List*"])))
    arn = bound["Policy"]["Arn"]
    user = account.user("erin", allows("kms:Encrypt"), PermissionsBoundary=arn)
    assert account.iam.get_user(UserName="erin")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert may(user.kms, key) == denial(
        user.arn, "kms:Encrypt", key, no_allow("kms:Encrypt", "permissions boundary")
    )
    refused(user.kms.list_keys, "AccessDeniedException")
    refused(account.iam.delete_policy, "DeleteConflict", PolicyArn=arn)
    account.iam.delete_user_permissions_boundary(UserName="erin")
    assert may(user.kms, key) is True
    account.iam.put_user_permissions_boundary(UserName="erin", PermissionsBoundary=arn)
    assert may(user.kms, key) is not True


def test_an_access_key_is_switched_off_and_on_at_once(account):
    user = account.user("frank", allows("kms:ListKeys"))
    iam, key = account.iam, user.key["AccessKeyId"]
    user.kms.list_keys()
    iam.update_access_key(UserName="frank", AccessKeyId=key, Status="Inactive")
    unknown = "The security token included in the request is invalid."
    refused(user.kms.list_keys, "UnrecognizedClientException", unknown, 400)
    refused(user.sts.get_caller_identity, "InvalidClientTokenId", unknown, 403)
    assert [shown["Status"] for shown in iam.list_access_keys(UserName="frank")["AccessKeyMetadata"]] == ["Inactive"]
    iam.update_access_key(UserName="frank", AccessKeyId=key, Status="Active")
    user.kms.list_keys()
    second = iam.create_access_key(UserName="frank")["AccessKey"]
    account.client(second).list_keys()
    text = "Cannot exceed quota for AccessKeysPerUser: 2"
    refused(iam.create_access_key, "LimitExceeded", text, 409, UserName="frank")
    iam.delete_access_key(UserName="frank", AccessKeyId=key)
    refused(user.kms.list_keys, "UnrecognizedClientException", unknown)
    account.client(second).list_keys()
    conflict = "Cannot delete entity, must delete access keys first."
    refused(iam.delete_user, "DeleteConflict", conflict, 409, UserName="frank")


def test_a_user_who_is_deleted_and_made_again_is_another_one(account):
    key, user = account.key(), account.user("grace", allows("kms:*"))
    assert may(user.kms, key) is True
    account.iam.delete_access_key(UserName="grace", AccessKeyId=user.key["AccessKeyId"])
    account.iam.delete_user_policy(UserName="grace", PolicyName="own")
    account.iam.delete_user(UserName="grace")
    refused(account.iam.get_user, "NoSuchEntity", "The user with name grace cannot be found.", 404, UserName="grace")
    again = account.user("grace")
    assert again.id != user.id and again.arn == user.arn
    refused(user.kms.list_keys, "UnrecognizedClientException")
    assert may(again.kms, key) is not True


def test_a_user_who_is_renamed_keeps_key_and_policies(account):
    key, user = account.key(), account.user("heidi", allows("kms:Encrypt"))
    assert may(user.kms, key) is True
    account.iam.update_user(UserName="heidi", NewUserName="Ivan", NewPath="/team/")
    assert may(user.kms, key) is True
    identity = user.sts.get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (account.arn("user/team/Ivan"), user.id)
    refused(account.iam.get_user, "NoSuchEntity", UserName="heidi")
    account.user("judy")
    taken = "User with name IVAN already exists."
    refused(account.iam.update_user, "EntityAlreadyExists", taken, 409, UserName="judy", NewUserName="IVAN")


def test_administrators_and_users_of_a_key_are_apart(account):
    admin, worker = account.user("admin"), account.user("worker")
    statements = [
        {
            "Sid": "Administer",
            "Effect": "Allow",
            "Principal": {"AWS": admin.arn},
            "Action": ["kms:Describe*", "kms:Get*", "kms:Put*", "kms:Disable*", "kms:Enable*", "kms:ScheduleKeyDeletion"],
            "Resource": "*",
        },
        {
            "Sid": "Use",
            "Effect": "Allow",
            "Principal": {"AWS": [worker.arn]},
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": "*",
        },
    ]
    key = account.key(*statements)
    admin.kms.describe_key(KeyId=key)
    assert may(admin.kms, key) == denial(admin.arn, "kms:Encrypt", key, no_allow("kms:Encrypt"))
    sealed = worker.kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    assert worker.kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == TEXT
    refused(worker.kms.disable_key, "AccessDeniedException", KeyId=key)
    admin.kms.disable_key(KeyId=key)
    refused(worker.kms.encrypt, "DisabledException", KeyId=key, Plaintext=TEXT)


def test_without_the_accounts_statement_identity_policies_give_nothing(account):
    user = account.user("kim", allows("kms:*"))
    own = {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "kms:PutKeyPolicy", "Resource": "*"}
    key = account.kms.create_key(Policy=policy(own), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    assert may(user.kms, key) == denial(
        user.arn, "kms:Encrypt", key, no_allow("kms:Encrypt", "resource-based policy")
    )
    assert may(account.kms, key) is not True


def test_a_second_account_needs_both_sides(site, account):
    other = Account(site)
    key, user = account.key(), other.user("lee")
    hidden = (
        f"User: {user.arn} is not authorized to perform: kms:Encrypt on this resource because the resource does not "
        "exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "
        "access"
    )
    assert may(user.kms, key) == hidden
    other.iam.put_user_policy(UserName="lee", PolicyName="own", PolicyDocument=policy(allows("kms:Encrypt", key)))
    assert may(user.kms, key) == hidden
    let_in = {"Effect": "Allow", "Principal": {"AWS": other.root}, "Action": "kms:Encrypt", "Resource": "*"}
    own = {"Effect": "Allow", "Principal": {"AWS": account.root}, "Action": "kms:*", "Resource": "*"}
    account.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(own, let_in))
    assert may(user.kms, key) is True
    other.iam.delete_user_policy(UserName="lee", PolicyName="own")
    assert may(user.kms, key) == (
        f"User: {user.arn} is not authorized to perform: kms:Encrypt on this resource {no_allow('kms:Encrypt')}"
    )


def test_a_policy_may_name_only_who_exists(account):
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    for resource in ("user/nobody", "role/nobody", "user/team/max"):
        named = {**statement, "Principal": {"AWS": account.arn(resource)}}
        text = "Policy contains a statement with one or more invalid principals."
        refused(account.kms.create_key, "MalformedPolicyDocumentException", text, Policy=policy(named))
    user = account.user("max")
    account.kms.create_key(Policy=policy({**statement, "Principal": {"AWS": [user.arn, account.root]}}))
    account.kms.create_key(Policy=policy({**statement, "Principal": {"AWS": [user.id, account.root]}}))


def test_a_grant_to_a_user_or_role_gives_what_it_says(account):
    key, user = account.key(), account.user("nina")
    role = account.role("worker", trusts(account.root))
    account.iam.put_user_policy(UserName="nina", PolicyName="own", PolicyDocument=policy(allows("sts:AssumeRole")))
    assert may(user.kms, key) is not True
    grant = account.kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Encrypt"])
    assert may(user.kms, key) is True
    account.kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    assert may(user.kms, key) is not True
    session = user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1")["Credentials"]
    assert may(account.client(session), key) is not True
    account.kms.create_grant(KeyId=key, GranteePrincipal=role["Arn"], Operations=["Encrypt"])
    assert may(account.client(session), key) is True


def test_variables_and_tags_of_the_caller_count(account):
    key = account.key(Tags=[{"TagKey": "team", "TagValue": "red"}])
    same_team = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    red = account.user("red", allows("kms:Encrypt", Condition=same_team), Tags=[{"Key": "team", "Value": "red"}])
    blue = account.user("blue", allows("kms:Encrypt", Condition=same_team), Tags=[{"Key": "team", "Value": "blue"}])
    assert may(red.kms, key) is True
    assert may(blue.kms, key) is not True
    account.iam.tag_user(UserName="blue", Tags=[{"Key": "Team", "Value": "red"}])
    assert may(blue.kms, key) is True
    account.iam.untag_user(UserName="blue", TagKeys=["team"])
    assert may(blue.kms, key) is not True
    named = allows("kms:Encrypt", Condition={"StringEquals": {"aws:username": "olga"}})
    assert may(account.user("olga", named).kms, key) is True
    assert may(account.user("oleg", named).kms, key) is not True


def test_users_administer_iam_as_far_as_they_may(account):
    own = account.arn("user/${aws:username}")
    user = account.user("paul", allows(["iam:*AccessKey*", "iam:GetUser"], own))
    iam = user.client("iam")
    assert iam.get_user()["User"]["Arn"] == user.arn
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1
    account.user("quinn")
    text = denial(user.arn, "iam:GetUser", account.arn("user/quinn"), no_allow("iam:GetUser"))
    refused(iam.get_user, "AccessDenied", text, 403, UserName="quinn")
    # Who isn't there is denied like everybody else.
    text = denial(user.arn, "iam:GetUser", account.arn("user/nobody"), no_allow("iam:GetUser"))
    refused(iam.get_user, "AccessDenied", text, 403, UserName="nobody")
    refused(iam.create_user, "AccessDenied", UserName="robin")
    refused(iam.list_users, "AccessDenied")


def test_conditions_of_iam_limit_what_may_be_attached(account):
    arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    only = {"ArnEquals": {"iam:PolicyARN": arn}}
    user = account.user("rosa", allows("iam:AttachUserPolicy", Condition=only))
    account.user("sam")
    user.client("iam").attach_user_policy(UserName="sam", PolicyArn=arn)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    refused(user.client("iam").attach_user_policy, "AccessDenied", UserName="sam", PolicyArn=admin)
    bound = account.iam.create_policy(PolicyName="Bound", PolicyDocument=policy(allows("kms:*")))["Policy"]["Arn"]
    makes = allows("iam:CreateUser", Condition={"StringEquals": {"iam:PermissionsBoundary": bound}})
    maker = account.user("tom", makes).client("iam")
    refused(maker.create_user, "AccessDenied", UserName="una")
    maker.create_user(UserName="una", PermissionsBoundary=bound)


def test_documents_come_back_as_they_were_put(account):
    text = '{\n "Version": "2012-10-17",\n "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}\n}'
    account.user("vera")
    account.iam.put_user_policy(UserName="vera", PolicyName="own", PolicyDocument=text)
    shown = account.iam.get_user_policy(UserName="vera", PolicyName="own")
    assert shown["PolicyDocument"] == json.loads(text) and shown["UserName"] == "vera"
    raw = account.iam.meta.events
    seen = {}
    raw.register("before-parse.iam.GetUserPolicy", lambda response_dict, **_: seen.update(response_dict))
    account.iam.get_user_policy(UserName="vera", PolicyName="own")
    assert urllib.parse.quote(text, safe="").encode() in seen["body"]


BAD_DOCUMENTS = [
    ("not json", "This policy contains invalid Json"),
    ("[]", "Syntax errors in policy."),
    ('{"Version":"2020-01-01","Statement":[]}', "Policy document must be version 2012-10-17 or greater."),
    (policy({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
    (policy({"Effect": "Allow", "Action": "kms:*"}), "Policy statement must contain resources."),
    (policy(allows("kms:*", "bucket")), 'Resource bucket must be in ARN format or "*".'),
    (policy(allows("encrypt")), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (policy(allows("kms:a:b")), "Actions/Condition can contain only one colon."),
    (policy(allows("kms:*", Principal="*")), "Policy document should not specify a principal."),
    (
        policy(allows("kms:*", Sid="a"), allows("kms:*", Sid="a")),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
]


@pytest.mark.parametrize(("document", "text"), BAD_DOCUMENTS)
def test_a_document_that_is_no_policy_is_refused_in_iams_words(site, document, text):
    account = Account(site)
    refused(
        account.iam.create_policy, "MalformedPolicyDocument", text, 400, PolicyName="p", PolicyDocument=document
    )
    account.iam.create_group(GroupName="g")
    refused(
        account.iam.put_group_policy,
        "MalformedPolicyDocument",
        text,
        GroupName="g",
        PolicyName="p",
        PolicyDocument=document,
    )


def test_a_trust_policy_is_held_to_rules_of_its_own(account):
    def create(document, code, text):
        refused(account.iam.create_role, code, text, 400, RoleName="r", AssumeRolePolicyDocument=document)

    bad = "MalformedPolicyDocument"
    create(trusts(account.root, "kms:Encrypt"), bad, (
        "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and "
        "sts:AssumeRoleWithWebIdentity"
    ))  # fmt: skip
    create(trusts(account.root, Resource="*"), bad, "Has prohibited field Resource.")
    nobody = account.arn("user/nobody")
    create(trusts(nobody), bad, f'Invalid principal in policy: "AWS":"{nobody}"')
    create(trusts({"Service": "nobody"}), bad, 'Invalid principal in policy: "SERVICE":"nobody"')
    account.role("r", trusts({"Service": "lambda.amazonaws.com"}))


def test_limits_are_those_of_iam(account):
    account.user("wanda")
    long = policy(allows(["kms:" + "a" * 100] * 20))
    text = "Maximum policy size of 2048 bytes exceeded for user wanda"
    refused(
        account.iam.put_user_policy, "LimitExceeded", text, 409, UserName="wanda", PolicyName="p", PolicyDocument=long
    )
    account.iam.create_group(GroupName="g")
    account.iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=long)
    for number in range(10):
        made = account.iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(allows("kms:*")))["Policy"]
        account.iam.attach_user_policy(UserName="wanda", PolicyArn=made["Arn"])
    for number in range(2, 6):
        account.iam.create_policy_version(PolicyArn=made["Arn"], PolicyDocument=policy(allows("kms:*")))
    text = refused(
        account.iam.create_policy_version,
        "LimitExceeded",
        PolicyArn=made["Arn"],
        PolicyDocument=policy(allows("kms:*")),
    )
    assert text.startswith("A managed policy can have up to 5 versions.")
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    text = "Cannot exceed quota for PoliciesPerUser: 10"
    refused(account.iam.attach_user_policy, "LimitExceeded", text, 409, UserName="wanda", PolicyArn=arn)
    tags = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    refused(account.iam.create_user, "InvalidInput", text, 400, UserName="xena", Tags=tags)


def test_names_are_told_apart_without_case(account):
    account.user("Yara")
    taken = "User with name YARA already exists."
    refused(account.iam.create_user, "EntityAlreadyExists", taken, 409, UserName="YARA")
    assert account.iam.get_user(UserName="yara")["User"]["UserName"] == "Yara"
    account.iam.create_policy(PolicyName="Keys", PolicyDocument=policy(allows("kms:*")))
    taken = "A policy called keys already exists. Duplicate names are not allowed."
    refused(
        account.iam.create_policy,
        "EntityAlreadyExists",
        taken,
        PolicyName="keys",
        Path="/x/",
        PolicyDocument=policy(allows("kms:*")),
    )


def test_lists_come_page_by_page_and_by_path(account):
    names = [f"u{number:02}" for number in range(25)]
    for number, name in enumerate(names):
        account.iam.create_user(UserName=name, Path="/odd/" if number % 2 else "/even/")
    pages = list(account.iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(page["Users"]) for page in pages] == [10, 10, 5]
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
    pages = list(account.iam.get_paginator("list_users").paginate(PathPrefix="/odd/", PaginationConfig={"PageSize": 4}))
    assert [user["UserName"] for page in pages for user in page["Users"]] == names[1::2]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    first = account.iam.list_users(MaxItems=1)
    refused(account.iam.list_roles, "ValidationError", "Invalid Marker.", 400, Marker=first["Marker"])
    refused(account.iam.list_users, "ValidationError", "Invalid Marker.", 400, Marker="x")


def test_an_instance_profile_holds_one_role(account):
    account.role("server", trusts({"Service": "ec2.amazonaws.com"}))
    made = account.iam.create_instance_profile(InstanceProfileName="Servers")["InstanceProfile"]
    assert made["Arn"] == account.arn("instance-profile/Servers") and made["Roles"] == []
    account.iam.add_role_to_instance_profile(InstanceProfileName="Servers", RoleName="server")
    shown = account.iam.get_instance_profile(InstanceProfileName="Servers")["InstanceProfile"]
    assert [role["RoleName"] for role in shown["Roles"]] == ["server"]
    listed = account.iam.list_instance_profiles_for_role(RoleName="server")["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in listed] == ["Servers"]
    conflict = "Cannot delete entity, must remove roles from instance profile first."
    refused(account.iam.delete_role, "DeleteConflict", conflict, RoleName="server")
    refused(account.iam.delete_instance_profile, "DeleteConflict", conflict, InstanceProfileName="Servers")
    account.iam.remove_role_from_instance_profile(InstanceProfileName="Servers", RoleName="server")
    account.iam.delete_instance_profile(InstanceProfileName="Servers")
    account.iam.delete_role(RoleName="server")


def test_an_account_has_an_alias_and_a_summary(site, account):
    alias = f"acme-{account.id}"
    assert account.iam.list_account_aliases()["AccountAliases"] == []
    account.iam.create_account_alias(AccountAlias=alias)
    assert account.iam.list_account_aliases()["AccountAliases"] == [alias]
    taken = f"The account alias {alias} already exists."
    refused(Account(site).iam.create_account_alias, "EntityAlreadyExists", taken, 409, AccountAlias=alias)
    refused(account.iam.create_account_alias, "ValidationError", AccountAlias="a--b")
    account.iam.delete_account_alias(AccountAlias=alias)
    account.user("zoe")
    summary = account.iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["UsersQuota"], summary["Policies"]) == (1, 5000, 0)


def test_all_that_decides_in_an_account_is_told_at_once(account):
    user = account.user("abe", allows("kms:*"), Tags=[{"Key": "team", "Value": "red"}])
    account.iam.create_group(GroupName="g")
    account.iam.add_user_to_group(GroupName="g", UserName="abe")
    account.iam.attach_group_policy(GroupName="g", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    role = account.role("r", trusts(user.arn), allows("s3:*"))
    made = account.iam.create_policy(PolicyName="own", PolicyDocument=policy(allows("sqs:*")))["Policy"]
    account.iam.create_policy_version(PolicyArn=made["Arn"], PolicyDocument=policy(denies("sqs:*")), SetAsDefault=True)
    pages = account.iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
    told = {}
    for page in pages:
        for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            told.setdefault(name, []).extend(page[name])
    [shown] = told["UserDetailList"]
    assert (shown["Arn"], shown["GroupList"], shown["Tags"]) == (user.arn, ["g"], [{"Key": "team", "Value": "red"}])
    assert shown["UserPolicyList"] == [{"PolicyName": "own", "PolicyDocument": json.loads(policy(allows("kms:*")))}]
    [shown] = told["GroupDetailList"]
    assert [attached["PolicyName"] for attached in shown["AttachedManagedPolicies"]] == ["IAMReadOnlyAccess"]
    [shown] = told["RoleDetailList"]
    assert shown["AssumeRolePolicyDocument"] == role["AssumeRolePolicyDocument"]
    assert [shown["PolicyName"] for shown in told["Policies"]] == ["own", "IAMReadOnlyAccess"]
    versions = told["Policies"][0]["PolicyVersionList"]
    assert [(shown["VersionId"], shown["IsDefaultVersion"]) for shown in versions] == [("v2", True), ("v1", False)]
    roles = account.iam.get_account_authorization_details(Filter=["Role"])
    assert (len(roles["RoleDetailList"]), roles["UserDetailList"], roles["Policies"]) == (1, [], [])


@pytest.mark.parametrize("region", [REGION, "eu-central-1", "cn-north-1"])
def test_iam_is_one_service_for_all_regions_of_a_partition(account, region):
    account.user("anna")
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    shown = account.clients("iam", account=account.id, region=region).get_user(UserName="anna")["User"]
    assert shown["Arn"] == f"arn:{partition}:iam::{account.id}:user/anna"


def test_a_policy_means_the_user_it_named_and_not_the_next_of_that_name(account):
    user = account.user("bea")
    let_in = {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "kms:Encrypt", "Resource": "*"}
    condition = {"ArnLike": {"aws:PrincipalArn": user.arn}}
    key = account.key(let_in, {**let_in, "Principal": "*", "Action": "kms:ListGrants", "Condition": condition})
    grant = account.kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Decrypt"])
    sealed = user.kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    user.kms.decrypt(CiphertextBlob=sealed)

    def statements():
        return json.loads(account.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"]

    def grantee():
        return account.kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"]

    account.iam.update_user(UserName="bea", NewUserName="bea2", NewPath="/team/")
    renamed = account.arn("user/team/bea2")
    assert may(user.kms, key) is True
    assert (statements()[1]["Principal"]["AWS"], grantee()) == (renamed, renamed)
    account.iam.delete_access_key(UserName="bea2", AccessKeyId=user.key["AccessKeyId"])
    account.iam.delete_user(UserName="bea2")
    assert (statements()[1]["Principal"]["AWS"], grantee()) == (user.id, user.id)
    assert statements()[2]["Condition"] == condition, "what isn't a principal stays as it was"
    again = account.user("bea")
    assert may(again.kms, key) is not True
    refused(again.kms.decrypt, "AccessDeniedException", KeyId=key, CiphertextBlob=sealed)
    assert account.kms.list_grants(KeyId=key, GranteePrincipal=again.arn)["Grants"] == []
    assert len(account.kms.list_grants(KeyId=key, GrantId=grant["GrantId"])["Grants"]) == 1
    own = {"Effect": "Allow", "Principal": {"AWS": account.root}, "Action": "kms:*", "Resource": "*"}
    account.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(own, let_in))
    assert may(again.kms, key) is True


def test_a_trust_policy_means_the_user_it_named(account):
    user = account.user("ned")
    role = account.role("r", trusts(user.arn))
    user.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")
    account.iam.delete_access_key(UserName="ned", AccessKeyId=user.key["AccessKeyId"])
    account.iam.delete_user(UserName="ned")

    def trusted():
        return account.iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]

    assert trusted() == user.id
    again = account.user("ned")
    refused(again.sts.assume_role, "AccessDenied", RoleArn=role["Arn"], RoleSessionName="session-1")
    account.iam.update_assume_role_policy(RoleName="r", PolicyDocument=trusts(again.arn))
    again.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session-1")
    assert trusted() == again.arn
