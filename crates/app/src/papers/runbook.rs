//! The runbook on paper: steps in the order of the plan, with room to write what happened.

use super::{moment, part};
use crate::view::papers::PaperPart;
use crate::view::runbook::RunbookView;
use slipway_domain::release::task_record::TaskState;

/// Steps in the order in which the plan begins them.
pub(super) fn steps(book: &RunbookView) -> PaperPart {
    let mut steps: Vec<_> = book.steps.iter().collect();
    steps.sort_by_key(|step| step.planned.start);
    let rows = steps.iter().map(|step| {
        let task = &step.task;
        let who = if task.assignee_label.is_empty() { "nobody" } else { task.assignee_label.as_str() };
        let after: Vec<&str> = task.predecessors.iter().map(|before| before.label.as_str()).collect();
        let happened = match (task.state, task.started_at, task.ended_at) {
            (TaskState::Done, _, Some(end)) => format!("{} {}", task.pill.label, moment(end)),
            (_, Some(start), _) => format!("{} since {}", task.pill.label, moment(start)),
            _ => String::new(),
        };
        let critical = if step.critical { "yes" } else { "" };
        vec![
            task.number.clone(),
            task.title.clone(),
            who.to_owned(),
            after.join(", "),
            moment(step.planned.start),
            task.planned_minutes.to_string(),
            critical.to_owned(),
            happened,
        ]
    });
    let head = ["Step", "What", "Who", "After", "Planned", "Minutes", "Critical", "Happened"];
    part("Steps", &head, rows.collect(), "It has no step yet.")
}

/// When it stood still.
pub(super) fn holds(book: &RunbookView) -> PaperPart {
    let rows = book.holds.iter().map(|hold| {
        let until = hold.until.map_or_else(|| "still".to_owned(), moment);
        vec![moment(hold.at), until, hold.by.label.clone(), hold.reason.clone()]
    });
    part("Holds", &["From", "Until", "By", "Why"], rows.collect(), "It was not held.")
}
