//! Properties of expansion and review.

mod bounds;
