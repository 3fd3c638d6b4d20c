//! From a document's text to compiled statements: the grammar of IAM policies ("Grammar of the IAM JSON policy
//! language"), and the rules of each kind of policy. Whatever isn't in the grammar is refused.

mod elements;

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::json::Json;
use crate::policy::{Effect, Malformed, MalformedPolicy, PolicyKind};
use crate::statement::Statement;

/// LIMIT: bytes of a key policy (AWS KMS Developer Guide, "Resource quotas").
const KEY_POLICY_BYTES: usize = 32 * 1024;
/// LIMIT: bytes of any other policy (`policyDocumentType` of the IAM model); who attaches one has tighter quotas.
const POLICY_BYTES: usize = 128 * 1024;

/// Whose rules a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Those for documents that are put now.
    OfToday,
    /// Those that some stored document may have been put under.
    OfOld,
}

/// Reads a document.
pub(super) fn document(text: &str, kind: PolicyKind, rules: Rules) -> Result<Vec<Statement>, MalformedPolicy> {
    let whole = |kind| MalformedPolicy { kind, statement: None };
    check_text(text, kind).map_err(whole)?;
    let Json::Object(mut members) = Json::parse(text).map_err(whole)? else {
        return Err(whole(Malformed::WrongType { element: "document", wanted: "an object" }));
    };
    let statements = members.remove("Statement");
    let version = read_head(members).map_err(whole)?;
    let statements = match statements {
        None => return Err(whole(Malformed::Missing("Statement"))),
        Some(Json::Array(statements)) => statements,
        Some(statement) => vec![statement],
    };
    if statements.is_empty() {
        return Err(whole(Malformed::Empty("Statement")));
    }
    let reader = Reader { kind, rules, version };
    let mut sids = BTreeSet::new();
    let read = |(index, json)| {
        let statement = reader.statement(json).and_then(|statement| {
            reader.note_sid(&mut sids, statement.sid.as_deref())?;
            Ok(statement)
        });
        statement.map_err(|kind| MalformedPolicy { kind, statement: Some(index) })
    };
    statements.into_iter().enumerate().map(read).collect()
}

/// Length and characters (`PolicyType` of the KMS model, `policyDocumentType` of IAM's).
fn check_text(text: &str, kind: PolicyKind) -> Result<(), Malformed> {
    let limit = match kind {
        PolicyKind::Key { .. } => KEY_POLICY_BYTES,
        PolicyKind::Trust { .. } | PolicyKind::Resource | PolicyKind::Identity => POLICY_BYTES,
    };
    if text.len() > limit {
        return Err(Malformed::TooLarge { bytes: text.len(), limit });
    }
    let foreign = text.chars().find(|c| !matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'));
    foreign.map_or(Ok(()), |c| Err(Malformed::Character(c)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Without variables; also when the document names none.
    V2008,
    V2012,
}

/// `Version` and `Id`, which are all that may stand beside the statements.
fn read_head(mut members: BTreeMap<String, Json>) -> Result<Version, Malformed> {
    let version = match members.remove("Version") {
        None => Version::V2008,
        Some(json) => match &*string("Version", json)? {
            "2008-10-17" => Version::V2008,
            "2012-10-17" => Version::V2012,
            other => return Err(Malformed::Version(other.to_owned())),
        },
    };
    if let Some(id) = members.remove("Id") {
        string("Id", id)?;
    }
    nothing_else(members)?;
    Ok(version)
}

fn nothing_else(members: BTreeMap<String, Json>) -> Result<(), Malformed> {
    members.into_keys().next().map_or(Ok(()), |name| Err(Malformed::UnknownElement(name)))
}

fn string(element: &'static str, json: Json) -> Result<String, Malformed> {
    match json {
        Json::String(text) => Ok(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Err(Malformed::WrongType { element, wanted: "a string" })
        }
    }
}

/// One string or a list of them.
fn strings(element: &'static str, json: Json) -> Result<Vec<String>, Malformed> {
    match json {
        Json::Array(values) => values.into_iter().map(|value| string(element, value)).collect(),
        other => Ok(vec![string(element, other)?]),
    }
}

/// What statements are read by.
#[derive(Debug, Clone, Copy)]
struct Reader {
    kind: PolicyKind,
    rules: Rules,
    version: Version,
}

impl Reader {
    fn statement(&self, json: Json) -> Result<Statement, Malformed> {
        let Json::Object(mut members) = json else {
            return Err(Malformed::WrongType { element: "Statement", wanted: "an object or a list of objects" });
        };
        let effect = match members.remove("Effect").map(|json| string("Effect", json)).transpose()?.as_deref() {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(other) => return Err(Malformed::Effect(other.to_owned())),
            None => return Err(Malformed::Missing("Effect")),
        };
        let statement = Statement {
            sid: self.sid(members.remove("Sid"))?,
            effect,
            who: self.who(effect, members.remove("Principal"), members.remove("NotPrincipal"))?,
            actions: self.actions(members.remove("Action"), members.remove("NotAction"))?,
            resources: self.resources(members.remove("Resource"), members.remove("NotResource"))?,
            conditions: members.remove("Condition").map_or(Ok(Vec::new()), |json| self.conditions(json))?,
        };
        nothing_else(members)?;
        Ok(statement)
    }

    /// A key policy's ids are free text; IAM's are letters and digits.
    fn sid(&self, json: Option<Json>) -> Result<Option<Box<str>>, Malformed> {
        let Some(json) = json else { return Ok(None) };
        let sid = string("Sid", json)?;
        let free = match self.kind {
            PolicyKind::Key { .. } | PolicyKind::Resource => true,
            PolicyKind::Trust { .. } | PolicyKind::Identity => false,
        };
        if free || sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(Some(sid.into()));
        }
        Err(Malformed::Sid(sid))
    }

    /// AWS: ids are unique within an IAM policy; an empty one is none.
    fn note_sid(&self, known: &mut BTreeSet<String>, sid: Option<&str>) -> Result<(), Malformed> {
        let unique = matches!(self.kind, PolicyKind::Trust { .. } | PolicyKind::Identity);
        match sid.filter(|sid| unique && !sid.is_empty()) {
            Some(sid) if !known.insert(sid.to_owned()) => Err(Malformed::DuplicateSid(sid.to_owned())),
            Some(_) | None => Ok(()),
        }
    }
}

/// One of two elements that exclude each other, and whether it is the negation.
enum Side {
    Plain(Json),
    Negated(Json),
}

fn either(name: &'static str, plain: Option<Json>, negated: Option<Json>) -> Result<Option<Side>, Malformed> {
    match (plain, negated) {
        (None, None) => Ok(None),
        (Some(json), None) => Ok(Some(Side::Plain(json))),
        (None, Some(json)) => Ok(Some(Side::Negated(json))),
        (Some(_), Some(_)) => Err(Malformed::Both(name)),
    }
}
