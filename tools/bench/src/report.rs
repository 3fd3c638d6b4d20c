//! What was measured and whether the goals are met: as a table for people, as JSON for programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// A goal and how far the best may go.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// Not less than this; the second is what we aim at.
    AtLeast(f64, f64),
    /// Not more than this; the second is what we aim at.
    AtMost(f64, f64),
}

impl Goal {
    fn judge(self, measured: f64) -> Verdict {
        let (met, aimed) = match self {
            Self::AtLeast(must, aim) => (measured >= must, measured >= aim),
            Self::AtMost(must, aim) => (measured <= must, measured <= aim),
        };
        match (met, aimed) {
            (false, _) => Verdict::Missed,
            (true, false) => Verdict::Met,
            (true, true) => Verdict::Aim,
        }
    }

    fn parts(self) -> (&'static str, f64, f64) {
        match self {
            Self::AtLeast(must, aim) => ("≥", must, aim),
            Self::AtMost(must, aim) => ("≤", must, aim),
        }
    }
}

/// How a measured value stands to its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// As good as what we aim at.
    Aim,
    /// Good enough.
    Met,
    /// Not good enough.
    Missed,
    /// The suite failed: there is nothing to judge.
    Failed,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Aim => "met, as aimed",
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Failed => "FAILED",
        }
    }
}

/// One judged value.
#[derive(Debug, Serialize)]
struct Row {
    suite: &'static str,
    what: String,
    measured: Option<f64>,
    unit: &'static str,
    goal: Option<Goal>,
    verdict: Verdict,
}

/// The medians of one kind of request.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// `Encrypt`, …
    pub(crate) subject: String,
    /// Answers in a second.
    pub(crate) per_second: f64,
    /// Half of the answers came within this time, in microseconds.
    pub(crate) p50_us: f64,
    /// 99 of 100 did.
    pub(crate) p99_us: f64,
    /// Processor time of the server for each request, in microseconds.
    pub(crate) server_us: f64,
    /// The same of the load.
    pub(crate) client_us: f64,
}

/// Everything that one run of this program found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// What the figures depend on: machine, options.
    setting: Vec<(&'static str, String)>,
    figures: Vec<(&'static str, Figures)>,
    notes: Vec<(&'static str, String)>,
    rows: Vec<Row>,
}

impl Report {
    /// An empty one of a run in this setting.
    pub(crate) fn new(setting: Vec<(&'static str, String)>) -> Self {
        Self { setting, ..Self::default() }
    }

    /// Adds the figures behind a ratio.
    pub(crate) fn figures(&mut self, suite: &'static str, figures: Figures) {
        self.figures.push((suite, figures));
    }

    /// Adds something to know that has no goal; also said at once, on standard error.
    pub(crate) fn note(&mut self, suite: &'static str, text: String) {
        progress(suite, &text);
        self.notes.push((suite, text));
    }

    /// Judges a value.
    pub(crate) fn judge(&mut self, suite: &'static str, what: String, measured: f64, unit: &'static str, goal: Goal) {
        let verdict = goal.judge(measured);
        let (sign, must, _) = goal.parts();
        progress(suite, &format!("{what}: {measured:.2}{unit} ({sign} {must}): {}", verdict.word()));
        self.rows.push(Row { suite, what, measured: Some(measured), unit, goal: Some(goal), verdict });
    }

    /// A suite that ended before it could be judged.
    pub(crate) fn failed(&mut self, suite: &'static str, error: &anyhow::Error) {
        self.note(suite, format!("{error:#}"));
        let what = "no ratio: see the note above".to_owned();
        self.rows.push(Row { suite, what, measured: None, unit: "", goal: None, verdict: Verdict::Failed });
    }

    /// Whether every goal is met.
    pub(crate) fn is_met(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| matches!(row.verdict, Verdict::Aim | Verdict::Met))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.setting {
            writeln!(f, "{name}: {value}")?;
        }
        let head = ("suite", "requests", "per second", "p50 µs", "p99 µs", "server µs", "client µs");
        if !self.figures.is_empty() {
            let (suite, subject, rate, p50, p99, server, client) = head;
            writeln!(f, "\n{suite:<10} {subject:<28} {rate:>10} {p50:>8} {p99:>8} {server:>10} {client:>10}")?;
        }
        for (suite, figures) in &self.figures {
            let Figures { subject, per_second, p50_us, p99_us, server_us, client_us } = figures;
            let us = |value: &f64, places: usize| {
                if value.is_nan() { "-".to_owned() } else { format!("{value:.places$}") }
            };
            let (p50, p99, server, client) = (us(p50_us, 0), us(p99_us, 0), us(server_us, 1), us(client_us, 1));
            writeln!(f, "{suite:<10} {subject:<28} {per_second:>10.0} {p50:>8} {p99:>8} {server:>10} {client:>10}")?;
        }
        if !self.notes.is_empty() {
            writeln!(f)?;
        }
        for (suite, text) in &self.notes {
            writeln!(f, "{suite}: {text}")?;
        }
        writeln!(f, "\n{:<10} {:<56} {:>10} {:>9} {:>8}  verdict", "suite", "what", "measured", "must", "aim")?;
        for Row { suite, what, measured, unit, goal, verdict } in &self.rows {
            let measured = measured.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}{unit}"));
            let (must, aim) = goal.map_or_else(<(String, String)>::default, |goal| {
                let (sign, must, aim) = goal.parts();
                (format!("{sign} {must}"), format!("{sign} {aim}"))
            });
            writeln!(f, "{suite:<10} {what:<56} {measured:>10} {must:>9} {aim:>8}  {}", verdict.word())?;
        }
        Ok(())
    }
}

/// Says on standard error what goes on.
pub(crate) fn progress(suite: &str, text: &str) {
    eprintln!("{suite}: {text}");
}

/// A time in microseconds.
pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_at_its_edge_and_missed_one_step_past_it() {
        for (goal, measured, expected) in [
            (Goal::AtLeast(0.5, 0.65), 0.65, Verdict::Aim),
            (Goal::AtLeast(0.5, 0.65), 0.5, Verdict::Met),
            (Goal::AtLeast(0.5, 0.65), 0.499, Verdict::Missed),
            (Goal::AtLeast(0.5, 0.65), f64::NAN, Verdict::Missed),
            (Goal::AtMost(2.0, 1.5), 1.5, Verdict::Aim),
            (Goal::AtMost(2.0, 1.5), 2.0, Verdict::Met),
            (Goal::AtMost(2.0, 1.5), 2.001, Verdict::Missed),
            (Goal::AtMost(2.0, 1.5), f64::INFINITY, Verdict::Missed),
        ] {
            assert_eq!(goal.judge(measured), expected, "{goal:?} {measured}");
        }
    }

    #[test]
    fn a_report_is_met_when_something_was_judged_and_nothing_failed() {
        let mut report = Report::default();
        assert!(!report.is_met());
        report.judge("hot", "rate".into(), 0.7, "", Goal::AtLeast(0.5, 0.65));
        assert!(report.is_met());
        report.failed("sign", &anyhow::anyhow!("wrong answer"));
        assert!(!report.is_met());
        let text = report.to_string();
        assert!(text.contains("met, as aimed") && text.contains("FAILED") && text.contains("wrong answer"), "{text}");
    }
}
