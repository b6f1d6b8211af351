//! Since which protocol level servers know a kind of command. A laptop does not offer what its server would only hold.

use crate::command::{Command, SetupCommand};
use crate::refusal::Finding;
use std::io::{self, Write};

/// Kinds that were not there from the beginning, as group and name in JSON, with the level that brought them. Whoever
/// adds a command adds its line here.
pub const SINCE: &[(&str, &str, u32)] = &[
    ("setup", "assign_sites", 2),
    ("exception", "accept", 2),
    ("exception", "back_out", 2),
    ("cmdb", "merge_ci", 2),
    ("cmdb", "undo_merge", 2),
    ("cmdb", "dismiss_duplicate", 2),
    ("cmdb", "take_baseline", 2),
    ("cmdb", "add_to_baseline", 2),
    ("cmdb", "edit_cis", 2),
    ("cmdb", "fill_group", 2),
    ("cmdb", "put_redundancy", 2),
    ("cmdb", "remove_redundancy", 2),
    ("cmdb", "put_standard", 2),
    ("cmdb", "standard", 2),
    ("observation", "record", 2),
    ("observation", "decide", 2),
    ("observation", "put_rules", 2),
    ("observation", "withdraw", 2),
    ("cmdb", "put_classes", 2),
    ("cmdb", "remove_class", 2),
    ("cmdb", "put_relation_kind", 2),
    ("attachment", "add", 2),
    ("attachment", "describe", 2),
    ("attachment", "remove", 2),
    ("dsl", "add_files", 2),
    ("dsl", "remove_files", 2),
    ("dhs", "edit_model", 2),
    ("dhs", "import_models", 2),
    ("dhs", "describe_unit", 2),
    ("dhs", "unreceive", 2),
    ("dhs", "install_as", 2),
    ("dhs", "count", 2),
    ("dhs", "adjust", 2),
    ("dhs", "stocktake", 2),
    ("dhs", "take_out", 2),
    ("dsl", "put_sbom", 2),
    ("dsl", "add_components", 2),
    ("setup", "put_vendor_key", 2),
    ("release", "plan_runbook", 2),
    ("release", "hold", 2),
    ("release", "resume", 2),
    ("task", "rehearse", 2),
];

/// Bytes of a command's JSON in which its group and name stand: the longest with an identity between them.
const NAMES_BYTES: usize = 160;

/// The protocol level from which on servers know such a command.
#[must_use]
pub fn level_of(command: &Command) -> u32 {
    if let Command::Setup(SetupCommand::PutFreeze(freeze)) = command {
        // An older server would drop what it does not know of it.
        return if freeze.is_soft() || freeze.repeats.is_some() { 2 } else { 1 };
    }
    let start = start_of(command);
    let mut words = words(&start);
    let group = words.next().unwrap_or_default();
    let name = words.find(|word| uuid::Uuid::parse_str(word).is_err()).unwrap_or_default();
    SINCE.iter().find(|(g, n, _)| (*g, *n) == (group, name)).map_or(1, |(_, _, level)| *level)
}

/// Why a command is not offered while the server speaks this level; `None` if it is.
#[must_use]
pub fn too_new(command: &Command, server_level: u32) -> Option<Finding> {
    let level = level_of(command);
    (level > server_level).then(|| {
        Finding::new(
            "SERVER_TOO_OLD",
            "The server does not know this yet.",
            "Ask its administrator to update it; until then it would only be held.",
        )
        .with("needs", level)
        .with("has", server_level)
    })
}

/// The first bytes of the command's JSON: its names come before all that it carries.
fn start_of(command: &Command) -> String {
    struct Start(Vec<u8>);
    impl Write for Start {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.len() >= NAMES_BYTES {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut start = Start(Vec::with_capacity(2 * NAMES_BYTES));
    // It ends with an error as soon as enough is there.
    let _ = serde_json::to_writer(&mut start, command);
    String::from_utf8_lossy(&start.0).into_owned()
}

/// What stands between quotes; names of commands hold no escapes.
fn words(json: &str) -> impl Iterator<Item = &str> {
    json.split('"').skip(1).step_by(2)
}
