//! The policy language and decide(&Facts) -> Decision: pure, and able to explain itself.
