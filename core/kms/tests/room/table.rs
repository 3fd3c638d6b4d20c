//! Reads the tables in `tests/tables`: lines of cells, `#` for remarks.

/// The lines that say something.
pub(crate) fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The cells of each line, between bars.
pub(crate) fn rows(table: &str) -> Vec<Vec<&str>> {
    lines(table).map(|line| line.split('|').map(str::trim).collect()).collect()
}

/// `template` with each `{name}` replaced by its value.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Fails with all that is wrong, not only the first.
#[track_caller]
pub(crate) fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} rows are wrong:\n{}", faults.len(), faults.join("\n"));
}

/// Adds a line to `faults` when an answer isn't the expected one.
pub(crate) fn expect(faults: &mut Vec<String>, row: &str, expected: &str, said: &str) {
    if expected != said {
        faults.push(format!("{row}\n   expected {expected}\n   said     {said}"));
    }
}
