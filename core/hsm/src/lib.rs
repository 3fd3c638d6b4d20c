//! Command + KeyToken -> Reply: the closed door to key material.
