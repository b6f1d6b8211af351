//! Imports from CSV: read with care, taken in batches, judged row by row by the domain.

pub mod header;
pub mod rows;
