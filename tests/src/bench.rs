//! The benchmark: work done by the real programs beside the same bytes over a bare path, in one run.
//!
//! The bare server is this program started again ([`bare`]), never a switch of the real one. A row compares
//! pairs of measurements taken one after the other, A B A B, and says how far the ratio spread; it is not
//! judged when the bare path itself moved more than twofold ([`table`]).

pub mod bare;
pub mod clock;
pub mod directory;
pub mod files;
pub mod idle;
pub mod open;
pub mod posts;
pub mod process;
pub mod scene;
pub mod table;
pub mod watchers;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Pairs of measurements.
    pub rounds: usize,
    /// Less of everything, to see that it runs.
    pub quick: bool,
}
