//! What the journal is told of an operation, gathered while it runs: the keys it touched, the material it used.
//!
//! Corrections 10.1: a key that wasn't found leaves neither parameters nor resources; every other refusal leaves both. A
//! success on another account's key is told to its owner too. What would surprise: who is denied a key that another
//! account's alias named isn't told by the own journal which key that was, nor that there is such an alias.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Event, Events, Resource};
use sealroom_foundation::{KeyArn, MaterialId};
use sealroom_identity::Call;
use sealroom_store::Batch;
use serde_json::{Map, Value};

use crate::attestation::Attestation;
use crate::error::KmsError;
use crate::grants::record::GrantId;
use crate::operation::Operation;

/// `eventSource`.
pub(crate) const SOURCE: &str = "kms.amazonaws.com";

/// The gathered facts of one run of one operation.
pub(crate) struct Report<'a> {
    call: &'a Call,
    operation: &'static Operation,
    alias: Option<Resource>,
    key: Option<Touched>,
    second_key: Option<Touched>,
    materials: Materials,
    grant: Option<GrantId>,
    /// `additionalEventData.recipient`.
    recipient: Option<Value>,
    also: Option<Event>,
    charged: bool,
}

/// A key that an operation is about.
#[derive(Clone, Copy)]
struct Touched {
    arn: KeyArn,
    /// Whether another account's alias named it, so that a caller who is denied doesn't know which key it is.
    veiled: bool,
}

enum Materials {
    None,
    One(MaterialId),
    Two(Option<MaterialId>, Option<MaterialId>),
}

impl<'a> Report<'a> {
    pub(crate) fn new(call: &'a Call, operation: &'static Operation) -> Self {
        let (alias, key, second_key, grant, recipient, also) = (None, None, None, None, None, None);
        Self {
            call,
            operation,
            alias,
            key,
            second_key,
            materials: Materials::None,
            grant,
            recipient,
            also,
            charged: false,
        }
    }

    /// The operation is about this key; ReEncrypt tells its source first.
    pub(crate) fn key(&mut self, arn: KeyArn) {
        self.touch(Touched { arn, veiled: false });
    }

    /// The same, for a key that an alias named.
    pub(crate) fn key_behind_alias(&mut self, arn: KeyArn) {
        self.touch(Touched { arn, veiled: arn.account != self.call.caller().account() });
    }

    fn touch(&mut self, touched: Touched) {
        if self.key.is_none() {
            self.key = Some(touched);
        } else {
            self.second_key = Some(touched);
        }
    }

    /// The operation is about this alias of the caller's account. CloudTrail calls it a key, like the key behind it.
    pub(crate) fn alias(&mut self, arn: &str) {
        let account = Some(self.call.caller().account());
        self.alias = Some(Resource::Other { account, kind: "AWS::KMS::Key", arn: arn.into() });
    }

    /// Whether the call hasn't been charged yet; it counts as charged from now on.
    pub(crate) fn is_first_charge(&mut self) -> bool {
        !std::mem::replace(&mut self.charged, true)
    }

    /// What else is recorded if the operation succeeds.
    pub(crate) fn also(&mut self, event: Event) {
        self.also = Some(event);
    }

    /// The grant that ended, for operations whose parameters aren't recorded.
    pub(crate) fn grant(&mut self, grant: GrantId) {
        self.grant = Some(grant);
    }

    /// Who the answer is for, if an attestation document proved it.
    pub(crate) fn recipient(&mut self, attestation: Option<&Attestation>) {
        self.recipient = attestation.map(Attestation::recorded);
    }

    /// The material that was used, where AWS shows it.
    pub(crate) fn material(&mut self, material: Option<MaterialId>) {
        self.materials = material.map_or(Materials::None, Materials::One);
    }

    /// The materials that ReEncrypt used.
    pub(crate) fn materials(&mut self, source: Option<MaterialId>, destination: Option<MaterialId>) {
        self.materials = Materials::Two(source, destination);
    }

    /// Ends an operation that changes nothing. `parameters` is the input's `audit_parameters`.
    pub(crate) fn close<T>(
        self,
        outcome: Result<T, KmsError>,
        parameters: impl FnOnce() -> Vec<u8>,
    ) -> Effect<T, ErrorAnswer> {
        match outcome {
            Ok(output) => {
                let event = self.success(parameters());
                Effect::value(output, event)
            }
            Err(error) => self.refuse(&error, parameters),
        }
    }

    /// Ends an operation that may change something. `elements` makes `responseElements` of the output.
    pub(crate) fn close_change<T>(
        mut self,
        outcome: Result<(T, Option<Batch>), KmsError>,
        parameters: impl FnOnce() -> Vec<u8>,
        elements: impl FnOnce(&T) -> Vec<u8>,
    ) -> Effect<T, ErrorAnswer> {
        match outcome {
            Ok((output, batch)) => {
                let events = Events::from(self.success(parameters()).response(elements(&output)));
                let events = match self.also.take() {
                    Some(also) => events.and(also),
                    None => events,
                };
                match batch {
                    Some(batch) => Effect::change(output, batch, events),
                    None => Effect::value(output, events),
                }
            }
            Err(error) => self.refuse(&error, parameters),
        }
    }

    fn success(&self, parameters: Vec<u8>) -> Event {
        let event = self.resources(self.keys(), self.begin().request(parameters));
        let event = match self.materials {
            Materials::None => event,
            Materials::One(material) => event.key_material(material),
            Materials::Two(source, destination) => event.key_materials(source, destination),
        };
        let event = if self.operation.tracked { event.uses() } else { event };
        let event = match &self.grant {
            Some(grant) => event.additional(format!(r#"{{"grantId":"{grant}"}}"#).into_bytes()),
            None => event,
        };
        let event = self.attested(event);
        let caller = self.call.caller().account();
        match self.keys().map(|key| key.arn.account).find(|owner| *owner != caller) {
            Some(owner) => event.shared_with(owner),
            None => event,
        }
    }

    fn refuse<T>(self, error: &KmsError, parameters: impl FnOnce() -> Vec<u8>) -> Effect<T, ErrorAnswer> {
        let answer = error.answer();
        let event = self.begin().error(answer.code.clone(), answer.message.as_deref());
        if error.is_unresolved() {
            return Effect::refusal(answer, event);
        }
        let event = self.attested(event);
        let told = self.keys().filter(|key| !(key.veiled && error.is_denial()));
        let event = self.resources(told, event.request(parameters()));
        Effect::refusal(answer, event)
    }

    /// Adds what the recipient proved. AWS: its examples are older than `keyMaterialId`; here both are told. A refusal
    /// tells of the recipient as well, so that an operator sees which measurements a policy turned away.
    fn attested(&self, event: Event) -> Event {
        let Some(recipient) = &self.recipient else { return event };
        let mut additional = Map::new();
        if let Materials::One(material) = &self.materials {
            additional.insert("keyMaterialId".to_owned(), material.to_string().into());
        }
        additional.insert("recipient".to_owned(), recipient.clone());
        event.additional(Value::Object(additional).to_string().into_bytes())
    }

    /// The alias, then the keys.
    fn resources(&self, keys: impl Iterator<Item = Touched>, event: Event) -> Event {
        let event = self.alias.iter().cloned().fold(event, Event::resource);
        keys.fold(event, |event, key| event.resource(Resource::Key(key.arn)))
    }

    fn begin(&self) -> Event {
        let event = self.call.event(SOURCE, self.operation.name, self.operation.read_only);
        if self.operation.takes_rights { event.frees() } else { event }
    }

    fn keys(&self) -> impl Iterator<Item = Touched> + use<> {
        [self.key, self.second_key].into_iter().flatten()
    }
}
