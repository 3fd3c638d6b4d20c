//! The journal: an Effect goes in, a released value comes out.
