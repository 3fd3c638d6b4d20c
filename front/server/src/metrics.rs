//! What is counted, and how it reads for Prometheus.
//!
//! A request costs one atomic addition: every counter has its place before the first request comes, found by the
//! service's and the operation's number, never by a label. Gauges are asked when somebody scrapes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

mod process;

/// The answers of one operation, by what their status begins with.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    success: AtomicU64,
    client_error: AtomicU64,
    server_error: AtomicU64,
}

impl Outcomes {
    /// Counts an answer with this HTTP status.
    pub(crate) fn count(&self, status: u16) {
        let counter = match status {
            ..400 => &self.success,
            400..500 => &self.client_error,
            500.. => &self.server_error,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn classes(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [("2xx", read(&self.success)), ("4xx", read(&self.client_error)), ("5xx", read(&self.server_error))]
    }
}

/// The operations of one service.
#[derive(Debug)]
pub(crate) struct ServiceCounters {
    service: &'static str,
    operations: Box<[(&'static str, Outcomes)]>,
    unrouted: Outcomes,
}

impl ServiceCounters {
    /// Counters of `service` for these operation names; their order is their number.
    pub(crate) fn new(service: &'static str, operations: impl Iterator<Item = &'static str>) -> Self {
        let operations = operations.map(|name| (name, Outcomes::default())).collect();
        Self { service, operations, unrouted: Outcomes::default() }
    }

    /// The counters of the operation with this number.
    pub(crate) fn operation(&self, number: usize) -> &Outcomes {
        self.operations.get(number).map_or(&self.unrouted, |(_, outcomes)| outcomes)
    }

    /// The counters of requests that named no operation of this service.
    pub(crate) fn unrouted(&self) -> &Outcomes {
        &self.unrouted
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &Outcomes)> {
        let operations = self.operations.iter().map(|(name, outcomes)| (*name, outcomes));
        operations.chain([("unknown", &self.unrouted)])
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) kms: ServiceCounters,
    pub(crate) sts: ServiceCounters,
    /// IAM's.
    pub(crate) iam: ServiceCounters,
    pub(crate) operator: ServiceCounters,
    /// Requests that reached no service.
    pub(crate) elsewhere: ServiceCounters,
    /// Requests refused for their signature or the lack of one.
    pub(crate) auth_failures: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        use sealroom_api::{iam, kms, operator, sts};
        Self {
            kms: ServiceCounters::new("kms", kms::Operation::ALL.iter().map(|operation| operation.name())),
            iam: ServiceCounters::new("iam", iam::Operation::ALL.iter().map(|operation| operation.name())),
            sts: ServiceCounters::new("sts", sts::Operation::ALL.iter().map(|operation| operation.name())),
            operator: ServiceCounters::new(
                "sealroom",
                operator::Operation::ALL.iter().map(|operation| operation.name()),
            ),
            elsewhere: ServiceCounters::new("none", std::iter::empty()),
            auth_failures: AtomicU64::new(0),
        }
    }
}

impl Collector for Counters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor(
            "sealroom_requests",
            "Requests answered, by service, operation and class of HTTP status",
            None,
            MetricType::Counter,
        )?;
        for service in [&self.kms, &self.iam, &self.sts, &self.operator, &self.elsewhere] {
            for (operation, outcomes) in service.rows() {
                for (class, count) in outcomes.classes() {
                    let labels = [("service", service.service), ("operation", operation), ("class", class)];
                    ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
                }
            }
        }
        let failures = encoder.encode_descriptor(
            "sealroom_authentication_failures",
            "Requests refused for their signature or the lack of one",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(self.auth_failures.load(Ordering::Relaxed)).encode(failures)
    }
}

/// Something that somebody else counts, asked at each scrape.
pub(crate) struct Reading {
    name: &'static str,
    help: &'static str,
    grows: bool,
    read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Reading {
    /// A present size.
    pub(crate) fn gauge(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { name, help, grows: false, read: Box::new(read) }
    }

    /// A number that only grows while the process lives.
    pub(crate) fn counter(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { name, help, grows: true, read: Box::new(read) }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[derive(Debug)]
struct Readings(Vec<Reading>);

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Reading { name, help, grows, read } in &self.0 {
            let kind = if *grows { MetricType::Counter } else { MetricType::Gauge };
            let metric = encoder.encode_descriptor(name, help, None, kind)?;
            match grows {
                true => ConstCounter::new(read()).encode(metric)?,
                false => ConstGauge::new(read()).encode(metric)?,
            }
        }
        Ok(())
    }
}

/// The page behind `/metrics`.
#[derive(Debug)]
pub(crate) struct Page(Registry);

impl Page {
    pub(crate) fn new(counters: Arc<Counters>, readings: Vec<Reading>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(counters));
        registry.register_collector(Box::new(Readings(readings)));
        registry.register_collector(Box::new(process::Process));
        Self(registry)
    }

    /// The page's text, in the OpenMetrics format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string can't fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.0);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_line_for_every_operation_and_gauge() {
        let counters = Arc::new(Counters::new());
        counters.kms.operation(sealroom_api::kms::Operation::Encrypt as usize).count(200);
        counters.kms.operation(sealroom_api::kms::Operation::Encrypt as usize).count(200);
        counters.kms.operation(sealroom_api::kms::Operation::Encrypt as usize).count(404);
        counters.kms.unrouted().count(500);
        counters.auth_failures.fetch_add(3, Ordering::Relaxed);
        let gauge = Reading::gauge("sealroom_connections", "Open connections", || 7);
        let counter = Reading::counter("sealroom_journal_records", "Records written", || 8);
        let text = Page::new(counters, vec![gauge, counter]).text();
        for line in [
            r#"sealroom_requests_total{service="kms",operation="Encrypt",class="2xx"} 2"#,
            r#"sealroom_requests_total{service="kms",operation="Encrypt",class="4xx"} 1"#,
            r#"sealroom_requests_total{service="kms",operation="unknown",class="5xx"} 1"#,
            r#"sealroom_requests_total{service="sts",operation="GetCallerIdentity",class="2xx"} 0"#,
            "sealroom_authentication_failures_total 3",
            "sealroom_connections 7",
            "sealroom_journal_records_total 8",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
