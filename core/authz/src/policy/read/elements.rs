//! The elements of a statement: whom it is about, its actions, its resources, its conditions.

use crate::condition::{BadCondition, Condition};
use crate::pattern::Pattern;
use crate::policy::json::Json;
use crate::policy::{Effect, Malformed, PolicyKind};
use crate::principal::PrincipalName;
use crate::statement::{Actions, Resources, Who};
use crate::text::{Reading, Texts, Unfit};

use super::{Reader, Rules, Side, Version, either, string, strings};

/// LIMIT: conditions (pairs of operator and key) of one statement.
const CONDITIONS: usize = 256;

impl Reader {
    pub(super) fn who(&self, effect: Effect, plain: Option<Json>, negated: Option<Json>) -> Result<Who, Malformed> {
        let side = either("Principal", plain, negated)?;
        if self.kind == PolicyKind::Identity {
            return side.map_or(Ok(Who::Bearer), |_| Err(Malformed::Prohibited("Principal")));
        }
        match side {
            None => Err(Malformed::Missing("Principal")),
            Some(Side::Plain(json)) => Ok(Who::Named(principals(json)?)),
            Some(Side::Negated(_)) if effect == Effect::Allow => Err(Malformed::AllowNotPrincipal),
            Some(Side::Negated(json)) => Ok(Who::AllBut(principals(json)?)),
        }
    }

    pub(super) fn actions(&self, plain: Option<Json>, negated: Option<Json>) -> Result<Actions, Malformed> {
        let (json, wrap): (_, fn(Vec<Pattern>) -> Actions) = match either("Action", plain, negated)? {
            None if self.rules == Rules::OfOld => return Ok(Actions::In(Vec::new())),
            None => return Err(Malformed::Missing("Action")),
            Some(Side::Plain(json)) => (json, Actions::In),
            Some(Side::Negated(json)) => (json, Actions::NotIn),
        };
        let names = strings("Action", json)?;
        if names.is_empty() && self.rules == Rules::OfToday {
            return Err(Malformed::Empty("Action"));
        }
        let patterns = names.into_iter().map(|name| self.action(name)).collect::<Result<_, _>>()?;
        Ok(wrap(patterns))
    }

    fn action(&self, name: String) -> Result<Pattern, Malformed> {
        let vendor_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*' | b'?');
        let formed = name.split_once(':').is_some_and(|(vendor, action)| {
            !vendor.is_empty() && !action.is_empty() && vendor.bytes().all(vendor_byte) && action.bytes().all(name_byte)
        });
        let of_sts = name.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts:"));
        if !formed && name != "*" {
            return Err(Malformed::Action(name));
        }
        match self.kind {
            PolicyKind::Trust { .. } if !of_sts => Err(Malformed::TrustAction(name)),
            PolicyKind::Trust { .. } | PolicyKind::Key { .. } | PolicyKind::Resource | PolicyKind::Identity => {
                Ok(Pattern::name(&name))
            }
        }
    }

    pub(super) fn resources(&self, plain: Option<Json>, negated: Option<Json>) -> Result<Resources, Malformed> {
        let side = either("Resource", plain, negated)?;
        if let PolicyKind::Trust { .. } = self.kind {
            return side.map_or(Ok(Resources::Everything), |_| Err(Malformed::Prohibited("Resource")));
        }
        match side {
            None if self.rules == Rules::OfOld => Ok(Resources::Nothing),
            None => Err(Malformed::Missing("Resource")),
            Some(Side::Plain(json)) => {
                let names = strings("Resource", json)?;
                if names.is_empty() && self.rules == Rules::OfOld {
                    return Ok(Resources::Nothing);
                }
                let texts = self.resource_texts(names)?;
                let everything = texts.ready().iter().any(Pattern::is_any);
                Ok(if everything { Resources::Everything } else { Resources::In(texts) })
            }
            Some(Side::Negated(json)) => self.excluded(strings("NotResource", json)?),
        }
    }

    /// `NotResource`, which a key policy has no use for: `*` is the only resource there.
    fn excluded(&self, names: Vec<String>) -> Result<Resources, Malformed> {
        match (self.kind, self.rules) {
            (PolicyKind::Key { .. }, Rules::OfToday) => Err(Malformed::Prohibited("NotResource")),
            (_, Rules::OfOld) if names.is_empty() => Ok(Resources::Nothing),
            (_, Rules::OfToday | Rules::OfOld) => Ok(Resources::NotIn(self.resource_texts(names)?)),
        }
    }

    fn resource_texts(&self, names: Vec<String>) -> Result<Texts<Pattern>, Malformed> {
        if names.is_empty() {
            return Err(Malformed::Empty("Resource"));
        }
        let reading = Reading { wildcards: true, variables: self.version == Version::V2012 };
        let mut texts = Texts::new();
        for name in names {
            match (self.kind, self.rules) {
                (PolicyKind::Key { .. }, Rules::OfToday) if name != "*" => return Err(Malformed::KeyResource(name)),
                (PolicyKind::Identity | PolicyKind::Resource, _) if !is_resource(&name) => {
                    return Err(Malformed::Resource(name));
                }
                _ => {}
            }
            texts.add(&name, reading).map_err(|unfit| match unfit {
                Unfit::Variable => Malformed::Variable(name),
                Unfit::Form => Malformed::Resource(name),
            })?;
        }
        Ok(texts)
    }

    pub(super) fn conditions(&self, json: Json) -> Result<Vec<Condition>, Malformed> {
        let Json::Object(operators) = json else {
            return Err(Malformed::WrongType { element: "Condition", wanted: "an object" });
        };
        let mut conditions = Vec::new();
        for (operator, json) in operators {
            let Json::Object(keys) = json else {
                return Err(Malformed::WrongType { element: "Condition", wanted: "an object of objects" });
            };
            // A name that isn't an operator is refused even if nothing stands under it.
            if keys.is_empty() {
                return Err(Malformed::Empty("Condition"));
            }
            for (key, json) in keys {
                if conditions.len() == CONDITIONS {
                    return Err(Malformed::TooManyConditions { limit: CONDITIONS });
                }
                conditions.push(self.condition(&operator, key, json)?);
            }
        }
        Ok(conditions)
    }

    fn condition(&self, operator: &str, key: String, json: Json) -> Result<Condition, Malformed> {
        let values = match json {
            Json::Array(values) => values.into_iter().map(scalar).collect::<Result<_, _>>()?,
            other => vec![scalar(other)?],
        };
        if values.is_empty() {
            return Err(Malformed::Empty("Condition"));
        }
        let condition = Condition::compile(operator, &key, &values, self.version == Version::V2012);
        condition.map_err(|bad| match bad {
            BadCondition::Operator => Malformed::Operator(operator.to_owned()),
            BadCondition::Key => Malformed::ConditionKey(key),
            BadCondition::Value(value) => Malformed::ConditionValue { operator: operator.to_owned(), value },
            BadCondition::Variable(value) => Malformed::Variable(value),
        })
    }
}

/// A condition's value: a string, a number or a boolean, all of which are compared as texts at first.
fn scalar(json: Json) -> Result<String, Malformed> {
    match json {
        Json::String(text) | Json::Number(text) => Ok(text),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(Malformed::WrongType { element: "Condition", wanted: "made of strings, numbers and booleans" })
        }
    }
}

/// `*`, or an object from types of principals to names.
fn principals(json: Json) -> Result<Vec<PrincipalName>, Malformed> {
    let types = match json {
        Json::Object(types) => types,
        other => {
            let text = string("Principal", other)?;
            return if text == "*" {
                Ok(vec![PrincipalName::Everyone])
            } else {
                Err(Malformed::InvalidPrincipal { kind: "AWS".to_owned(), name: text })
            };
        }
    };
    let mut principals = Vec::new();
    for (name, json) in types {
        let read: fn(&str) -> Option<PrincipalName> = match &*name {
            "AWS" => PrincipalName::parse_aws,
            "Service" => service,
            "Federated" => federated,
            "CanonicalUser" => canonical_user,
            _ => return Err(Malformed::PrincipalType(name)),
        };
        for text in strings("Principal", json)? {
            let principal = read(&text);
            principals.push(principal.ok_or_else(|| Malformed::InvalidPrincipal { kind: name.clone(), name: text })?);
        }
    }
    if principals.is_empty() { Err(Malformed::Empty("Principal")) } else { Ok(principals) }
}

fn service(text: &str) -> Option<PrincipalName> {
    is_host(text).then(|| PrincipalName::Service(text.into()))
}

/// The ARN of a SAML or OIDC provider, or the host name of a well-known one, perhaps with a path.
fn federated(text: &str) -> Option<PrincipalName> {
    let provider = match sealroom_foundation::Arn::parse(text) {
        Some(arn) => {
            let (kind, name) = arn.resource.split_once('/')?;
            let account = arn.account.parse::<sealroom_foundation::AccountId>().is_ok();
            let formed = arn.service == "iam" && arn.region.is_empty() && account && !name.is_empty();
            formed && matches!(kind, "saml-provider" | "oidc-provider") && !text.contains(['*', '?'])
        }
        None => is_host(text.split('/').next().unwrap_or(text)),
    };
    provider.then(|| PrincipalName::Federated(text.into()))
}

fn canonical_user(text: &str) -> Option<PrincipalName> {
    let formed = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    formed.then(|| PrincipalName::CanonicalUser(text.into()))
}

fn is_host(text: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.contains('.') && text.split('.').all(label)
}

/// Whether `text` is `*` or begins like an ARN: AWS wants the service spelt out, and lets the rest be a pattern.
fn is_resource(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let mut parts = text.split(':');
    let (Some("arn"), Some(partition), Some(service), Some(_)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let partition_byte = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'*' | b'?');
    let known = partition.contains(['*', '?']) || partition == "aws" || partition.starts_with("aws-");
    let service_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    known && partition.bytes().all(partition_byte) && !service.is_empty() && service.bytes().all(service_byte)
}
