//! Texts of a policy that may hold variables (`${aws:username}`, `${key, 'default'}`, `${*}`), ready to be filled in.
//!
//! Variables exist in documents of version 2012-10-17 only, in resources and in the values of string and ARN
//! operators. A value that is filled in never acts as a wildcard.

use crate::conditions::Presence;
use crate::evaluation::{Failure, Request};
use crate::pattern::{LOOKUP_STEPS, Pattern, push_plain, push_wild};

/// How a policy's text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Whether `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// Whether `${` begins a variable.
    pub(crate) variables: bool,
}

/// A `${` that begins no variable.
#[derive(Debug)]
pub(crate) struct NoVariable;

/// What a text becomes once its variables are filled in.
pub(crate) trait Compiled: Sized {
    /// Compiles bytes as [`push_plain`] and [`push_wild`] make them; `None` when they aren't of the wanted form.
    fn compile(bytes: Vec<u8>) -> Option<Self>;
}

impl Compiled for Pattern {
    fn compile(bytes: Vec<u8>) -> Option<Self> {
        Some(Self::from_bytes(bytes))
    }
}

/// Alternatives: those that are ready, and those that want values first.
#[derive(Debug)]
pub(crate) struct Texts<C> {
    ready: Vec<C>,
    open: Vec<Vec<Piece>>,
}

/// Why a text isn't one of a [`Texts`].
#[derive(Debug)]
pub(crate) enum Unfit {
    /// It holds a `${` that begins no variable.
    Variable,
    /// It isn't of the wanted form.
    Form,
}

impl<C: Compiled> Texts<C> {
    pub(crate) fn new() -> Self {
        Self { ready: Vec::new(), open: Vec::new() }
    }

    /// Adds an alternative.
    ///
    /// # Errors
    /// [`Unfit`]; a text with variables is checked for its form when they are filled in.
    pub(crate) fn add(&mut self, text: &str, reading: Reading) -> Result<(), Unfit> {
        let mut pieces = pieces(text, reading).map_err(|NoVariable| Unfit::Variable)?;
        if pieces.iter().any(|piece| matches!(piece, Piece::Variable(_))) {
            self.open.push(pieces);
            return Ok(());
        }
        let Some(Piece::Bytes(bytes)) = pieces.pop() else { return Err(Unfit::Form) };
        self.ready.push(C::compile(bytes).ok_or(Unfit::Form)?);
        Ok(())
    }

    /// The alternatives that are ready in any request.
    pub(crate) fn ready(&self) -> &[C] {
        &self.ready
    }

    /// All alternatives, with variables filled in; those that can't be filled in are left out.
    ///
    /// # Errors
    /// When a variable's value can't be told.
    pub(crate) fn fill(&self, request: &Request<'_>) -> Result<Filled<'_, C>, Failure> {
        let mut filled = Filled { ready: &self.ready, open: Vec::new(), complete: true };
        for pieces in &self.open {
            match fill(pieces, request)?.and_then(C::compile) {
                Some(compiled) => filled.open.push(compiled),
                None => filled.complete = false,
            }
        }
        Ok(filled)
    }
}

/// Alternatives of one request.
pub(crate) struct Filled<'p, C> {
    ready: &'p [C],
    open: Vec<C>,
    /// Whether none was left out.
    pub(crate) complete: bool,
}

impl<C> Filled<'_, C> {
    /// Whether `test` holds for one of them.
    ///
    /// # Errors
    /// The test's.
    pub(crate) fn any(&self, test: impl Fn(&C) -> Result<bool, Failure>) -> Result<bool, Failure> {
        for alternative in self.ready.iter().chain(&self.open) {
            if test(alternative)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[derive(Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Variable(Variable),
}

#[derive(Debug)]
struct Variable {
    /// In ASCII lower case, as condition keys are asked for.
    key: Box<str>,
    default: Option<Box<str>>,
}

/// Takes `text` apart. There is always a last piece of bytes, perhaps empty.
fn pieces(text: &str, reading: Reading) -> Result<Vec<Piece>, NoVariable> {
    let push = if reading.wildcards { push_wild } else { push_plain };
    let (mut pieces, mut bytes, mut rest) = (Vec::new(), Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${").filter(|_| reading.variables) {
        push(&mut bytes, before);
        let (variable, tail) = escape_or_variable(after)?;
        match variable {
            Ok(literal) => push_plain(&mut bytes, literal),
            Err(variable) => pieces.extend([Piece::Bytes(std::mem::take(&mut bytes)), Piece::Variable(variable)]),
        }
        rest = tail;
    }
    push(&mut bytes, rest);
    pieces.push(Piece::Bytes(bytes));
    Ok(pieces)
}

/// Reads what follows `${`: a literal character or a variable, and what comes after the closing brace.
fn escape_or_variable(text: &str) -> Result<(Result<&'static str, Variable>, &str), NoVariable> {
    for (escape, literal) in [("*}", "*"), ("?}", "?"), ("$}", "$")] {
        if let Some(tail) = text.strip_prefix(escape) {
            return Ok((Ok(literal), tail));
        }
    }
    let end = text.find([',', '}']).ok_or(NoVariable)?;
    let (key, tail) = text.split_at_checked(end).ok_or(NoVariable)?;
    let (default, tail) = match tail.strip_prefix('}') {
        Some(tail) => (None, tail),
        None => {
            let quoted = tail.trim_start_matches(',').trim_start_matches(' ').strip_prefix('\'').ok_or(NoVariable)?;
            let (default, tail) = quoted.split_once('\'').ok_or(NoVariable)?;
            (Some(default.into()), tail.trim_start_matches(' ').strip_prefix('}').ok_or(NoVariable)?)
        }
    };
    let named = key.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
    if !named || key.contains(['$', '{', '\'', '*', '?']) || key.starts_with(' ') || key.ends_with(' ') {
        return Err(NoVariable);
    }
    Ok((Err(Variable { key: key.to_ascii_lowercase().into(), default }), tail))
}

/// The bytes with each variable's value in its place; `None` when one has neither value nor default.
fn fill(pieces: &[Piece], request: &Request<'_>) -> Result<Option<Vec<u8>>, Failure> {
    let mut bytes = Vec::new();
    for piece in pieces {
        let before = bytes.len();
        match piece {
            Piece::Bytes(fixed) => bytes.extend_from_slice(fixed),
            Piece::Variable(variable) => match (value(&variable.key, request)?, &variable.default) {
                (Some(value), _) => push_plain(&mut bytes, &value),
                (None, Some(default)) => push_plain(&mut bytes, default),
                (None, None) => return Ok(None),
            },
        }
        request.budget.spend(bytes.len() - before)?;
    }
    Ok(Some(bytes))
}

/// The only value of `key`.
fn value(key: &str, request: &Request<'_>) -> Result<Option<String>, Failure> {
    request.budget.spend(LOOKUP_STEPS)?;
    let (mut first, mut count) = (None, 0u32);
    let presence = request.conditions.lookup(key, &mut |value| {
        count = count.saturating_add(1);
        if count == 1 {
            first = Some(value.to_owned());
        }
    });
    match presence {
        Presence::Untold => Err(Failure::Untold),
        Presence::Absent => Ok(None),
        Presence::Present if count > 1 => Err(Failure::ManyValues),
        Presence::Present => Ok(first),
    }
}
