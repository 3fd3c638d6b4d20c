//! The generator against whole tables, every operation served: what it writes is Rust, for shapes that nobody serves yet.
//!
//! Reads `models/`, and any folder of further tables that `SEALROOM_TABLES` names.

use std::path::{Path, PathBuf};

use super::model::{Model, Protocol};
use super::overlay::Overlay;
use super::{FILES, Plan, formatted, origin};

/// Shapes whose patterns look around, which the pattern compiler refuses: an overlay has to replace them when an
/// operation that reaches them is served.
const LOOKING_AROUND: [&str; 3] = ["accountAliasType", "Alias", "S3Bucket"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tables() -> Vec<PathBuf> {
    let further = std::env::var("SEALROOM_TABLES").ok().map(PathBuf::from);
    let folders = [Some(root().join("models")), further].into_iter().flatten();
    let mut tables: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    tables.sort();
    tables
}

fn model(table: &Path) -> Model {
    let mut model = Model::parse(&std::fs::read_to_string(table).unwrap()).unwrap();
    for name in LOOKING_AROUND {
        if let Some(shape) = model.shapes.get_mut(name) {
            shape.pattern = shape.pattern.take().filter(|pattern| !pattern.contains("(?!") && !pattern.contains("(?<"));
        }
    }
    model
}

#[test]
fn every_operation_of_every_table_becomes_rust() {
    let tables = tables();
    assert!(tables.len() >= 3, "{tables:?}");
    for table in tables {
        let model = model(&table);
        let spoken = matches!(model.protocol, Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::AwsQuery);
        let overlay = Overlay::serving_all(&model);
        let plan = Plan::new("all", model, overlay).unwrap();
        for (name, _, emit) in FILES {
            if name == "operations" && !spoken {
                assert!(emit(&plan).is_err(), "{}: a protocol without a module is refused", table.display());
                continue;
            }
            let text = emit(&plan).unwrap_or_else(|error| panic!("{}: {name}: {error:#}", table.display()));
            let text = formatted(&root(), &format!("//! {}\n\n{text}", origin("all")));
            assert!(text.is_ok(), "{}: {name}: rustfmt refuses it", table.display());
        }
    }
}

#[test]
fn each_constraint_of_a_table_is_in_what_is_written() {
    let table = r#"{
        "service": "x", "signingName": "x", "version": "1", "protocol": "aws-json-1.1", "target": "X",
        "operations": {"Do": {"input": "DoRequest", "output": "DoResponse"}},
        "shapes": {
            "DoRequest": {"type": "structure", "required": ["Name"], "members": {
                "Name": {"shape": "Name"}, "Secret": {"shape": "Secret"}, "Bytes": {"shape": "Bytes"},
                "Count": {"shape": "Count"}, "Names": {"shape": "Names"}, "Kinds": {"shape": "Kinds"}, "When": {"shape": "When"}}},
            "DoResponse": {"type": "structure", "members": {"Secret": {"shape": "Secret"}}},
            "Name": {"type": "string", "min": 1, "max": 9, "pattern": "[a-z]+"},
            "Secret": {"type": "string", "sensitive": true},
            "Bytes": {"type": "blob", "max": 4096},
            "Count": {"type": "integer", "min": 1, "max": 1000},
            "Names": {"type": "list", "member": {"shape": "Name"}, "max": 3},
            "Kinds": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Kind"}},
            "Kind": {"type": "string", "enum": ["A", "B"]},
            "When": {"type": "timestamp"}
        }}"#;
    let overlay = r#"{"module": "x", "trait": "XService", "about": "x", "serve": ["Do"], "read_only": [],
        "extended": {"DoRequest.Bytes": {"max": 9999}},
        "audit": {"omit": {"Do": ["Kinds"]}, "defaults": {"Do": {"Count": ["$When", 7]}}, "elements": ["Do"]}}"#;
    let plan = Plan::new("x", Model::parse(table).unwrap(), Overlay::parse(overlay).unwrap()).unwrap();
    let text =
        |wanted: &str| FILES.iter().find(|(name, _, _)| *name == wanted).map(|(_, _, emit)| emit(&plan).unwrap());
    let (decode, encode, audit) = (text("decode").unwrap(), text("encode").unwrap(), text("audit").unwrap());
    for wanted in [
        r#"found.required(self.name, at, "name", &NAME)"#,
        r#"found.optional(self.when, at, "when", &Free)"#,
        "TextRule { length: Length::new(Some(1), Some(9)), pattern: Some(&NAME_PATTERN) }",
        "const SECRET: TextRule = TextRule { length: Length::new(None, None), pattern: None };",
        "BlobRule { length: Length::new(None, Some(4096)).extended(9999) }",
        "IntegerRule::of_32_bits(Some(1), Some(1000))",
        "EachRule { length: Length::new(None, Some(3)), item: NAME }",
        "MapRule<TextRule, ChoiceRule<types::Kind>>",
        r#""Secret" => secret: SecretText,"#,
        r#""Kinds" => kinds: Map<'a, Text<'a>>,"#,
    ] {
        assert!(decode.contains(wanted), "{wanted}\n{decode}");
    }
    assert!(encode.contains(r#"sink.member("Secret", &SecretText(value));"#), "{encode}");
    for unwanted in ["Secret", "Bytes", "Kinds"] {
        assert!(!audit.contains(&format!("{unwanted:?}")), "{unwanted} is recorded: {audit}");
    }
    assert!(audit.contains(r#"out.member("Count", &7_i64);"#), "{audit}");
    assert!(audit.contains("if let Some(value) = &self.when"), "{audit}");
}
