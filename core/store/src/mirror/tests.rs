//! Mirrors against the feed: what is void is never answered, what is held is bounded.
