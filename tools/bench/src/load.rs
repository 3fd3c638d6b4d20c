//! The load: requests that are ready as bytes, over kept connections, from one thread and an epoll loop.
//!
//! It shares the processors with what it measures, so it does little: one read, one write and a look at the answer's
//! head for each request. It keeps every answer, for others to check afterwards, and knows nothing of their content.
//!
//! What would surprise: where rates are compared it never sleeps ([`Wait::Awake`]). To wake a sleeping client is work of
//! whoever answers it, several microseconds on a virtual machine, and the faster of two servers would be spared it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::time::Timespec;

use crate::response::{Parsed, parse};

/// LIMIT: the longest answer, head included: a page of 1,000 keys fits.
const ANSWER_BYTES: usize = 512 * 1024;
/// How long all connections may be silent before the server counts as stuck.
const SILENCE: Duration = Duration::from_secs(20);

/// When the load ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After this time, the requests being sent again and again.
    Elapsed(Duration),
    /// When every request was answered once.
    EachOnce,
}

/// What the load does while there is nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Looks again and again: it takes a processor, and costs the server nothing.
    Awake,
    /// Sleeps until the system wakes it, as clients do that have something else to do.
    Asleep,
}

/// What a load of requests gave.
#[derive(Debug, Default)]
pub(crate) struct Span {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// What the load itself needed of that time, looks at nothing left out.
    pub(crate) client_busy: Duration,
    /// Nanoseconds from request to answer, in the order of the answers.
    pub(crate) latencies_ns: Vec<u32>,
    bodies: Vec<u8>,
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    request: usize,
    length: usize,
}

impl Span {
    /// How many requests were answered.
    pub(crate) fn count(&self) -> usize {
        self.answers.len()
    }

    /// Each answer's body with the place of its request.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut rest = self.bodies.as_slice();
        self.answers.iter().map_while(move |answer| {
            let (body, behind) = rest.split_at_checked(answer.length)?;
            rest = behind;
            Some((answer.request, body))
        })
    }

    fn clear(&mut self) {
        self.bodies.clear();
        self.answers.clear();
        self.latencies_ns.clear();
    }
}

/// Sends `requests` over `connections` and fills `span`, whose memory is used again.
///
/// # Errors
/// The first answer that isn't 200, a broken connection, or silence.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    requests: &[Vec<u8>],
    (until, wait): (Until, Wait),
    span: &mut Span,
) -> Result<()> {
    ensure!(!requests.is_empty(), "no requests");
    span.clear();
    let connections = match until {
        Until::EachOnce => connections.min(requests.len()),
        Until::Elapsed(_) => connections,
    };
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut lines = (0..connections).map(|place| Line::open(address, &epoll, place)).collect::<Result<Vec<Line>>>()?;
    let mut queue = Queue { requests, until, next: 0, begin: Instant::now(), in_flight: 0 };
    for line in &mut lines {
        queue.send_next(line, Instant::now())?;
    }
    let (mut events, mut busy, mut heard) = (Vec::with_capacity(connections), Duration::ZERO, queue.begin);
    while queue.in_flight > 0 {
        if !look(&epoll, wait, &mut events)? {
            ensure!(heard.elapsed() < SILENCE, "{} requests unanswered for {SILENCE:?}", queue.in_flight);
            continue;
        }
        heard = Instant::now();
        for event in &events {
            let place = usize::try_from(event.data.u64())?;
            let line = lines.get_mut(place).context("an event of no connection")?;
            if let Some(now) = line.receive(requests, span)? {
                queue.in_flight -= 1;
                queue.send_next(line, now)?;
            }
        }
        busy += heard.elapsed();
    }
    span.elapsed = queue.begin.elapsed();
    span.client_busy = busy;
    Ok(())
}

/// Whether there is something to read, and where.
fn look(epoll: &OwnedFd, wait: Wait, events: &mut Vec<epoll::Event>) -> Result<bool> {
    let timeout = match wait {
        Wait::Awake => Timespec { tv_sec: 0, tv_nsec: 0 },
        Wait::Asleep => Timespec { tv_sec: SILENCE.as_secs().cast_signed(), tv_nsec: 0 },
    };
    events.clear();
    match epoll::wait(epoll, rustix::buffer::spare_capacity(events), Some(&timeout)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Which request is next, and whether there is one.
struct Queue<'a> {
    requests: &'a [Vec<u8>],
    until: Until,
    next: usize,
    begin: Instant,
    in_flight: usize,
}

impl Queue<'_> {
    fn send_next(&mut self, line: &mut Line, now: Instant) -> Result<()> {
        let goes_on = match self.until {
            Until::Elapsed(time) => now.duration_since(self.begin) < time,
            Until::EachOnce => self.next < self.requests.len(),
        };
        if !goes_on {
            return Ok(());
        }
        let request = self.next % self.requests.len();
        line.send(request, self.requests.get(request).context("no request")?, now)?;
        self.next += 1;
        self.in_flight += 1;
        Ok(())
    }
}

/// One connection, with at most one request in flight.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    request: usize,
    sent: Instant,
}

impl Line {
    fn open(address: SocketAddr, epoll: &OwnedFd, place: usize) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(u64::try_from(place)?);
        epoll::add(epoll, &stream, data, epoll::EventFlags::IN)?;
        Ok(Self { stream, buffer: vec![0; ANSWER_BYTES], filled: 0, request: 0, sent: Instant::now() })
    }

    fn send(&mut self, request: usize, bytes: &[u8], now: Instant) -> Result<()> {
        (self.request, self.sent) = (request, now);
        let written = self.stream.write(bytes)?;
        ensure!(written == bytes.len(), "a request doesn't fit into the socket: {written} of {}", bytes.len());
        Ok(())
    }

    /// Reads what is there; the time, when that makes an answer whole.
    fn receive(&mut self, requests: &[Vec<u8>], span: &mut Span) -> Result<Option<Instant>> {
        let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
        ensure!(!space.is_empty(), "an answer longer than {ANSWER_BYTES} bytes");
        match self.stream.read(space) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(read) => self.filled += read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        match parse(bytes) {
            Parsed::Partial => Ok(None),
            Parsed::Whole { status: 200, body } if body.end == self.filled => {
                let now = Instant::now();
                let taken = now.duration_since(self.sent).as_nanos();
                span.latencies_ns.push(u32::try_from(taken).unwrap_or(u32::MAX));
                span.answers.push(Answer { request: self.request, length: body.len() });
                span.bodies.extend_from_slice(bytes.get(body).unwrap_or_default());
                self.filled = 0;
                Ok(Some(now))
            }
            Parsed::Whole { .. } | Parsed::Broken => {
                let sent = requests.get(self.request).map(Vec::as_slice).unwrap_or_default();
                let (sent, got) = (String::from_utf8_lossy(sent), String::from_utf8_lossy(bytes));
                bail!("a wrong answer\n--- request\n{sent}\n--- answer\n{got}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
