//! A decision looked at statement by statement, for those who try policies out before they are put.
//!
//! It is the same evaluation as [`decide`](super::decide) does, asked for what applies instead of for an answer.

use crate::decision::Layer;
use crate::decision::denied::heard;
use crate::evaluation::Request;
use crate::facts::Facts;
use crate::policy::Effect;

/// A statement that applies to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'a> {
    /// Where its policy is heard.
    pub layer: Layer,
    /// The policy's name, if it has one.
    pub policy: Option<&'a str>,
    /// The policy's place in its layer, counted from 0.
    pub place: usize,
    /// The statement's place in its policy, counted from 0.
    pub statement: usize,
    /// What it does.
    pub effect: Effect,
}

/// All statements of `layer` that apply to the request of `facts`, in their order. One that can't be told to apply counts
/// against the caller, as in a decision.
#[must_use]
pub fn matches<'a>(layer: Layer, facts: &Facts<'a>) -> Vec<Match<'a>> {
    let request = Request::new(facts);
    let policies = heard(layer, facts).into_iter().enumerate();
    let found = policies.flat_map(|(place, heard)| {
        let request = &request;
        heard.policy.statements().iter().enumerate().filter_map(move |(statement, it)| {
            let applies = match it.applies(request) {
                Ok(fit) => fit.is_some(),
                Err(_) => it.effect == Effect::Deny,
            };
            applies.then_some(Match { layer, policy: heard.name, place, statement, effect: it.effect })
        })
    });
    found.collect()
}

/// Whether `layer` by itself lets the request of `facts` through: one of its statements allows, and none denies.
#[must_use]
pub fn lets_through(layer: Layer, facts: &Facts<'_>) -> bool {
    let found = matches(layer, facts);
    let has = |effect| found.iter().any(|found| found.effect == effect);
    has(Effect::Allow) && !has(Effect::Deny)
}
