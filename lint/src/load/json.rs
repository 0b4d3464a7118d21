//! JSON text to an arena.
