//! YAML text to an arena.
