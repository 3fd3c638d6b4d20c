"""Rows that follow from what a table says of its operation, so that a new operation brings them with it."""

import botocore.session

from harness.clients import HOME, REGION
from harness.raw import plain
from harness.table import ANY, Ok, Refused, Row, at_least, at_most, enum_error, null_at, validation
from harness.world import OTHER, STRANGER, Fresh, about, arn_of, id_of

ABSENT = "134f2428-cec1-4b25-a1ae-9048164dba47"
ABSENT_MRK = "mrk-f85fd8ea07e84d2ea14dbb1c8a4e9c5e"
DRY_RUN = Refused("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
MODELS = botocore.session.get_session()


def hidden(caller, action):
    """What anybody reads about another account's key that isn't there, or isn't for them."""
    return Refused(
        "AccessDeniedException",
        f"User: arn:aws:iam::{caller}:root is not authorized to perform: {action} on this resource because the "
        "resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
        "policy explicitly denies access",
    )


def base(name):
    """The kind of a key, without its state."""
    return name.partition("@")[0]


def own_rows(table):
    return table.ROWS


def request_about(operation, key, **members):
    """The operation's request about `key`, with these members instead."""
    return {**about(operation.request, key), **members}


def states(table):
    operation, rows = table.OPERATION, []
    for state, refusal in operation.states.items():
        key = base(operation.key) + ("" if state == "Enabled" else f"@{state}")
        if refusal:
            code, text = refusal
            expect = Refused(code, about(text, key))
        elif operation.changes:
            expect = Ok(then=state_after(operation))
        else:
            expect = Ok()
        request = request_about(operation, key)
        if operation.changes and not refusal:
            request |= {member: Fresh(key, "arn") for member in operation.keys}
        rows.append(Row(state, request, expect))
    return rows


def state_after(operation):
    """The key that was made last is in the state that the operation leads to."""

    def look(world, _answer):
        shown, _ = world.clients.call("DescribeKey", {"KeyId": world.last.id})
        told = shown["KeyMetadata"]
        assert (told["KeyState"], told["Enabled"]) == (operation.leads_to, operation.leads_to == "Enabled")
        assert ("DeletionDate" in told) == (operation.leads_to == "PendingDeletion")

    return look


def references(table):
    operation, rows = table.OPERATION, []
    for member in operation.keys:
        for name, reference, expect in reference_forms(operation):
            rows.append(Row(f"{member} {name}", request_about(operation, operation.key, **{member: reference}), expect))
        if not operation.changes:
            for part in ("id", "arn"):
                reference = "{%s.%s}" % (operation.key, part)
                rows.append(
                    Row(f"{member} by {part}", request_about(operation, operation.key, **{member: reference}), Ok())
                )
    return rows


def reference_forms(operation):
    """(name, KeyId, answer) of references that find nothing."""
    key_arn, alias_arn = f"arn:aws:kms:{REGION}:{HOME}:key", f"arn:aws:kms:{REGION}:{HOME}:alias"
    wrong = ("fake-key-id", "mrk-fake-key-id", ABSENT.replace("-", ""))
    yield from ((f"no id: {text}", text, Refused("NotFoundException", f"Invalid keyId '{text}'")) for text in wrong)
    for absent in (ABSENT, ABSENT_MRK):
        missing = Refused("NotFoundException", f"Key '{key_arn}/{absent}' does not exist")
        yield f"absent id {absent[:4]}", absent, missing
        yield f"absent ARN {absent[:4]}", f"{key_arn}/{absent}", missing
    elsewhere = Refused("NotFoundException", "Invalid arn us-west-2")
    yield "ARN of another Region", f"arn:aws:kms:us-west-2:{HOME}:key/{ABSENT}", elsewhere
    yield "its own ARN in another Region", "arn:aws:kms:us-west-2:%s:key/{%s.id}" % (HOME, operation.key), elsewhere
    nobody_knows = Refused(("NotFoundException", "InvalidArnException"), ANY)
    for text in (
        f"{key_arn}/fake-key-id",
        "arn:aws:s3:::bucket",
        "arn:",
        "arn:aws:kms:us-east-1:1:key/x",
        "a b",
        "ä",
        "../../etc",
    ):
        yield f"malformed {text}", text, nobody_knows
    for name, alias in (("alias", "alias/absent"), ("alias ARN", f"{alias_arn}/absent")):
        if operation.aliases:
            yield f"absent {name}", alias, Refused("NotFoundException", f"Alias {alias_arn}/absent is not found.")
        else:
            yield f"{name} where none may be", alias, Refused(*operation.no_alias)


def accounts(table):
    """Callers of other accounts. The policy `shared` admits OTHER, and nobody admits STRANGER."""
    operation, rows = table.OPERATION, []
    for member, action in operation.keys.items():
        shared = f"{base(operation.key)}!shared"
        arns = {each: arn_of(shared) for each in operation.keys}

        def row(name, reference, expect, account=OTHER, key=shared, arns=arns, member=member):
            return Row(
                f"{member} {name}", {**request_about(operation, key), **arns, member: reference}, expect, account
            )

        rows += [
            row("of a shared key", arn_of(shared), Ok() if operation.cross_account else hidden(OTHER, action)),
            row("of a key that isn't shared", arn_of(base(operation.key)), hidden(OTHER, action)),
            row("that isn't there", f"arn:aws:kms:{REGION}:{HOME}:key/{ABSENT}", hidden(OTHER, action)),
            row(
                "of a shared key by its id",
                id_of(shared),
                Refused(
                    "NotFoundException", "Key 'arn:aws:kms:%s:%s:key/{%s.id}' does not exist" % (REGION, OTHER, shared)
                ),
            ),
            row(
                "by an alias of the other account",
                f"arn:aws:kms:{REGION}:{HOME}:alias/absent",
                hidden(OTHER, action)
                if operation.aliases
                else Refused(*operation.no_alias),
            ),
        ]
    if operation.keys:
        action = next(iter(operation.keys.values()))
        request = {**request_about(operation, shared), **arns}
        rows.append(Row("a stranger", request, hidden(STRANGER, action), STRANGER))
    return rows


def denials(table):
    """Refusals within the account: an explicit deny, and a policy that gives the account nothing."""
    operation, rows = table.OPERATION, []
    reasons = {
        "denying": "with an explicit deny in a resource-based policy",
        "foreign": "because no resource-based policy allows the {action} action",
    }
    for member, action in operation.keys.items():
        for policy, reason in reasons.items():
            if (policy, action) == ("denying", "kms:PutKeyPolicy"):
                # It leaves this open, or nobody could mend it.
                continue
            key = f"{base(operation.key)}!{policy}"
            text = (
                f"User: arn:aws:iam::{HOME}:root is not authorized to perform: {action} on resource: "
                + "{%s.arn} " % key
                + reason.replace("{action}", action)
            )
            request = request_about(operation, base(operation.key), **{member: id_of(key)})
            rows.append(Row(f"{member} {policy}", request, Refused("AccessDeniedException", text)))
    return rows


def dry_runs(table):
    operation = table.OPERATION
    if not operation.dry_run:
        return []
    request = request_about(operation, operation.key, DryRun=True)
    rows = [
        Row("succeeding", request, DRY_RUN),
        Row("that is none", {**request, "DryRun": False}, Ok()),
        Row(
            "by a stranger",
            {**request, **{member: arn_of(operation.key) for member in operation.keys}},
            Refused("AccessDeniedException", ANY),
            STRANGER,
        ),
    ]
    disabled = request_about(operation, f"{operation.key}@Disabled", DryRun=True)
    rows.append(
        Row(
            "of a disabled key",
            disabled,
            Refused("DisabledException", "{%s@Disabled.arn} is disabled." % operation.key),
        )
    )
    return rows


def grant_tokens(table):
    operation = table.OPERATION
    if not operation.grant_tokens:
        return []
    request = request_about(operation, operation.key)
    too_many = at_most(10)
    return [
        Row("none", {**request, "GrantTokens": []}, Ok()),
        Row(
            "one that nobody gave",
            {**request, "GrantTokens": ["AQpAM2RhZTk1MGMyNTk2ZmZmMzEyYWVhOWViN2I1MWM4Mzc0MWFiYjc0ZDE1ODkyNGFlNT"]},
            Refused("InvalidGrantTokenException", ANY),
        ),
        Row(
            "eleven",
            {**request, "GrantTokens": [f"t{n}" for n in range(11)]},
            Refused(
                "ValidationException",
                lambda text: text.endswith(f" at 'grantTokens' failed to satisfy constraint: {too_many}"),
            ),
        ),
    ]


def input_members(operation):
    """The model's members of the operation's request."""
    model = MODELS.get_service_model(operation.service).operation_model(operation.name)
    shape = model.input_shape
    return (shape.members, shape.required_members) if shape else ({}, [])


def camel(name):
    return name[0].lower() + name[1:]


def constraints(table):
    """One row for each bound of each member: just outside it."""
    operation, rows = table.OPERATION, []
    members, required = input_members(operation)
    request = request_about(operation, operation.key) if operation.key else dict(operation.request)
    for name, shape in members.items():
        if name in operation.unlike_model:
            continue
        for what, value, text in outside(operation, name, shape):
            rows.append(Row(f"{name} {what}", {**request, name: value}, Refused("ValidationException", text)))
        if name in required:
            rest = {member: value for member, value in request.items() if member != name}
            rows.append(
                Row(
                    f"{name} missing",
                    rest,
                    Refused(
                        "ValidationException",
                        null_at(camel(name)),
                    ),
                )
            )
    return rows


def outside(operation, name, shape):
    member, facts = camel(name), shape.metadata
    shortest, longest = operation.lengths.get(name, (facts.get("min"), facts.get("max")))
    if getattr(shape, "enum", None):
        yield "unknown", "UNHEARD_OF", enum_error(member, "UNHEARD_OF", shape.enum)
        return
    if shape.type_name == "integer":
        if shortest is not None:
            value = shortest - 1
            yield (
                "too small",
                value,
                validation(member, f"Member must have value greater than or equal to {shortest}", value),
            )
        if longest is not None:
            value = longest + 1
            yield (
                "too large",
                value,
                validation(member, f"Member must have value less than or equal to {longest}", value),
            )
    if shape.type_name in ("string", "blob"):
        letter = "x" if shape.type_name == "string" else b"x"
        told = not (shape.type_name == "blob" or facts.get("sensitive"))
        if shortest:
            value = letter * (shortest - 1)
            yield "too short", value, tells(member, at_least(shortest), value if told else None)
        if longest is not None:
            value = letter * (longest + 1)
            yield "too long", value, tells(member, at_most(longest), value if told else None)


# How much of a value is repeated at least, before it is cut.
REPEATED = 4096


def tells(member, constraint, value):
    """A predicate for the text about a broken constraint. A long value may be cut; a pattern may be broken as well."""
    whole = validation(member, constraint, value).partition(": ")[2]
    if not value or len(value) <= REPEATED:
        return lambda text: whole in text
    cut = validation(member, constraint, value[:REPEATED] + "...").partition(": ")[2]
    return lambda text: whole in text or cut in text


# What each type of member can't be read from.
WRONG = {
    "string": [5, True, {}, []],
    "integer": ["five", {}, []],
    "long": ["five", {}, []],
    "boolean": [{}, []],
    "blob": [5, {}, [], "not base64!"],
    "list": ["text", {}, 5],
    "map": ["text", [], 5],
    "structure": ["text", [], 5],
    "timestamp": [{}, []],
}


def types(table):
    operation = table.OPERATION
    if operation.service != "kms":
        return []
    members, _ = input_members(operation)
    return [
        Row(f"{name} {wrong!r}", (name, wrong), None)
        for name, shape in members.items()
        for wrong in WRONG[shape.type_name]
    ]


def typed_request(world, operation, member, wrong):
    request = request_about(operation, operation.key) if operation.key else dict(operation.request)
    return {**plain(world.resolve(request)), member: wrong}


def everywhere(table):
    """The rows that servers with another store are asked too."""
    operation = table.OPERATION
    refused = [Row("as its table says", operation.request, Refused(*operation.refusal))] if operation.refusal else []
    return refused + [row for row in table.ROWS if row.everywhere]
