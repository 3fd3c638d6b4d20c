//! What one grantee holds on one key, in memory: found by the request's context, however many grants there are.
//!
//! Grants that give the same are kept once. A decision looks at those without a constraint on the context, at those whose
//! constraint equals the request's context, and at those that ask for one of its pairs; not at the rest.

use std::collections::{HashMap, HashSet};

use sealroom_api::kms::GrantOperation;
use sealroom_authz::GrantFact;
use sealroom_foundation::{AccountId, KeyArn};
use sealroom_store::{Answer, Read};

use crate::error::KmsError;
use crate::grants::constraints::Context;
use crate::grants::record::GrantRecord;
use crate::grants::{Constraints, ContextConstraint, Operations, paths};
use crate::kms::Kms;

/// A grantee and a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    pub(crate) key: KeyArn,
    /// Of the grantee's name.
    pub(crate) digest: [u8; 32],
}

/// What a request needs of a grant.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) operation: GrantOperation,
    pub(crate) context: Option<&'a Context>,
    /// For which resource a service asks.
    pub(crate) source_arn: Option<&'a str>,
    /// CreateGrant: what the new grant is to give.
    pub(crate) child: Option<(&'a Operations, &'a Constraints)>,
}

impl Wanted<'_> {
    /// Whether `grant` gives it, to whoever is its grantee.
    pub(crate) fn is_given_by(&self, grant: &GrantRecord) -> bool {
        let GrantRecord { operations, constraints, .. } = grant;
        let source = constraints.source_arn.is_none() || constraints.source_arn.as_deref() == self.source_arn;
        source
            && operations.contains(self.operation)
            && match self.operation {
                // AWS: a constraint on the context doesn't count where a request has none.
                GrantOperation::DescribeKey | GrantOperation::GetPublicKey | GrantOperation::RetireGrant => true,
                // Who holds a grant can pass on what it gives, under the same conditions or stricter ones.
                GrantOperation::CreateGrant => {
                    self.child.is_some_and(|(given, when)| given.is_within(operations) && when.are_within(constraints))
                }
                _ => constraints.context.admits(self.context),
            }
    }
}

/// All grants of one grantee on one key; perhaps none.
#[derive(Debug, Default)]
pub(crate) struct Held {
    grants: Vec<GrantRecord>,
    /// Where in `grants` those are that ask nothing of the context, or a context without pairs.
    plain: Vec<usize>,
    equals: HashMap<Context, Vec<usize>>,
    /// By the first key of their constraint, then by its value.
    subset: HashMap<String, HashMap<String, Vec<usize>>>,
    /// One for each issuer and source that gives an operation whose requests have no context.
    describing: Vec<usize>,
    creating: Vec<usize>,
}

impl Held {
    fn of(records: impl IntoIterator<Item = GrantRecord>) -> Self {
        let (mut held, mut known, mut described) = (Self::default(), HashSet::new(), HashSet::new());
        for grant in records {
            let gives = (grant.issuer, grant.operations.clone(), grant.constraints.clone());
            if known.insert(gives) {
                let describes = grant.operations.contains(GrantOperation::DescribeKey);
                let describes = describes && described.insert((grant.issuer, grant.constraints.source_arn.clone()));
                held.add(grant, describes);
            }
        }
        held
    }

    fn add(&mut self, grant: GrantRecord, describes: bool) {
        let at = self.grants.len();
        match &grant.constraints.context {
            ContextConstraint::Equals(pairs) if !pairs.is_empty() => {
                self.equals.entry(pairs.clone()).or_default().push(at);
            }
            ContextConstraint::Subset(pairs) if !pairs.is_empty() => {
                for (key, value) in pairs.iter().take(1) {
                    self.subset.entry(key.clone()).or_default().entry(value.clone()).or_default().push(at);
                }
            }
            ContextConstraint::Any | ContextConstraint::Equals(_) | ContextConstraint::Subset(_) => {
                self.plain.push(at);
            }
        }
        // On keys that have a public half no grant asks for a context: all are plain.
        if describes {
            self.describing.push(at);
        }
        if grant.operations.contains(GrantOperation::CreateGrant) {
            self.creating.push(at);
        }
        self.grants.push(grant);
    }

    /// Adds the grants that give what is wanted, one for each issuer.
    pub(crate) fn collect<'h>(&'h self, wanted: &Wanted<'_>, facts: &mut Vec<GrantFact<'h>>) {
        let mut issuers: Vec<AccountId> = Vec::new();
        let mut take = |places: &[usize]| {
            for grant in places.iter().filter_map(|at| self.grants.get(*at)) {
                if !issuers.contains(&grant.issuer) && wanted.is_given_by(grant) {
                    issuers.push(grant.issuer);
                    facts.push(grant.fact());
                }
            }
        };
        match wanted.operation {
            GrantOperation::DescribeKey => take(&self.describing),
            GrantOperation::CreateGrant => take(&self.creating),
            _ => {
                take(&self.plain);
                let Some(context) = wanted.context else { return };
                take(self.equals.get(context).map_or(&[], Vec::as_slice));
                for (key, value) in context {
                    let places = self.subset.get(key).and_then(|by_value| by_value.get(value));
                    take(places.map_or(&[], Vec::as_slice));
                }
            }
        }
    }
}

impl Kms {
    /// What `holder` holds, from memory or the store. That it is nothing is remembered too.
    pub(crate) async fn held(&self, holder: &Holder) -> Result<std::sync::Arc<Held>, KmsError> {
        let held = self.grants.get_or_load(holder, || self.load_held(holder)).await?;
        held.ok_or(KmsError::Fault("what is held was not loaded"))
    }

    async fn load_held(&self, holder: &Holder) -> Result<Option<Held>, KmsError> {
        let (prefix, mut after, mut records) = (paths::held(holder), None, Vec::new());
        loop {
            let range = Read::Range { prefix: prefix.clone(), after, limit: Read::MAX_LIMIT };
            let answer = self.view.read(&[range]).await?.into_iter().next();
            let Some(Answer::Rows { rows, more }) = answer else {
                return Err(KmsError::Fault("the store gave another answer than the question's"));
            };
            for row in &rows {
                records.push(super::written::read(row)?);
            }
            after = rows.into_iter().next_back().map(|row| row.path);
            if !more {
                return Ok(Some(Held::of(records)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
