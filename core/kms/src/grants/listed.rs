//! What the lists of grants share: pages, entries, the narrower limit.

use sealroom_api::kms::GrantListEntry;
use sealroom_foundation::Partition;
use sealroom_store::{Answer, KeyPath, Read};

use crate::error::KmsError;
use crate::grants::Party;
use crate::grants::record::GrantRecord;
use crate::grants::written;
use crate::kms::Kms;
use crate::marker;

const DEFAULT: u32 = 50;
/// LIMIT: grants of a page.
const MOST: u32 = 100;

/// How many grants a page has.
///
/// # Errors
/// As [`marker::page_length`].
pub(crate) fn limit(asked: Option<i32>) -> Result<u32, KmsError> {
    marker::page_length(asked, DEFAULT, MOST)
}

/// A grant as lists show it. Tokens are shown once, when they are made.
pub(crate) fn entry(grant: &GrantRecord) -> GrantListEntry {
    let partition: Partition = grant.key.region.partition();
    let retiring = grant.retiring.as_ref();
    GrantListEntry {
        key_id: Some(grant.key.to_string()),
        grant_id: Some(grant.id.to_string()),
        // AWS: empty when the grant has none.
        name: Some(grant.name.to_string()),
        creation_date: Some(grant.created),
        grantee_principal: grant.grantee.text_if(false),
        retiring_principal: retiring.and_then(|retirer| retirer.text_if(false)),
        issuing_account: Some(format!("arn:{partition}:iam::{}:root", grant.issuer)),
        operations: Some(grant.operations.as_slice().to_vec()),
        constraints: grant.constraints.shown(),
        grantee_service_principal: grant.grantee.text_if(true),
        retiring_service_principal: retiring.and_then(|retirer| retirer.text_if(true)),
    }
}

/// A page of grants, and whether more follow.
pub(crate) struct Page {
    pub(crate) grants: Vec<GrantRecord>,
    pub(crate) more: bool,
}

impl Page {
    pub(crate) fn entries(&self) -> Vec<GrantListEntry> {
        self.grants.iter().map(entry).collect()
    }

    /// The last grant, when there are more behind it.
    pub(crate) fn last(&self) -> Option<&GrantRecord> {
        self.grants.last().filter(|_| self.more)
    }
}

impl Kms {
    /// The grants in the rows below `prefix`, behind `after`.
    pub(crate) async fn page(&self, prefix: KeyPath, after: Option<KeyPath>, limit: u32) -> Result<Page, KmsError> {
        let answer = self.view.read(&[Read::Range { prefix, after, limit }]).await?.into_iter().next();
        let Some(Answer::Rows { rows, more }) = answer else {
            return Err(KmsError::Fault("the store gave another answer than the question's"));
        };
        let mut grants: Vec<GrantRecord> = rows.iter().map(written::read).collect::<Result<_, _>>()?;
        for grant in &mut grants {
            self.show(&mut grant.grantee).await?;
            if let Some(retiring) = &mut grant.retiring {
                self.show(retiring).await?;
            }
        }
        Ok(Page { grants, more })
    }

    /// Gives a user or role the ARN that it has now; AWS shows the unique id of one that is gone.
    async fn show(&self, party: &mut Party) -> Result<(), KmsError> {
        if let Some(id) = party.bound_to() {
            let present = self.identity.present_arn(party.text(), id).await?;
            let text = present.unwrap_or_else(|| id.to_owned());
            party.show_as(&text);
        }
        Ok(())
    }
}
