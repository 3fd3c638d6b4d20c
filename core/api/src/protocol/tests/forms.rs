//! Forms read into a draft with every kind of member, framed and flat. The bodies are what SDKs send.

use sealroom_foundation::{Secret, Timestamp};

use super::wire;
use crate::draft::{Blob, Draft, Flag, Float, Integer, List, Map, Moment, SecretText, Text, draft};
use crate::protocol::query;
use crate::rules::{
    BlobRule, EachRule, Findings, Free, IntegerRule, Length, ListRule, MapRule, Path, Structure, TextRule,
};
use crate::serve::Compat;

const ANY: TextRule = TextRule { length: Length::new(Some(1), Some(20)), pattern: None };

draft! {
    TagDraft {
        "Key" => key: Text<'a>,
        "Value" => value: Text<'a>,
    }
}

impl Draft for TagDraft<'_> {
    type Input = (String, Option<String>);
    const BARE: bool = false;

    fn finish(self, at: &Path<'_>, found: &mut Findings) -> Option<Self::Input> {
        let key = found.required(self.key, at, "key", &ANY);
        let value = found.optional(self.value, at, "value", &ANY);
        Some((key?, value?))
    }
}

draft! {
    AllDraft {
        "RoleArn" => role_arn: Text<'a>,
        "DurationSeconds" => duration_seconds: Integer,
        "Ratio" => ratio: Float,
        "Flag" => flag: Flag,
        "When" => when: Moment,
        "Token" => token: SecretText,
        "Blob" => blob: Blob,
        "Keys" => keys: List<Text<'a>>,
        "Tags" => tags: List<TagDraft<'a>>,
        "Attributes" => attributes: Map<'a, Text<'a>>,
    }
}

#[derive(Debug, Default)]
pub(crate) struct All {
    role_arn: Option<String>,
    duration_seconds: Option<i32>,
    ratio: Option<f64>,
    flag: Option<bool>,
    when: Option<Timestamp>,
    token: Option<Secret<[u8]>>,
    blob: Option<Vec<u8>>,
    keys: Option<Vec<String>>,
    tags: Option<Vec<(String, Option<String>)>>,
    attributes: Option<std::collections::BTreeMap<String, String>>,
}

impl Draft for AllDraft<'_> {
    type Input = All;
    const BARE: bool = false;

    fn finish(self, at: &Path<'_>, found: &mut Findings) -> Option<All> {
        const SECONDS: IntegerRule<i32> = IntegerRule::of_32_bits(Some(900), Some(43_200));
        const KEYS: EachRule<TextRule> = EachRule { length: Length::new(None, Some(50)), item: ANY };
        const TAGS: ListRule<Structure> = ListRule { length: Length::new(None, Some(50)), item: Structure };
        const ATTRIBUTES: MapRule<TextRule, TextRule> =
            MapRule { length: Length::new(None, None), key: ANY, value: ANY };
        let role_arn = found.optional(self.role_arn, at, "roleArn", &ANY);
        let duration_seconds = found.optional(self.duration_seconds, at, "durationSeconds", &SECONDS);
        let ratio = found.optional(self.ratio, at, "ratio", &Free);
        let flag = found.optional(self.flag, at, "flag", &Free);
        let when = found.optional(self.when, at, "when", &Free);
        let token = found.optional(self.token, at, "token", &ANY);
        let blob = found.optional(self.blob, at, "blob", &BlobRule { length: Length::new(None, Some(9)) });
        let keys = found.optional(self.keys, at, "keys", &KEYS);
        let tags = found.optional(self.tags, at, "tags", &TAGS);
        let attributes = found.optional(self.attributes, at, "attributes", &ATTRIBUTES);
        Some(All {
            role_arn: role_arn?,
            duration_seconds: duration_seconds?,
            ratio: ratio?,
            flag: flag?,
            when: when?,
            token: token?,
            blob: blob?,
            keys: keys?,
            tags: tags?,
            attributes: attributes?,
        })
    }
}

fn read(form: &str) -> Result<All, (String, Option<String>)> {
    let read = query::decode::<AllDraft<'_>>(form.as_bytes(), wire(Compat::Aws));
    read.map_err(|error| (error.code.into_owned(), error.message))
}

#[test]
fn scalars_are_read_from_texts() {
    let all = read(
        "Action=X&RoleArn=arn%3Aa%2Fb+c%C3%A9&DurationSeconds=900&Ratio=0.5&Flag=true&When=2026-09-12T06%3A21%3A24Z\
         &Token=hush&Blob=YQ%3D%3D",
    )
    .unwrap();
    assert_eq!(all.role_arn.as_deref(), Some("arn:a/b cé"));
    assert_eq!(all.duration_seconds, Some(900));
    assert_eq!(all.ratio, Some(0.5));
    assert_eq!(all.flag, Some(true));
    assert_eq!(all.when, Some(Timestamp::from_seconds(1_789_194_084)));
    assert!(all.token.unwrap().ct_eq(b"hush"));
    assert_eq!(all.blob.as_deref(), Some(&b"a"[..]));
}

#[test]
fn lists_are_read_framed_and_flat_in_the_order_of_their_numbers() {
    for form in [
        "Keys.member.1=a&Keys.member.2=b&Keys.member.10=c",
        "Keys.member.10=c&Keys.member.2=b&Keys.member.1=a",
        "Keys.1=a&Keys.2=b&Keys.3=c",
        "Keys.Item.1=a&Keys.Item.3=b&Keys.Item.7=c",
    ] {
        assert_eq!(read(form).unwrap().keys.unwrap(), ["a", "b", "c"], "{form}");
    }
    assert_eq!(read("Keys=").unwrap().keys.unwrap(), [""; 0], "an empty list");
}

#[test]
fn structures_in_lists_and_maps_are_read() {
    let tags = read("Tags.member.2.Key=c&Tags.member.1.Key=a&Tags.member.1.Value=b").unwrap().tags.unwrap();
    assert_eq!(tags, [("a".to_owned(), Some("b".to_owned())), ("c".to_owned(), None)]);
    for form in ["Attributes.entry.1.key=a&Attributes.entry.1.value=b", "Attributes.1.Name=a&Attributes.1.Value=b"] {
        assert_eq!(read(form).unwrap().attributes.unwrap()["a"], "b", "{form}");
    }
}

#[test]
fn violations_in_a_form_are_told_in_one_validation_error() {
    let (code, message) = read("DurationSeconds=1&Tags.member.1.Value=b&RoleArn=&Token=").unwrap_err();
    assert_eq!(code, "ValidationError");
    let failed = "failed to satisfy constraint: Member must";
    let wanted = format!(
        "4 validation errors detected: Value '' at 'roleArn' {failed} have length greater than or equal to 1; \
         Value '1' at 'durationSeconds' {failed} have value greater than or equal to 900; \
         Value at 'token' {failed} have length greater than or equal to 1; \
         Value null at 'tags.1.member.key' {failed} not be null"
    );
    assert_eq!(message, Some(wanted));
}

#[test]
fn what_is_no_value_of_its_kind_is_malformed() {
    for form in [
        "DurationSeconds=",
        "DurationSeconds=1.5",
        "DurationSeconds=abc",
        "DurationSeconds.x=900",
        "Ratio=x",
        "Flag=yes",
        "When=yesterday",
        "Blob=YQ",
        "RoleArn.a=b",
        "Keys=a",
        "Keys.a=b",
        "Keys.a.b=c",
        "Keys.member.1=a&Keys.other.1=b",
        "Keys.member.1.x=a",
        "Attributes.entry.1.key=a",
        "Attributes.entry.1.value=a",
        "Attributes.entry.x.key=a",
    ] {
        assert_eq!(read(form).unwrap_err(), ("MalformedInput".to_owned(), None), "{form}");
    }
}
