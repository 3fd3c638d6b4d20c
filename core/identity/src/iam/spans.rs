//! Where the statements of a policy stand in its text, and which condition keys it names, for the simulator.
//!
//! The text has been read as a policy before, so it is JSON with the elements of one; nothing here judges it.

use std::collections::BTreeSet;

use serde_json::Value;

/// A place in a text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: i32,
    pub(crate) column: i32,
}

/// Where each statement begins and ends, braces included.
pub(crate) fn statements(text: &str) -> Vec<(Place, Place)> {
    let mut scan = Scan { text: text.as_bytes(), at: 0, depth: 0 };
    let mut found = Vec::new();
    // The document's own members lie at depth 1; its statements at 2, or at 1 when they stand in no list.
    let mut member = String::new();
    let mut begun = None;
    let mut listed = false;
    while let Some(token) = scan.next() {
        match token {
            Token::Text(name) if scan.depth == 1 && begun.is_none() => member = name,
            Token::Open(b'[') if scan.depth == 2 && member == "Statement" => listed = true,
            Token::Close(b']') if scan.depth == 1 => listed = false,
            Token::Open(b'{') if member == "Statement" && scan.depth == if listed { 3 } else { 2 } => {
                begun = begun.or(Some((scan.at.saturating_sub(1), scan.depth)));
            }
            Token::Close(b'}') => {
                if let Some((from, depth)) = begun
                    && scan.depth.saturating_add(1) == depth
                {
                    found.push((place(text, from), place(text, scan.at)));
                    begun = None;
                }
            }
            Token::Text(_) | Token::Open(_) | Token::Close(_) => {}
        }
    }
    found
}

enum Token {
    Text(String),
    Open(u8),
    Close(u8),
}

struct Scan<'a> {
    text: &'a [u8],
    /// Behind the last token.
    at: usize,
    depth: usize,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at = self.at.saturating_add(1);
            match byte {
                b'{' | b'[' => {
                    self.depth = self.depth.saturating_add(1);
                    return Some(Token::Open(byte));
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    return Some(Token::Close(byte));
                }
                b'"' => return self.string(),
                _ => {}
            }
        }
    }

    fn string(&mut self) -> Option<Token> {
        let begin = self.at;
        loop {
            match *self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at = self.at.saturating_add(2),
                _ => self.at = self.at.saturating_add(1),
            }
        }
        let text = String::from_utf8_lossy(self.text.get(begin..self.at)?).into_owned();
        self.at = self.at.saturating_add(1);
        Some(Token::Text(text))
    }
}

fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()).saturating_add(1);
    Place { line: i32::try_from(line).unwrap_or(i32::MAX), column: i32::try_from(column).unwrap_or(i32::MAX) }
}

/// The condition keys that a policy names, in conditions and in variables, as it spells them.
pub(crate) fn condition_keys(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(policy) = serde_json::from_str::<Value>(text) {
        let statements = match policy.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement) => std::slice::from_ref(statement),
            None => &[],
        };
        for statement in statements {
            for operator in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
                found.extend(operator.1.as_object().into_iter().flatten().map(|(key, _)| key.clone()));
            }
            variables(statement, &mut found);
        }
    }
    found
}

/// Adds the keys that stand in `${…}` somewhere in a value.
fn variables(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for piece in text.split("${").skip(1) {
                let name = piece.split(['}', ',']).next().unwrap_or_default().trim();
                if name.contains(':') {
                    found.insert(name.to_owned());
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| variables(value, found)),
        Value::Object(members) => members.values().for_each(|value| variables(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(text: &str) -> Vec<(i32, i32, i32, i32)> {
        statements(text).into_iter().map(|(from, to)| (from.line, from.column, to.line, to.column)).collect()
    }

    #[test]
    fn statements_are_found_by_line_and_column() {
        assert_eq!(spans(r#"{"Statement":{"Effect":"Allow"}}"#), [(1, 14, 1, 32)]);
        let text = "{\n \"Id\": \"a{b\",\n \"Statement\": [\n  {\"Sid\": \"}\\\"{\",\n   \"Condition\": {\"Bool\": {\"a:b\": [true]}}},\n  {}\n ],\n \"Version\": \"x\"\n}";
        assert_eq!(spans(text), [(4, 3, 5, 43), (6, 3, 6, 5)]);
        assert_eq!(spans(r#"{"Version":"2012-10-17"}"#), []);
    }

    #[test]
    fn condition_keys_are_spelt_as_the_policy_spells_them() {
        let text = r#"{"Statement":[{"Resource":"arn:aws:s3:::b/${aws:username}/${*}",
            "Condition":{"StringEquals":{"aws:ResourceTag/Team":"${aws:PrincipalTag/team, 'none'}"}}},
            {"Condition":{"Null":{"kms:ViaService":"true"}}}]}"#;
        let keys: Vec<String> = condition_keys(text).into_iter().collect();
        assert_eq!(keys, ["aws:PrincipalTag/team", "aws:ResourceTag/Team", "aws:username", "kms:ViaService"]);
    }
}
