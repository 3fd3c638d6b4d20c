//! Which batches share a transaction, and what each is told: by tables.
