//! Pages of IAM's lists, and the markers between them, which are sealed and good for a day.
//!
//! A marker is bound to the account and the operation that it was given to.

use base64_simd::STANDARD;
use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::Purpose;
use sealroom_store::{KeyPath, Row};

use crate::iam::desk::Desk;
use crate::iam::error::IamError;

/// LIMIT: how long a marker is good.
const GOOD_FOR_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// IAM's page when none is asked for.
const DEFAULT_PAGE: usize = 100;
/// Rows that are read at once where only some of them are wanted.
const SCAN: u32 = 500;

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) truncated: Option<bool>,
    pub(crate) marker: Option<String>,
}

/// Which page is asked for.
pub(crate) struct Wanted<'a> {
    pub(crate) marker: Option<&'a String>,
    pub(crate) max_items: Option<i32>,
}

impl Wanted<'_> {
    fn length(&self) -> usize {
        self.max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(DEFAULT_PAGE).max(1)
    }

    /// The page of a list that is at hand, in this order.
    ///
    /// # Errors
    /// [`IamError::Marker`].
    pub(crate) fn of<T>(&self, desk: &Desk<'_>, all: Vec<T>) -> Result<Page<T>, IamError> {
        let begin = match self.marker {
            None => 0,
            Some(marker) => open(desk, marker)?.parse::<usize>().map_err(|_| IamError::Marker)?,
        };
        let (length, total) = (self.length(), all.len());
        let end = begin.saturating_add(length);
        let marker = (end < total).then(|| seal(desk, &end.to_string()));
        let items = all.into_iter().skip(begin).take(length).collect();
        Ok(Page { items, truncated: Some(marker.is_some()), marker })
    }

    /// The page of the rows below `prefix` that `pick` makes something of.
    ///
    /// # Errors
    /// [`IamError::Marker`], the store's, and those of `pick`.
    pub(crate) async fn of_rows<T>(
        &self,
        desk: &Desk<'_>,
        prefix: KeyPath,
        pick: impl Fn(&Row) -> Result<Option<T>, IamError>,
    ) -> Result<Page<T>, IamError> {
        let begin = self.marker.map(|marker| open(desk, marker)).transpose()?;
        let mut read_to = begin.map(|name| prefix.clone().text(&name));
        let (length, mut items, mut last) = (self.length(), Vec::new(), None);
        loop {
            let (rows, more) = desk.below(prefix.clone(), read_to, SCAN).await?;
            for row in &rows {
                let Some(item) = pick(row)? else { continue };
                if items.len() == length {
                    // One more than fits: the page ends behind the last that did.
                    return Ok(Page { items, truncated: Some(true), marker: name(last).map(|name| seal(desk, &name)) });
                }
                items.push(item);
                last = Some(row.path.clone());
            }
            read_to = rows.last().map(|row| row.path.clone());
            if !more {
                return Ok(Page { items, truncated: Some(false), marker: None });
            }
        }
    }
}

/// The last segment of a row's path.
fn name(row: Option<KeyPath>) -> Option<String> {
    row?.segments().last().and_then(|name| String::from_utf8(name).ok())
}

fn seal(desk: &Desk<'_>, last: &str) -> String {
    let mut plain = desk.now().as_micros().to_be_bytes().to_vec();
    plain.extend_from_slice(last.as_bytes());
    STANDARD.encode_to_string(desk.room().seal.seal(Purpose::PageMarker, &bound_to(desk), &plain))
}

fn open(desk: &Desk<'_>, marker: &str) -> Result<String, IamError> {
    let sealed = STANDARD.decode_to_vec(marker).map_err(|_| IamError::Marker)?;
    let opened = desk.room().seal.open(Purpose::PageMarker, &bound_to(desk), &sealed);
    let plain = opened.map_err(|_| IamError::Marker)?;
    let (made, last) = plain.expose().split_first_chunk::<8>().ok_or(IamError::Marker)?;
    let age = desk.now().micros_since(Timestamp::from_micros(i64::from_be_bytes(*made)));
    if !(0..=GOOD_FOR_MICROS).contains(&age) {
        return Err(IamError::Marker);
    }
    String::from_utf8(last.to_vec()).map_err(|_| IamError::Marker)
}

fn bound_to(desk: &Desk<'_>) -> Vec<u8> {
    format!("{}/iam:{}", desk.account(), desk.name()).into_bytes()
}
