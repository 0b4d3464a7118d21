//! Search for an assignment that meets clauses over label domains.
