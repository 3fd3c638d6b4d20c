//! Signed HTTP client for the command line and the console.
