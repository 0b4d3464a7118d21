//! The two policies that the API server evaluates by itself, on a real one, without our webhook:
//! every route to a guarded pool, by users who may do everything else. Each route is tried twice: with
//! the vocabulary as parameter of the policy, and with its guards as literals.

mod agree;
mod ground;
mod guards;
mod inlined;
mod outages;
mod unplaced;
