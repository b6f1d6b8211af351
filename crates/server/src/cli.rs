//! The command line. Exit codes: 0 done, 1 refused by a rule, 2 wrong use, 3 trouble.

mod carry;
mod held;
mod log;
mod oidc;
mod people;
mod token;

use anyhow::Context;
use clap::{Args, CommandFactory, Parser, Subcommand};
use serde_json::{Value, json};
use slipway_domain::people::Role;
use slipway_domain::refusal::Refusal;
use slipway_server::backup;
use slipway_server::blobs::Blobs;
use slipway_server::certificate::Certificate;
use slipway_server::core::system_clock;
use slipway_server::error::ServerError;
use slipway_server::folder::Folder;
use slipway_server::limit::Patience;
use slipway_server::serve::{Config, Server};
use slipway_server::setup::{NewUser, NewWorkspace, Office, SetupError};
use slipway_server::storage::postgres::Address;
use slipway_server::storage::transfer;
use slipway_server::tls::TlsFiles;
use slipway_sync::limits;
use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The central server of Slipway.
#[derive(Parser)]
#[command(name = "slipway-server", version, about)]
pub struct Cli {
    /// Answers as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Data {
    /// The server's data folder.
    #[arg(long = "data", value_name = "DIR")]
    path: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a workspace: keys, certificate authority, groups, rules.
    Init {
        #[command(flatten)]
        data: Data,
        /// The workspace's name.
        #[arg(long, value_name = "NAME")]
        workspace: Option<String>,
        /// Sign-in name of the first administrator; the password comes with --password-stdin.
        #[arg(long, value_name = "USER", requires = "password_stdin")]
        admin: Option<String>,
        /// Reads the administrator's password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Keeps the records in this PostgreSQL database, postgres://USER:PASSWORD@HOST/NAME?sslmode=require; the folder
        /// remembers it. The environment hides it from other users of this computer.
        #[arg(long, value_name = "ADDRESS", env = "SLIPWAY_DATABASE", hide_env_values = true)]
        database: Option<String>,
        /// Fills the workspace with the sample company; sample-users.json in the folder names its people.
        #[arg(long)]
        sample: bool,
    },
    /// Serves the workspace over HTTPS until it is told to stop.
    Serve {
        #[command(flatten)]
        data: Data,
        /// Where to listen.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
        listen: SocketAddr,
        /// Another name under which laptops reach the server; may be given again.
        #[arg(long = "name", value_name = "HOST")]
        names: Vec<String>,
        /// A certificate of your own in PEM, with those that lead to its authority; read again when it changes.
        #[arg(long, value_name = "FILE", requires = "tls_key")]
        tls_cert: Option<PathBuf>,
        /// Its key in PEM.
        #[arg(long, value_name = "FILE", requires = "tls_cert")]
        tls_key: Option<PathBuf>,
        /// Where to tell the metrics, in plain HTTP, such as 127.0.0.1:9464; nowhere without it.
        #[arg(long, value_name = "ADDRESS")]
        metrics: Option<SocketAddr>,
        /// Lowest protocol level of laptops that are let in.
        #[arg(long, value_name = "LEVEL", default_value_t = limits::MIN_LEVEL,
              value_parser = clap::value_parser!(u32).range(i64::from(limits::MIN_LEVEL)..=i64::from(limits::LEVEL)))]
        min_client: u32,
        /// Room for files beside the records, such as photos, in GiB.
        #[arg(long, value_name = "GIB", default_value_t = limits::BLOB_QUOTA_BYTES >> 30,
              value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
        files_gib: u64,
        /// Logs as JSON.
        #[arg(long)]
        log_json: bool,
    },
    /// People who may sign in.
    #[command(subcommand)]
    User(people::User),
    /// Groups of people.
    #[command(subcommand)]
    Group(people::GroupCommand),
    /// Devices on which people signed in.
    #[command(subcommand)]
    Device(people::DeviceCommand),
    /// Carry files: laptops that do not reach the server, synced by a stick.
    #[command(subcommand)]
    Carry(carry::Carry),
    /// Tokens by which other tools read and write over /v1/api.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Commands that could not be judged.
    #[command(subcommand)]
    Held(held::Held),
    /// The provider of OpenID Connect at which people sign in. Takes effect when the server is started again.
    #[command(subcommand)]
    Oidc(oidc::OidcCommand),
    /// Prints a hash over every record, to compare with a laptop's.
    Hash {
        #[command(flatten)]
        data: Data,
    },
    /// Moves the records into a PostgreSQL database, or back into a file of the data folder. Stop the server first and
    /// start it again afterwards; laptops notice nothing.
    MigrateStorage {
        #[command(flatten)]
        data: Data,
        /// `sqlite`, or the address of a database: postgres://USER:PASSWORD@HOST/NAME?sslmode=require.
        #[arg(long, value_name = "WHERE", env = "SLIPWAY_DATABASE", hide_env_values = true)]
        to: String,
    },
    /// Reads the whole audit log back: every entry, signature and the tree over them.
    VerifyLog {
        #[command(flatten)]
        data: Data,
    },
    /// Writes the whole audit log into a file, also while it is served. Anybody verifies it with the log's public key
    /// alone: slipwayctl verify-log FILE --key KEY.
    ExportLog {
        /// The file to write; it must not be there.
        #[arg(value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        data: Data,
    },
    /// Reads every file beside the records and says which are damaged.
    Scrub {
        #[command(flatten)]
        data: Data,
        /// Puts damaged ones aside: they count as gone, and a laptop that has one sends it again.
        #[arg(long)]
        quarantine: bool,
    },
    /// Forgets what was removed, where every laptop seen within 400 days knows of it; one that comes later fetches the
    /// records anew. A running server does so once a day.
    Compact {
        #[command(flatten)]
        data: Data,
    },
    /// Backs up a data folder into one file, also while it is served; reads it back; lets laptops forget what it covers.
    Backup {
        #[command(flatten)]
        data: Data,
        /// The file to write; it must not be there.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Seals the backup with a passphrase from the first line of standard input.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Makes a data folder of a backup; laptops then send again what it does not know.
    Restore {
        /// The backup.
        #[arg(value_name = "FILE")]
        from: PathBuf,
        /// The folder to make; it must not hold anything.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Why; every laptop that had seen more than the backup holds shows it.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Reads the backup's passphrase from the first line of standard input.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Looks over everything that a data folder holds: pages, sums, chains of devices, every leaf of the audit log.
    Check {
        #[command(flatten)]
        data: Data,
    },
    /// Declares that a backup made elsewhere, and read back, covers everything up to a sequence.
    Durable {
        #[command(flatten)]
        data: Data,
        /// The last sequence in the backup.
        #[arg(long)]
        seq: u64,
    },
    /// Prints the fingerprint that laptops pin at sign-in.
    Fingerprint {
        #[command(flatten)]
        data: Data,
    },
    /// Declares that the data was put back from a backup, so that laptops send again what it lost. Run before serving it.
    Restored {
        #[command(flatten)]
        data: Data,
        /// Why; every laptop that had seen more than is left shows it.
        #[arg(long, value_name = "TEXT", default_value = "no reason was given")]
        reason: String,
    },
    /// Writes what completes these commands in a shell: slipway-server completions bash.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Writes a manual page of each command into a folder, for packages.
    #[command(hide = true)]
    Manual {
        /// The folder, which must be there.
        folder: PathBuf,
    },
}

/// What is printed: JSON for programs, lines for people.
struct Said {
    json: Value,
    text: String,
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let json = cli.json;
    match carry_out(cli.command) {
        Ok(said) => {
            let line = if json { said.json.to_string() } else { said.text };
            // A closed pipe is the reader's business.
            let _ = writeln!(std::io::stdout(), "{line}");
            ExitCode::SUCCESS
        }
        Err(error) => complain(&error, json),
    }
}

fn complain(error: &anyhow::Error, json: bool) -> ExitCode {
    let mut stderr = std::io::stderr();
    let refusal = match error.downcast_ref::<SetupError>() {
        Some(SetupError::Refused(refusal)) => Some(refusal.clone()),
        Some(SetupError::Server(ServerError::Said(body))) => {
            let code = serde_json::to_value(body.code).ok().and_then(|v| v.as_str().map(str::to_uppercase));
            let code = code.unwrap_or_else(|| "REFUSED".to_owned());
            Some(slipway_domain::refusal::Finding::new(&code, &body.sentence, &body.way_out).into())
        }
        _ => None,
    };
    let (code, value, lines) = match refusal {
        Some(Refusal { findings }) => {
            let lines = findings.iter().map(|f| format!("{} {}", f.sentence, f.way_out)).collect::<Vec<_>>().join("\n");
            (1, json!({ "refused": findings }), lines)
        }
        None => (3, json!({ "trouble": format!("{error:#}") }), format!("{error:#}")),
    };
    let _ = writeln!(stderr, "{}", if json { value.to_string() } else { lines });
    ExitCode::from(code)
}

fn carry_out(command: Command) -> anyhow::Result<Said> {
    match command {
        Command::Init { data, workspace, admin, password_stdin, database, sample } => {
            let password = if password_stdin { password()? } else { String::new() };
            let administrator = admin.map(|user| NewUser {
                name: user.clone(),
                user,
                roles: vec![Role::Administrator],
                groups: Vec::new(),
                password,
            });
            let usual = if sample { "Harbour & Vale" } else { "Slipway" };
            let name = workspace.unwrap_or_else(|| usual.to_owned());
            let new = NewWorkspace { name: name.clone(), administrator };
            quiet_log();
            let database = database.map(|text| text.parse::<Address>()).transpose()?;
            let office = Office::create_in(&data.path, &new, database.as_ref(), system_clock())?;
            if sample {
                office.add_sample()?;
            }
            let state = office.state()?;
            Ok(Said {
                text: format!("Made the workspace {name:?} in {} with {} records.", data.path.display(), state.records),
                json: json!({ "workspace": name, "data": data.path, "state": state }),
            })
        }
        Command::Serve { data, listen, names, tls_cert, tls_key, metrics, min_client, files_gib, log_json } => {
            let tls = tls_cert.zip(tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
            let clock = system_clock();
            let patience = Patience::default();
            serve(
                Config {
                    data: data.path,
                    listen,
                    names,
                    tls,
                    metrics,
                    min_client,
                    patience,
                    clock,
                    snapshot_records: limits::SNAPSHOT_RECORDS,
                    blob_quota_bytes: files_gib << 30,
                },
                log_json,
            )
        }
        Command::User(command) => people::user(command),
        Command::Group(command) => people::group(command),
        Command::Device(command) => people::device(command),
        Command::Carry(call) => carry::run(call),
        Command::Token(command) => token::token(command),
        Command::Held(call) => held::held(call),
        Command::Oidc(command) => oidc::run(command),
        Command::Hash { data } => {
            let state = office(&data)?.state()?;
            Ok(Said {
                text: format!("{}  {} records at {} of epoch {}", state.hash, state.records, state.head, state.epoch),
                json: serde_json::to_value(&state)?,
            })
        }
        Command::MigrateStorage { data, to } => migrate_storage(&data, &to),
        Command::VerifyLog { data } => log::verify(&data),
        Command::ExportLog { to, data } => log::export(&data, &to),
        Command::Scrub { data, quarantine } => scrub(&data, quarantine),
        Command::Compact { data } => {
            let gone = office(&data)?.core().compact()?;
            Ok(Said { text: format!("Forgot {gone} removed records."), json: json!({ "gone": gone }) })
        }
        Command::Backup { data, to, passphrase_stdin } => {
            let passphrase = passphrase(passphrase_stdin)?;
            quiet_log();
            let made = backup::create(&data.path, &to, passphrase.as_deref(), &system_clock())?;
            Ok(Said {
                text: format!(
                    "Backed up {:?} to {} and read it back: {} is durable.",
                    made.name,
                    to.display(),
                    made.head
                ),
                json: json!({ "to": to, "manifest": made, "durable_seq": made.head }),
            })
        }
        Command::Restore { from, data, reason, passphrase_stdin } => {
            let passphrase = passphrase(passphrase_stdin)?;
            quiet_log();
            let (passphrase, reason) = (passphrase.as_deref(), reason.as_deref());
            let (manifest, workspace) = backup::restore(&from, &data, passphrase, reason, &system_clock())?;
            Ok(Said {
                text: format!(
                    "Restored {:?} as of {} to {}; began epoch {}.",
                    manifest.name,
                    manifest.made_at.to_rfc3339(),
                    data.display(),
                    workspace.epoch
                ),
                json: json!({ "data": data, "manifest": manifest, "epoch": workspace.epoch }),
            })
        }
        Command::Check { data } => {
            quiet_log();
            let checked = backup::check(&data.path, &system_clock())?;
            Ok(Said {
                text: format!("{} records and {} leaves of the log are sound.", checked.records, checked.log.size()),
                json: json!({ "records": checked.records, "log_size": checked.log.size(), "head": checked.workspace.head }),
            })
        }
        Command::Durable { data, seq } => {
            office(&data)?.core().set_durable(seq).map_err(SetupError::from)?;
            Ok(Said { text: format!("{seq} is durable."), json: json!({ "durable_seq": seq }) })
        }
        Command::Fingerprint { data } => {
            let fingerprint = office(&data)?.fingerprint()?;
            Ok(Said { json: json!({ "fingerprint": fingerprint }), text: fingerprint })
        }
        Command::Restored { data, reason } => {
            let workspace = office(&data)?.declare_restored(&reason)?;
            Ok(Said {
                text: format!("Began epoch {}.", workspace.epoch),
                json: json!({ "epoch": workspace.epoch, "head": workspace.head }),
            })
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "slipway-server", &mut script);
            let text = String::from_utf8(script).context("Writing the completions")?;
            Ok(Said { json: json!({ "script": text }), text })
        }
        Command::Manual { folder } => {
            clap_mangen::generate_to(Cli::command(), &folder).context("Writing the manual pages")?;
            Ok(Said { text: format!("Wrote to {}.", folder.display()), json: json!({ "folder": folder }) })
        }
    }
}

fn office(data: &Data) -> Result<Office, SetupError> {
    quiet_log();
    Office::open(&data.path, system_clock())
}

/// Whether the files beside the records are what they are called; a damaged one ends it with an error.
fn scrub(data: &Data, quarantine: bool) -> anyhow::Result<Said> {
    let blobs = Blobs::open(&data.path, u64::MAX).context("Opening the folder of files")?;
    let found = blobs.scrub(quarantine, &mut |_| ()).context("Reading the files")?;
    let damaged: Vec<_> = found.damaged.iter().map(|one| json!({ "sha256": one.sha256, "aside": one.aside })).collect();
    let sum = format!("{} files, {} bytes", found.files, found.bytes);
    if let Some(first) = found.damaged.first() {
        let list: Vec<String> = found.damaged.iter().map(|one| one.sha256.to_string()).collect();
        let way_out = match &first.aside {
            Some(aside) => format!(
                "They were put aside in {}; run slipwayctl dsl scrub on a laptop that has them, and sync.",
                aside.parent().unwrap_or(aside).display()
            ),
            None => "Run it again with --quarantine, so that laptops that have them send them again.".to_owned(),
        };
        anyhow::bail!("{sum} read; {} damaged: {}. {way_out}", list.len(), list.join(", "));
    }
    Ok(Said {
        text: format!("Sound: {sum}."),
        json: json!({ "files": found.files, "bytes": found.bytes, "damaged": damaged }),
    })
}

fn migrate_storage(data: &Data, to: &str) -> anyhow::Result<Said> {
    quiet_log();
    let address = if to == "sqlite" { None } else { Some(to.parse::<Address>()?) };
    let moved = transfer::move_workspace(&Folder::find(&data.path)?, address.as_ref())?;
    let state = office(data)?.state()?;
    Ok(Said {
        text: format!(
            "Moved {} rows into {}; every row, {} records (hash {}) and the log's root are as they were.",
            moved.rows.values().sum::<u64>(),
            moved.place,
            state.records,
            state.hash
        ),
        json: json!({ "moved": moved, "state": state }),
    })
}

fn password() -> anyhow::Result<String> {
    let mut text = String::new();
    let most = slipway_sync::limits::PASSWORD_BYTES as u64 + 2;
    std::io::stdin().take(most).read_to_string(&mut text).context("Reading the password from standard input")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn passphrase(wanted: bool) -> anyhow::Result<Option<String>> {
    if !wanted {
        return Ok(None);
    }
    let passphrase = password().context("Reading the passphrase from standard input")?;
    anyhow::ensure!(!passphrase.is_empty(), "There is no passphrase on standard input");
    Ok(Some(passphrase))
}

fn serve(config: Config, log_json: bool) -> anyhow::Result<Said> {
    let filter = EnvFilter::try_from_env("SLIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if log_json {
        log.json().flatten_event(true).with_span_list(false).init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    let runtime = tokio::runtime::Runtime::new().context("Starting the runtime")?;
    runtime.block_on(async {
        Office::open(&config.data, config.clock.clone()).and_then(|office| office.add_classes())?;
        let running = Server::start(config).await.context("Starting the server")?;
        until_stopped(&running.certificate).await?;
        tracing::info!("Stopping");
        running.stop().await;
        Ok(Said { text: "Stopped.".to_owned(), json: json!({ "stopped": true }) })
    })
}

/// SIGHUP shows the certificate anew.
#[cfg(unix)]
async fn until_stopped(certificate: &Certificate) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("Listening for SIGTERM")?;
    let mut hang_up = signal(SignalKind::hangup()).context("Listening for SIGHUP")?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            done = tokio::signal::ctrl_c() => return done.context("Listening for SIGINT"),
            _ = hang_up.recv() => {
                let certificate = certificate.clone();
                tokio::task::spawn_blocking(move || certificate.reload()).await.context("Reading the certificate")?;
            }
        }
    }
}

#[cfg(not(unix))]
async fn until_stopped(_certificate: &Certificate) -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("Listening for Ctrl+C")
}

/// Warnings only, for commands that people read the answer of.
fn quiet_log() {
    let filter = EnvFilter::try_from_env("SLIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
