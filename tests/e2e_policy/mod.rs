//! The two policies that the API server evaluates by itself, on a real one, without our webhook:
//! every route to a guarded pool, by users who may do everything else.

mod agree;
mod ground;
mod guards;
mod outages;
mod unplaced;
