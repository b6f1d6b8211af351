//! Releases: the page, the board, creation, actions, tasks, the CI update plan.

pub mod act;
pub mod board;
pub mod create;
pub mod page;
pub mod plan;
pub mod plan_line;
pub mod runbook;
pub mod tasks;
