//! The room as a whole, over the memory engine.

mod authenticating;
mod callers;
mod operating;
mod standings;
