//! Config, sockets, TLS, routing, wiring, timers. No rules of its own.
