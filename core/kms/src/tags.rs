//! The rules for the tags of a request. Lengths are the model's and are checked at decoding.

use crate::error::KmsError;
use crate::record::Tag;

/// LIMIT: tags of a key.
const TAGS: usize = 50;

/// Reads the tags of a request.
///
/// # Errors
/// TagException's four causes.
pub(crate) fn parse(asked: &[sealroom_api::kms::Tag]) -> Result<Box<[Tag]>, KmsError> {
    if asked.len() > TAGS {
        return Err(KmsError::TooManyTags);
    }
    for (index, tag) in asked.iter().enumerate() {
        if asked.iter().take(index).any(|earlier| earlier.tag_key == tag.tag_key) {
            return Err(KmsError::DuplicateTags);
        }
        if tag.tag_key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(KmsError::ReservedTag);
        }
        if !tag.tag_key.chars().chain(tag.tag_value.chars()).all(allowed) {
            return Err(KmsError::TagCharacters);
        }
    }
    Ok(sent(asked).into())
}

/// The tags of a request as they were sent, for the decision.
pub(crate) fn sent(asked: &[sealroom_api::kms::Tag]) -> Vec<Tag> {
    asked.iter().map(|tag| Tag { key: tag.tag_key.as_str().into(), value: tag.tag_value.as_str().into() }).collect()
}

/// `new` besides `old`: a value that changes keeps its tag's place.
///
/// # Errors
/// [`KmsError::TooManyTags`].
pub(crate) fn with(old: &[Tag], new: Box<[Tag]>) -> Result<Box<[Tag]>, KmsError> {
    let mut tags = old.to_vec();
    for tag in new {
        match tags.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => known.value = tag.value,
            None => tags.push(tag),
        }
    }
    if tags.len() > TAGS { Err(KmsError::TooManyTags) } else { Ok(tags.into()) }
}

/// A tag as answers show it.
pub(crate) fn shown(tag: &Tag) -> sealroom_api::kms::Tag {
    sealroom_api::kms::Tag { tag_key: tag.key.to_string(), tag_value: tag.value.to_string() }
}

fn allowed(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> sealroom_api::kms::Tag {
        sealroom_api::kms::Tag { tag_key: key.to_owned(), tag_value: value.to_owned() }
    }

    fn refusal(tags: &[sealroom_api::kms::Tag]) -> Option<String> {
        parse(tags).err().map(|error| error.to_string())
    }

    #[test]
    fn fifty_tags_are_taken_and_one_more_is_not() {
        let tags: Vec<_> = (0..51).map(|n| tag(&format!("k{n}"), "")).collect();
        assert_eq!(parse(&tags[..50]).unwrap().len(), 50);
        assert_eq!(refusal(&tags).as_deref(), Some("Too many tags"));
    }

    #[test]
    fn names_are_unique_unreserved_and_plain() {
        for (tags, told) in [
            (vec![tag("a", "1"), tag("a", "2")], Some("Duplicate tag keys")),
            (vec![tag("a", "1"), tag("A", "2")], None),
            (vec![tag("aws:x", "")], Some("Tags beginning with aws: are reserved")),
            (vec![tag("AWS:x", "")], Some("Tags beginning with aws: are reserved")),
            (vec![tag("awsx", "a b_.:/=+-@ä")], None),
            (vec![tag("a", "b!")], Some("Tag keys and values may hold letters, digits, spaces and _ . : / = + - @")),
        ] {
            assert_eq!(refusal(&tags).as_deref(), told);
        }
    }
}
