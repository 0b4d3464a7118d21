//! An arena to JSON, under budgets.
