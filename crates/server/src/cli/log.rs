//! The audit log: read back, and written out for whoever wants to verify it elsewhere.

use super::{Data, Said, office};
use anyhow::Context;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Every entry, signature and the tree over them; a fault ends it with an error.
pub fn verify(data: &Data) -> anyhow::Result<Said> {
    let found = office(data)?.verify_log()?;
    anyhow::ensure!(found.faults.is_empty(), "The audit log is not whole. {}", found.faults.join(" "));
    Ok(Said {
        text: format!("Whole: {} commands and {} entries about devices.", found.commands, found.devices),
        json: serde_json::to_value(&found)?,
    })
}

/// Writes the log into a new file; nothing is left of it when that fails.
pub fn export(data: &Data, to: &Path) -> anyhow::Result<Said> {
    let office = office(data)?;
    let file = File::create_new(to).with_context(|| format!("Making {}", to.display()))?;
    let mut out = BufWriter::new(file);
    let written = office.export_log(&mut out).map_err(anyhow::Error::from).and_then(|written| {
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(written)
    });
    let exported = written.inspect_err(|_| {
        // What was begun is of no use to anybody.
        let _ = std::fs::remove_file(to);
    })?;
    Ok(Said {
        text: format!(
            "Wrote {} entries of {} to {}. Its key: {}",
            exported.entries,
            exported.log,
            to.display(),
            String::from(exported.key)
        ),
        json: json!({ "to": to, "exported": exported }),
    })
}
