//! Which crate may depend on which: the direction of the architecture.

use super::{Dependency, Finding, Metadata, Package};

/// Each of our crates and those of ours that it may use.
const OWN: &[(&str, &[&str])] = &[
    ("slipway", &["slipway-app"]),
    ("slipway-cli", &["slipway-app"]),
    ("slipway-app", &["slipway-domain", "slipway-store", "slipway-sync"]),
    ("slipway-server", &["slipway-domain", "slipway-sync"]),
    (
        "slipway-simulation",
        &["slipway-app", "slipway-cluster", "slipway-domain", "slipway-server", "slipway-store", "slipway-sync"],
    ),
    ("slipway-cluster", &[]),
    ("slipway-store", &["slipway-domain"]),
    ("slipway-sync", &["slipway-domain"]),
    ("slipway-domain", &[]),
    ("xtask", &[]),
];

/// Edges that only tests may have: two laptops and a server in one process, a database of their own.
const OWN_IN_TESTS: &[(&str, &[&str])] = &[
    ("slipway-app", &["slipway-server"]),
    ("slipway-server", &["slipway-cluster"]),
    ("slipway", &["slipway-cluster"]),
];

/// Foreign crates that stay behind one door, with the crates that may use them and the reason.
const FOREIGN: &[(&str, &[&str], &str)] = &[
    ("tauri", &["slipway"], "only the shell knows the window"),
    ("keyring", &["slipway-app"], "secrets go through the app's Keychain"),
    (
        "reqwest",
        &["slipway-app", "slipway-server"],
        "only the app's transport talks to the server, and only the server to a provider of sign-ins",
    ),
    ("rusqlite", &["slipway-store", "slipway-server", "slipway-simulation"], "rows are the business of the stores"),
    (
        "tokio",
        &["slipway", "slipway-app", "slipway-cli", "slipway-server"],
        "domain, store and sync know no async runtime",
    ),
];

/// Our crates depend on one another in one direction.
pub fn own_crates(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let Some(allowed) = allowed(OWN, &package.name) else {
            findings.push(finding(
                metadata,
                package,
                "name",
                format!("{} is new: say in tidy/edges.rs which crates it may use", package.name),
            ));
            continue;
        };
        let in_tests = allowed_in_tests(&package.name);
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let ours = OWN.iter().any(|(own, _)| *own == name);
            if ours && !allowed.contains(&name) && !(is_dev(dependency) && in_tests.contains(&name)) {
                let reason = format!("{} may not use {name}", package.name);
                findings.push(finding(metadata, package, name, reason));
            }
        }
    }
    findings
}

/// The crates that stand for the outside world are used through one door each.
pub fn foreign_crates(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        for dependency in package.dependencies.iter().filter(|dependency| !is_dev(dependency)) {
            for (door, users, reason) in FOREIGN {
                let family = format!("{door}-");
                let behind = dependency.name == *door || dependency.name.starts_with(&family);
                if behind && !users.contains(&package.name.as_str()) {
                    let reason = format!("{} may not use {}: {reason}", package.name, dependency.name);
                    findings.push(finding(metadata, package, &dependency.name, reason));
                }
            }
        }
    }
    findings
}

fn is_dev(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev")
}

fn allowed<'a>(table: &'a [(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(own, _)| *own == name).map(|(_, allowed)| *allowed)
}

fn allowed_in_tests(name: &str) -> &'static [&'static str] {
    allowed(OWN_IN_TESTS, name).unwrap_or_default()
}

/// The finding at the line of the manifest that begins with this key.
fn finding(metadata: &Metadata, package: &Package, key: &str, reason: String) -> Finding {
    let text = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    let line = text.lines().position(|line| line.trim_start().starts_with(key));
    Finding::new(&metadata.relative(&package.manifest_path), line.map_or(1, |n| n + 1), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(package: &str, dependencies: &[(&str, Option<&str>)]) -> Metadata {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        };
        Metadata {
            packages: vec![Package {
                name: package.to_owned(),
                manifest_path: "/w/crates/x/Cargo.toml".to_owned(),
                dependencies: dependencies.iter().map(dependency).collect(),
                targets: Vec::new(),
            }],
            workspace_root: "/w".to_owned(),
        }
    }

    #[test]
    fn an_edge_against_the_direction_is_found() {
        let found = own_crates(&metadata("slipway-store", &[("slipway-sync", None)]));
        assert_eq!(found[0].reason, "slipway-store may not use slipway-sync");
        assert_eq!(found[0].file, "crates/x/Cargo.toml");
        assert!(own_crates(&metadata("slipway-store", &[("slipway-domain", None)])).is_empty());
    }

    #[test]
    fn the_command_line_reaches_the_store_through_the_app_only() {
        assert_eq!(own_crates(&metadata("slipway-cli", &[("slipway-store", None)])).len(), 1);
    }

    #[test]
    fn tests_of_the_app_may_start_a_server_and_the_app_may_not() {
        let server = |kind| own_crates(&metadata("slipway-app", &[("slipway-server", kind)]));
        assert!(server(Some("dev")).is_empty());
        assert_eq!(server(None).len(), 1);
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_found() {
        assert_eq!(own_crates(&metadata("slipway-extra", &[])).len(), 1);
    }

    #[test]
    fn a_crate_that_goes_round_a_door_is_found() {
        for (package, crate_behind) in [
            ("slipway-store", "reqwest"),
            ("slipway-app", "rusqlite"),
            ("slipway-cli", "tauri-plugin-notification"),
            ("slipway", "keyring"),
            ("slipway-domain", "tokio"),
        ] {
            let found = foreign_crates(&metadata(package, &[(crate_behind, None)]));
            assert_eq!(found.len(), 1, "{package} uses {crate_behind}");
        }
        assert!(foreign_crates(&metadata("slipway-server", &[("reqwest", Some("dev"))])).is_empty());
        assert!(foreign_crates(&metadata("slipway", &[("tauri-build", Some("build"))])).is_empty());
    }
}
