//! `slipwayctl ci tree`: the CMDB by place, and by business service.

use crate::desk::Desk;
use crate::print::{Answer, rows, text, wrong_use};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// Nodes read at most; more are *more*.
const NODES: usize = 2_000;

/// Which tree.
#[derive(Clone, Copy, ValueEnum)]
pub enum Of {
    /// Site, building, room, rack, and what stands there.
    Places,
    /// Business services, and what they depend on.
    Services,
}

/// Part of a tree.
#[derive(Args)]
pub struct TreeCall {
    /// Which.
    #[arg(value_enum)]
    of: Of,
    /// Names from the root down to where to begin, such as "Bristol office" "Hall 2"; - for what says nothing there.
    below: Vec<String>,
    /// So many levels.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    depth: u32,
}

/// Shows it.
pub async fn tree(desk: &Desk, call: TreeCall) -> Result<Answer, CallError> {
    let of = match call.of {
        Of::Places => "places",
        Of::Services => "services",
    };
    let mut path: Vec<String> = Vec::new();
    for name in &call.below {
        let (nodes, _) = level(desk, of, &path, NODES).await?;
        let is = |node: &&Value| {
            let label = text(node, "/label");
            if name == "-" { label.is_empty() } else { label.to_lowercase() == name.trim().to_lowercase() }
        };
        let Some(node) = nodes.iter().find(is) else {
            let known: Vec<String> = nodes.iter().take(10).map(title).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return Err(wrong_use(
                format!("There is no {name:?} there."),
                format!("What is there: {known}. See: slipwayctl ci tree {of}"),
            ));
        };
        path.push(text(node, "/key"));
    }
    let (mut shown, mut lines, mut is_more) = (Vec::new(), Vec::new(), false);
    let mut next = vec![(path, 0_u32, Value::Null)];
    while let Some((at, depth, node)) = next.pop() {
        if !node.is_null() {
            lines.push(line(&node, depth));
            shown.push(json!({ "depth": depth, "path": at, "node": node }));
        }
        if depth == call.depth || !may_open(of, &node) {
            continue;
        }
        let left = NODES.saturating_sub(shown.len() + next.len());
        let (nodes, more) = level(desk, of, &at, left).await?;
        is_more |= more;
        next.extend(nodes.into_iter().rev().map(|node| {
            let below = at.iter().cloned().chain([text(&node, "/key")]).collect();
            (below, depth + 1, node)
        }));
    }
    if lines.is_empty() {
        lines.push("Nothing is there.".to_owned());
    }
    if is_more {
        lines.push(format!("… and more: {NODES} are shown at most. Begin further down."));
    }
    Ok(Answer::new(json!({ "nodes": shown, "more": is_more }), lines.join("\n")))
}

/// What lies below, page by page; and whether there is more than was wanted.
async fn level(desk: &Desk, of: &str, path: &[String], most: usize) -> Result<(Vec<Value>, bool), CallError> {
    let (mut nodes, mut after) = (Vec::new(), None);
    while nodes.len() < most {
        let page = desk.call("cmdb.tree", json!({ "of": of, "path": path, "after": after })).await?;
        nodes.extend(rows(&page, "/nodes").iter().cloned());
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Ok((nodes, false));
        }
    }
    nodes.truncate(most);
    Ok((nodes, true))
}

/// What stands in a rack holds nothing here, and a loop is not gone round.
fn may_open(of: &str, node: &Value) -> bool {
    node.is_null()
        || if of == "services" {
            node.get("again").and_then(Value::as_bool) != Some(true)
        } else {
            text(node, "/kind") != "ci"
        }
}

fn title(node: &Value) -> String {
    let (label, kind) = (text(node, "/label"), text(node, "/kind"));
    if label.is_empty() { format!("no {kind}") } else { label }
}

fn line(node: &Value, depth: u32) -> String {
    let indent = "  ".repeat(usize::try_from(depth.saturating_sub(1)).unwrap_or_default());
    let parts = [text(node, "/reads"), title(node), text(node, "/units"), text(node, "/ci/state")];
    let mut line = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("  ");
    if node.get("again").and_then(Value::as_bool) == Some(true) {
        line.push_str("  (leads back)");
    }
    format!("{indent}{line}")
}
