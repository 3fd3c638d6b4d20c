//! TagResource, UntagResource and ListResourceTags. A key's tags stand in its row, in the order of their making.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    ListResourceTagsInput, ListResourceTagsOutput, TagResourceInput, TagResourceOutput, UntagResourceInput,
    UntagResourceOutput,
};
use sealroom_audit::Effect;
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::change;
use crate::conditions::Asked;
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::marker;
use crate::operation::{LIST_RESOURCE_TAGS, TAG_RESOURCE, UNTAG_RESOURCE};
use crate::record::Tag;
use crate::report::Report;
use crate::tags;

/// LIMIT: tags of a page, also when nobody asks for fewer.
const PAGE: u32 = 50;

/// A key whose tags change, and what has to be written.
type Changed = (Loaded, Batch);

pub(crate) async fn tag(kms: &Kms, call: &Call, input: &TagResourceInput) -> Effect<TagResourceOutput, ErrorAnswer> {
    let mut report = Report::new(call, &TAG_RESOURCE);
    let outcome = run_tag(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |(key, _)| &key.entry.record);
    let outcome = outcome.map(|(_, batch)| (TagResourceOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run_tag(
    kms: &Kms,
    call: &Call,
    input: &TagResourceInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    let sent = tags::sent(&input.tags);
    let asked = Asked { tags: &sent, ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &TAG_RESOURCE, asked, report).await?;
    change::unless_pending_deletion(&key.entry.record)?;
    let tags = tags::with(&key.entry.record.tags, tags::parse(&input.tags)?)?;
    Ok(with_tags(key, tags))
}

pub(crate) async fn untag(
    kms: &Kms,
    call: &Call,
    input: &UntagResourceInput,
) -> Effect<UntagResourceOutput, ErrorAnswer> {
    let mut report = Report::new(call, &UNTAG_RESOURCE);
    let outcome = run_untag(kms, call, input, &mut report).await;
    let elements = change::key_id_element(&outcome, |(key, _)| &key.entry.record);
    let outcome = outcome.map(|(_, batch)| (UntagResourceOutput {}, Some(batch)));
    report.close_change(outcome, || input.audit_parameters(), |_| elements)
}

async fn run_untag(
    kms: &Kms,
    call: &Call,
    input: &UntagResourceInput,
    report: &mut Report<'_>,
) -> Result<Changed, KmsError> {
    let asked = Asked { tag_keys: &input.tag_keys, ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &UNTAG_RESOURCE, asked, report).await?;
    change::unless_pending_deletion(&key.entry.record)?;
    // AWS: a tag that isn't there is gone already.
    let gone = |tag: &Tag| input.tag_keys.iter().any(|name| **name == *tag.key);
    let tags = key.entry.record.tags.iter().filter(|tag| !gone(tag)).cloned().collect();
    Ok(with_tags(key, tags))
}

fn with_tags(key: Loaded, tags: Box<[Tag]>) -> Changed {
    let mut record = key.entry.record.clone();
    record.tags = tags;
    let batch = change::rewrite(&key, &key.document(record));
    (key, batch)
}

pub(crate) async fn list(
    kms: &Kms,
    call: &Call,
    input: &ListResourceTagsInput,
) -> Effect<ListResourceTagsOutput, ErrorAnswer> {
    let mut report = Report::new(call, &LIST_RESOURCE_TAGS);
    let outcome = run_list(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run_list(
    kms: &Kms,
    call: &Call,
    input: &ListResourceTagsInput,
    report: &mut Report<'_>,
) -> Result<ListResourceTagsOutput, KmsError> {
    let limit = marker::page_length(input.limit, PAGE, PAGE)?;
    let key = kms.permitted(call, &input.key_id, &LIST_RESOURCE_TAGS, Asked::default(), report).await?;
    let record = &key.entry.record;
    let list = format!("{}/{}", LIST_RESOURCE_TAGS.name, record.arn_text());
    let after = match &input.marker {
        None => 0,
        Some(marker) => {
            let last = marker::open(&*kms.seal, call, &list, marker)?;
            // A tag that has gone since leaves its place: the list goes on behind those that were before it.
            record.tags.iter().position(|tag| *tag.key == *last).map_or(record.tags.len(), |at| at + 1)
        }
    };
    let mut rest = record.tags.iter().skip(after);
    let page: Vec<&Tag> = rest.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let next_marker = rest.next().and(page.last()).map(|last| marker::seal(&*kms.seal, call, &list, &last.key));
    Ok(ListResourceTagsOutput {
        tags: Some(page.into_iter().map(tags::shown).collect()),
        truncated: Some(next_marker.is_some()),
        next_marker,
    })
}
