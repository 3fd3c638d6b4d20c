//! Policies tried out before they are put: `SimulateCustomPolicy`, `SimulatePrincipalPolicy`, and the condition keys that
//! policies ask for.
//!
//! The evaluation is the one that decides calls. What differs is where the facts come from: policies from the request, or
//! those of a user, group or role; condition keys from the request, and what is known of the principal.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealroom_api::iam as shapes;
use sealroom_authz::{
    AttachedPolicy, ConditionKeys, Controls, Effect, Facts, IdentityPolicies, Layer, Match, Policy, PolicyKind,
    Presence, Principal, Resource, ResourcePolicy, decide, lets_through, matches,
};
use sealroom_foundation::{AccountId, Arn, Timestamp};
use shapes::PolicyEvaluationDecisionType as Decision;

use crate::aws_policies;
use crate::conditions::{each, one};
use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::documents;
use crate::iam::error::IamError;
use crate::iam::holders::Loaded;
use crate::iam::pages::{Page, Wanted};
use crate::iam::spans;
use crate::records::entity::{self, HolderKind, HolderRecord, PolicyRef, TagRecord};

/// LIMIT: results of one request, all pages together.
const RESULTS: usize = 10_000;

/// A policy that is tried out.
struct Tried {
    attached: AttachedPolicy,
    text: String,
    kind: shapes::PolicySourceType,
}

impl Tried {
    fn new(name: String, text: &str, kind: shapes::PolicySourceType, read: PolicyKind) -> Result<Self, IamError> {
        let policy = Arc::new(documents::read(text, read)?);
        Ok(Self { attached: AttachedPolicy { name: name.into(), policy }, text: text.to_owned(), kind })
    }

    /// The documents of a request's list, named as AWS names them: by list and number.
    fn list(list: &str, texts: Option<&Vec<String>>) -> Result<Vec<Self>, IamError> {
        let texts = texts.into_iter().flatten().enumerate();
        let tried = texts.map(|(index, text)| {
            let name = format!("{list}.{}", index.saturating_add(1));
            Self::new(name, text, shapes::PolicySourceType::None, PolicyKind::Identity)
        });
        tried.collect()
    }
}

/// Everything that a simulation is about but the actions.
struct Scene {
    principal: Principal,
    /// What is known of the principal besides.
    tags: Vec<TagRecord>,
    user_name: Option<String>,
    user_id: Option<String>,
    identity: Vec<Tried>,
    boundary: Option<Vec<Tried>>,
    organization: Vec<Vec<Tried>>,
    resource_policy: Option<String>,
    resources: Vec<String>,
    owner: Option<AccountId>,
    given: BTreeMap<String, Vec<String>>,
    now: Timestamp,
    /// The keys that the policies name, as they spell them.
    spelt: BTreeSet<String>,
}

/// What both requests have in common.
struct Request<'a> {
    actions: &'a [String],
    resources: Option<&'a Vec<String>>,
    resource_policy: Option<&'a String>,
    resource_owner: Option<&'a String>,
    entries: Option<&'a Vec<shapes::ContextEntry>>,
    boundary: Option<&'a Vec<String>>,
    wanted: Wanted<'a>,
}

pub(crate) async fn custom(
    desk: &Desk<'_>,
    input: &shapes::SimulateCustomPolicyInput,
) -> Result<Done<shapes::SimulateCustomPolicyOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let request = Request {
        actions: &input.action_names,
        resources: input.resource_arns.as_ref(),
        resource_policy: input.resource_policy.as_ref(),
        resource_owner: input.resource_owner.as_ref(),
        entries: input.context_entries.as_ref(),
        boundary: input.permissions_boundary_policy_input_list.as_ref(),
        wanted: Wanted { marker: input.marker.as_ref(), max_items: input.max_items },
    };
    let mut scene = Scene::new(desk, &request, input.caller_arn.as_deref())?;
    scene.identity = Tried::list("PolicyInputList", Some(&input.policy_input_list))?;
    for level in input.ordered_organization_policy_input_list.iter().flatten() {
        let list = level.service_control_policy_input_list.as_ref();
        scene.organization.push(Tried::list("OrderedOrganizationPolicyInputList", list)?);
    }
    let Page { items, truncated: is_truncated, marker } = scene.run(desk, &request)?;
    Ok(Done::answer(shapes::SimulateCustomPolicyOutput { evaluation_results: Some(items), is_truncated, marker }))
}

pub(crate) async fn principal(
    desk: &Desk<'_>,
    input: &shapes::SimulatePrincipalPolicyInput,
) -> Result<Done<shapes::SimulatePrincipalPolicyOutput>, IamError> {
    let request = Request {
        actions: &input.action_names,
        resources: input.resource_arns.as_ref(),
        resource_policy: input.resource_policy.as_ref(),
        resource_owner: input.resource_owner.as_ref(),
        entries: input.context_entries.as_ref(),
        boundary: input.permissions_boundary_policy_input_list.as_ref(),
        wanted: Wanted { marker: input.marker.as_ref(), max_items: input.max_items },
    };
    let source = source(desk, &input.policy_source_arn).await?;
    // AWS: a group's policies are simulated for whoever would be in it.
    let caller =
        input.caller_arn.as_deref().or((source.kind() != HolderKind::Group).then_some(&*input.policy_source_arn));
    let mut scene = Scene::new(desk, &request, caller)?;
    scene.known(&source.record, source.kind(), caller);
    scene.identity = policies_of(desk, &source).await?;
    scene.identity.extend(Tried::list("PolicyInputList", input.policy_input_list.as_ref())?);
    if let (None, Some(boundary)) = (&scene.boundary, &source.record.boundary) {
        scene.boundary = Some(vec![managed(desk, boundary).await?]);
    }
    let Page { items, truncated: is_truncated, marker } = scene.run(desk, &request)?;
    Ok(Done::answer(shapes::SimulatePrincipalPolicyOutput { evaluation_results: Some(items), is_truncated, marker }))
}

pub(crate) async fn keys_of_custom(
    desk: &Desk<'_>,
    input: &shapes::GetContextKeysForCustomPolicyInput,
) -> Result<Done<shapes::GetContextKeysForCustomPolicyOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let tried = Tried::list("PolicyInputList", Some(&input.policy_input_list))?;
    let context_key_names = Some(names(&tried));
    Ok(Done::answer(shapes::GetContextKeysForCustomPolicyOutput { context_key_names }))
}

pub(crate) async fn keys_of_principal(
    desk: &Desk<'_>,
    input: &shapes::GetContextKeysForPrincipalPolicyInput,
) -> Result<Done<shapes::GetContextKeysForPrincipalPolicyOutput>, IamError> {
    let source = source(desk, &input.policy_source_arn).await?;
    let mut tried = policies_of(desk, &source).await?;
    tried.extend(Tried::list("PolicyInputList", input.policy_input_list.as_ref())?);
    let context_key_names = Some(names(&tried));
    Ok(Done::answer(shapes::GetContextKeysForPrincipalPolicyOutput { context_key_names }))
}

fn names(tried: &[Tried]) -> Vec<String> {
    let keys: BTreeSet<String> = tried.iter().flat_map(|policy| spans::condition_keys(&policy.text)).collect();
    keys.into_iter().collect()
}

/// The user, group or role whose policies are asked for, if the caller may.
async fn source(desk: &Desk<'_>, arn: &str) -> Result<Loaded, IamError> {
    desk.allow(arn, Asked::default())?;
    let parts = Arn::parse(arn).filter(|parts| parts.service == "iam").ok_or(IamError::ArnForm)?;
    let kind = HolderKind::ALL.into_iter().find(|kind| parts.resource.starts_with(&format!("{}/", kind.as_str())));
    let (Some(kind), Some(name)) = (kind, parts.resource.rsplit('/').next()) else {
        return Err(IamError::ArnForm);
    };
    if parts.account != desk.account().as_str() {
        return Err(IamError::NoSuchHolder { kind, name: name.to_owned() });
    }
    desk.existing(kind, name).await
}

/// The policies of a user with its groups', or of a group or role.
async fn policies_of(desk: &Desk<'_>, source: &Loaded) -> Result<Vec<Tried>, IamError> {
    let mut tried = own_policies(desk, &source.record, source.kind()).await?;
    for group in desk.by_ids(&source.record.groups).await? {
        tried.extend(own_policies(desk, &group.record, group.kind()).await?);
    }
    Ok(tried)
}

async fn own_policies(desk: &Desk<'_>, record: &HolderRecord, kind: HolderKind) -> Result<Vec<Tried>, IamError> {
    let of = match kind {
        HolderKind::User => shapes::PolicySourceType::User,
        HolderKind::Group => shapes::PolicySourceType::Group,
        HolderKind::Role => shapes::PolicySourceType::Role,
    };
    let inline = record.inline.iter().map(|(name, text)| {
        // AWS: an inline policy is called by whom it is of.
        let name = format!("{}_{}_{name}", kind.as_str(), record.name);
        Tried::new(name, text, of, PolicyKind::Identity)
    });
    let mut tried: Vec<Tried> = inline.collect::<Result<_, _>>()?;
    for policy in &record.attached {
        tried.push(managed(desk, policy).await?);
    }
    Ok(tried)
}

async fn managed(desk: &Desk<'_>, policy: &PolicyRef) -> Result<Tried, IamError> {
    let name = policy.arn(desk.partition());
    let absent = || IamError::NoSuchPolicy(name.clone());
    let (kind, text) = match policy.account() {
        None => {
            let found = aws_policies::find(policy).ok_or_else(absent)?;
            (shapes::PolicySourceType::AwsManaged, found.document.to_owned())
        }
        Some(account) => {
            let row = desk.row(entity::policy(account, policy.name())).await?.ok_or_else(absent)?;
            let record = desk.policy_record(&row)?;
            let version = record.version(record.default).ok_or_else(absent)?;
            (shapes::PolicySourceType::UserManaged, version.document.clone())
        }
    };
    Tried::new(name, &text, kind, PolicyKind::Identity)
}

impl Scene {
    fn new(desk: &Desk<'_>, request: &Request<'_>, caller: Option<&str>) -> Result<Self, IamError> {
        if request.resource_policy.is_some() && caller.is_none() {
            let text = "You must specify a CallerArn if you include a ResourcePolicy.";
            return Err(IamError::Invalid(text.to_owned()));
        }
        let principal = match caller {
            None => Principal::user(desk.partition(), desk.account(), "simulated", "AIDA"),
            Some(arn) => caller_of(arn).ok_or_else(|| IamError::Invalid(format!("Invalid Entity Arn: {arn}")))?,
        };
        let owner = request.resource_owner.map(|owner| {
            let account = Arn::parse(owner).map_or(owner.as_str(), |arn| arn.account);
            account.parse().map_err(|_| IamError::Invalid(format!("Invalid ResourceOwner: {owner}")))
        });
        let mut given = BTreeMap::new();
        for entry in request.entries.into_iter().flatten() {
            if let Some(name) = &entry.context_key_name {
                given.insert(name.to_ascii_lowercase(), entry.context_key_values.clone().unwrap_or_default());
            }
        }
        let boundary = Tried::list("PermissionsBoundaryPolicyInputList", request.boundary)?;
        Ok(Self {
            principal,
            tags: Vec::new(),
            user_name: None,
            user_id: None,
            identity: Vec::new(),
            boundary: request.boundary.map(|_| boundary),
            organization: Vec::new(),
            resource_policy: request.resource_policy.cloned(),
            resources: request
                .resources
                .cloned()
                .filter(|arns| !arns.is_empty())
                .unwrap_or_else(|| vec!["*".to_owned()]),
            owner: owner.transpose()?,
            given,
            now: desk.now(),
            spelt: BTreeSet::new(),
        })
    }

    /// What requests of a user or role say of themselves.
    fn known(&mut self, record: &HolderRecord, kind: HolderKind, caller: Option<&str>) {
        let account = self.principal.account();
        let itself = caller.is_some_and(|arn| arn.ends_with(&record.path_name()));
        if let (Some(account), true) = (account, itself) {
            let partition = Arn::parse(self.principal.arn()).map_or("aws", |arn| arn.partition);
            let partition = sealroom_foundation::Partition::of_name(partition);
            match kind {
                HolderKind::User => {
                    self.principal = Principal::user(partition, account, &record.path_name(), &record.id);
                    (self.user_name, self.user_id) = (Some(record.name.clone()), Some(record.id.clone()));
                }
                HolderKind::Role => {
                    let role =
                        Principal::assumed_role(partition, account, &record.path_name(), &record.id, "simulated");
                    self.principal = role;
                    self.user_id = Some(format!("{}:simulated", record.id));
                }
                HolderKind::Group => {}
            }
            self.tags.clone_from(&record.tags);
        }
    }

    /// A page of the results, one for each action on each resource.
    fn run(&mut self, desk: &Desk<'_>, request: &Request<'_>) -> Result<Page<shapes::EvaluationResult>, IamError> {
        if request.actions.len().saturating_mul(self.resources.len()) > RESULTS {
            return Err(IamError::Invalid(format!("A simulation has at most {RESULTS} results.")));
        }
        let texts =
            self.identity.iter().chain(self.boundary.iter().flatten()).chain(self.organization.iter().flatten());
        self.spelt = texts.flat_map(|policy| spans::condition_keys(&policy.text)).collect();
        self.spelt.extend(self.resource_policy.iter().flat_map(|text| spans::condition_keys(text)));
        let mut results = Vec::new();
        for action in request.actions {
            for resource in &self.resources {
                results.push(self.result(action, resource)?);
            }
        }
        request.wanted.of(desk, results)
    }

    fn result(&self, action: &str, resource: &str) -> Result<shapes::EvaluationResult, IamError> {
        let owner = self.owner.or_else(|| Arn::parse(resource).and_then(|arn| arn.account.parse().ok()));
        let owner = owner.or_else(|| self.principal.account());
        let policy = self.resource_policy_for(action, owner)?;
        let attached: Vec<AttachedPolicy> = self.identity.iter().map(|tried| tried.attached.clone()).collect();
        let levels: Vec<Arc<[AttachedPolicy]>> =
            self.organization.iter().map(|level| level.iter().map(|tried| tried.attached.clone()).collect()).collect();
        // AWS: at most one boundary; a request that brings several is heard for the first.
        let boundary = self.boundary.iter().flatten().next().map(|tried| &tried.attached);
        let keys = Keys { scene: self, missing: RefCell::default() };
        let facts = Facts {
            principal: &self.principal,
            action,
            resource: Resource { arn: resource, account: owner.filter(|_| policy.is_some()) },
            resource_policy: policy.as_ref().map_or(ResourcePolicy::None, Heard::as_fact),
            identity: IdentityPolicies { attached: &attached, boundary, session: None },
            controls: Controls { service_control: &levels, ..Controls::NONE },
            grants: &[],
            conditions: &keys,
        };
        let decision = match decide(&facts) {
            Ok(_) => Decision::Allowed,
            Err(denied) if denied.is_explicit() => Decision::ExplicitDeny,
            Err(_) => Decision::ImplicitDeny,
        };
        let matched = self.matched(&facts, decision);
        let boundary = facts.identity.boundary.map(|_| shapes::PermissionsBoundaryDecisionDetail {
            allowed_by_permissions_boundary: Some(lets_through(Layer::Boundary, &facts)),
        });
        let organization = (!levels.is_empty()).then(|| shapes::OrganizationsDecisionDetail {
            allowed_by_organizations: Some(levels.iter().all(|level| {
                let alone = Controls { service_control: std::slice::from_ref(level), ..Controls::NONE };
                lets_through(Layer::ServiceControl, &Facts { controls: alone, ..facts })
            })),
        });
        let missing = keys.missing.into_inner();
        let missing: Vec<String> =
            self.spelt.iter().filter(|key| missing.contains(&key.to_ascii_lowercase())).cloned().collect();
        let specific = (resource != "*").then(|| {
            vec![shapes::ResourceSpecificResult {
                eval_resource_name: resource.to_owned(),
                eval_resource_decision: decision,
                matched_statements: Some(matched.clone()),
                missing_context_values: Some(missing.clone()),
                eval_decision_details: None,
                permissions_boundary_decision_detail: boundary.clone(),
            }]
        });
        Ok(shapes::EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: Some(resource.to_owned()),
            eval_decision: decision,
            matched_statements: Some(matched),
            missing_context_values: Some(missing),
            organizations_decision_detail: organization,
            permissions_boundary_decision_detail: boundary,
            eval_decision_details: None,
            resource_specific_results: specific,
        })
    }

    /// The resource's policy, read as the kind that it is for this action.
    fn resource_policy_for(&self, action: &str, owner: Option<AccountId>) -> Result<Option<Heard>, IamError> {
        let (Some(text), Some(account)) = (&self.resource_policy, owner) else { return Ok(None) };
        let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
        Ok(Some(match service.as_str() {
            "kms" => Heard::Key(documents::read(text, PolicyKind::Key { account })?),
            "sts" => Heard::Trust(documents::read(text, PolicyKind::Trust { account })?),
            _ => Heard::Other(documents::read(text, PolicyKind::Resource)?),
        }))
    }

    /// The statements that made the decision what it is.
    fn matched(&self, facts: &Facts<'_>, decision: Decision) -> Vec<shapes::Statement> {
        let wanted = match decision {
            Decision::Allowed => Effect::Allow,
            Decision::ExplicitDeny => Effect::Deny,
            Decision::ImplicitDeny => return Vec::new(),
        };
        let layers: &[Layer] = match decision {
            Decision::ExplicitDeny => &[Layer::Identity, Layer::Resource, Layer::Boundary, Layer::ServiceControl],
            Decision::Allowed | Decision::ImplicitDeny => &[Layer::Identity, Layer::Resource],
        };
        let found = layers.iter().flat_map(|layer| matches(*layer, facts)).filter(|found| found.effect == wanted);
        found.filter_map(|found| self.shown(&found)).collect()
    }

    fn shown(&self, found: &Match<'_>) -> Option<shapes::Statement> {
        let tried = match found.layer {
            Layer::Identity => self.identity.get(found.place),
            Layer::Boundary => self.boundary.iter().flatten().nth(found.place),
            Layer::ServiceControl => self.organization.iter().flatten().nth(found.place),
            _ => None,
        };
        let (id, kind, text) = match (tried, found.layer, &self.resource_policy) {
            (Some(tried), _, _) => (tried.attached.name.to_string(), tried.kind, &tried.text),
            (None, Layer::Resource | Layer::Trust, Some(text)) => {
                ("ResourcePolicy".to_owned(), shapes::PolicySourceType::Resource, text)
            }
            _ => return None,
        };
        let (from, to) = *spans::statements(text).get(found.statement)?;
        let position =
            |place: spans::Place| Some(shapes::Position { line: Some(place.line), column: Some(place.column) });
        Some(shapes::Statement {
            source_policy_id: Some(id),
            source_policy_type: Some(kind),
            start_position: position(from),
            end_position: position(to),
        })
    }
}

/// A resource's policy, by what its silence means.
enum Heard {
    Key(Policy),
    Trust(Policy),
    Other(Policy),
}

impl Heard {
    fn as_fact(&self) -> ResourcePolicy<'_> {
        match self {
            Self::Key(policy) => ResourcePolicy::Mandatory(policy),
            Self::Trust(policy) => ResourcePolicy::Trust(policy),
            Self::Other(policy) => ResourcePolicy::Optional(policy),
        }
    }
}

/// The principal that a request names by ARN: a user, a role, a session or a root user.
fn caller_of(arn: &str) -> Option<Principal> {
    let parts = Arn::parse(arn)?;
    let (partition, account) = (sealroom_foundation::Partition::of_name(parts.partition), parts.account.parse().ok()?);
    match (parts.service, parts.resource.split_once('/')) {
        ("iam", Some(("user", name))) => Some(Principal::user(partition, account, name, "AIDA")),
        ("iam", Some(("role", name))) => Some(Principal::assumed_role(partition, account, name, "AROA", "simulated")),
        ("iam", None) if parts.resource == "root" => Some(Principal::root(partition, account)),
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            Some(Principal::assumed_role(partition, account, role, "AROA", session))
        }
        _ => None,
    }
}

/// The condition keys of a simulated request, and which of those that were asked for it lacks.
struct Keys<'a> {
    scene: &'a Scene,
    missing: RefCell<BTreeSet<String>>,
}

impl ConditionKeys for Keys<'_> {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        if let Some(values) = self.scene.given.get(key) {
            return each(values.iter().map(String::as_str), visit);
        }
        let presence = self.scene.own(key, visit);
        if presence == Presence::Absent {
            self.missing.borrow_mut().insert(key.to_owned());
        }
        presence
    }
}

impl Scene {
    /// What is known without being given.
    fn own(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        if let Some(wanted) = key.strip_prefix("aws:principaltag/") {
            let found = self.tags.iter().find(|tag| tag.key.eq_ignore_ascii_case(wanted));
            return one(found.map(|tag| &*tag.value), visit);
        }
        let arn = match &self.principal {
            Principal::AssumedRole { role_arn, .. } => role_arn,
            other => other.arn(),
        };
        match key {
            "aws:principalarn" => one(Some(arn), visit),
            "aws:principalaccount" | "kms:calleraccount" => {
                one(self.principal.account().map(|account| account.to_string()).as_deref(), visit)
            }
            "aws:username" => one(self.user_name.as_deref(), visit),
            "aws:userid" => one(self.user_id.as_deref(), visit),
            "aws:currenttime" => one(Some(&self.now.iso_seconds().to_string()), visit),
            "aws:epochtime" => one(Some(&self.now.as_seconds().to_string()), visit),
            _ => Presence::Absent,
        }
    }
}
