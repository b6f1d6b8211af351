//! `slipwayctl`: the use cases of Slipway without a window.
//!
//! Exit codes: 0 done, 1 refused by a rule, 2 wrong use, 3 trouble.

mod account;
mod attention;
mod audit;
mod baseline;
mod calendar;
mod carry;
mod change;
mod ci;
mod ci_edit;
mod ci_impact;
mod ci_past;
mod ci_photo;
mod ci_tree;
mod class;
mod desk;
mod dhs;
mod dhs_model;
mod dhs_photo;
mod dhs_print;
mod dhs_scan;
mod dhs_stock;
mod dhs_stocktake;
mod dsl;
mod dsl_checks;
mod dsl_files;
mod exception;
mod generate;
mod group;
mod manual;
mod observe;
mod print;
mod profile;
mod release;
mod report;
mod scan;
mod standard;
mod transfer;
mod when;

use clap::{Parser, Subcommand};
use desk::Desk;
use print::Answer;
use slipway_app::error::CallError;
use std::path::PathBuf;
use std::process::ExitCode;

/// The program's own: a quarter of the time in which a snapshot is read went to the system's.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Release management that keeps working without a network.
///
/// Exit codes: 0 done; 1 refused by a rule, with every reason on standard error; 2 wrong use; 3 trouble (disk,
/// network, keychain). With --json answers and reasons are JSON.
#[derive(Parser)]
#[command(name = "slipwayctl", version, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    call: Call,
}

/// Options of every command.
#[derive(clap::Args, Clone)]
struct Common {
    /// Folder of the profile: one person's encrypted records on this computer.
    #[arg(long, global = true, value_name = "DIR", env = "SLIPWAY_PROFILE")]
    profile: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Read the profile's passphrase from the first line of standard input (or set SLIPWAY_PASSPHRASE).
    #[arg(long, global = true)]
    passphrase_stdin: bool,
    /// Say on standard error what is going on; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Call {
    /// Make a profile. Example: slipwayctl --profile ann init
    Init(profile::Init),
    /// Sign in at a central server. Example: slipwayctl sign-in --server https://host:8443 --user ann --password-stdin --ca ca.pem
    SignIn(profile::SignIn),
    /// Change the passphrase of a profile that has one: the present one first, the new one on the next line of standard
    /// input. Example: slipwayctl passphrase --passphrase-stdin
    Passphrase,
    /// Verify a distribution set; needs no profile and no server. Example: slipwayctl verify-set /media/stick/rel-12.tar
    VerifySet {
        /// The folder, or the tar file.
        folder: std::path::PathBuf,
        /// The key that it has to be signed by, in base64.
        #[arg(long)]
        key: Option<String>,
    },
    /// Verify an exported audit log; needs no profile and no server.
    /// Example: slipwayctl verify-log log.jsonl --key KEY --checkpoint seen-in-march.txt
    VerifyLog(audit::VerifyLog),
    /// Make up a data centre, the same for the same seed: as files to import, or in a fresh profile.
    /// Example: slipwayctl generate --cis 100000 --relations 300000 --seed 7 --output made-up
    Generate(generate::Generate),
    /// Write what completes these commands in a shell. Example: slipwayctl completions bash > ~/.local/share/bash-completion/completions/slipwayctl
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write a manual page of each command into a folder, for packages.
    #[command(hide = true)]
    Manual {
        /// The folder, which must be there.
        folder: PathBuf,
    },
    #[command(flatten)]
    Use(Use),
}

/// What needs an open profile.
#[derive(Subcommand)]
enum Use {
    /// Send what waits, fetch what is new. Example: slipwayctl sync
    Sync,
    /// Who works here, what waits, when it was last synced. Example: slipwayctl status
    Status,
    /// The signed-in person and their roles. Example: slipwayctl whoami
    Whoami,
    /// The hash of all confirmed records: equal on the server and on every laptop that is in sync. Example: slipwayctl state-hash
    StateHash,
    /// The last signed checkpoint of the server's audit log that this computer saw; keep it elsewhere, to hold a later
    /// export against it. Example: slipwayctl log-checkpoint > seen-in-march.txt
    LogCheckpoint,
    /// The server's audit log: what it has about a record, and what this computer found about it.
    #[command(subcommand)]
    Log(audit::Log),
    /// What the server refused or took in part.
    Attention {
        /// What to do with an item; without it: the list.
        #[command(subcommand)]
        call: Option<attention::Attention>,
    },
    /// What was done by hand although a rule is against it.
    #[command(subcommand)]
    Exception(exception::Exception),
    /// Sync by a stick, where there is no network.
    #[command(subcommand)]
    Carry(carry::Carry),
    /// Take records from a file. Example: slipwayctl import cis cis.csv --dry-run
    Import(transfer::Import),
    /// Write records to a file. Example: slipwayctl export cis --format csv --output cis.csv
    Export(transfer::Export),
    /// Imports and exports that are under way or ended.
    #[command(subcommand)]
    Job(transfer::JobCall),
    /// Releases and their phases.
    #[command(subcommand)]
    Release(Box<release::ReleaseCall>),
    /// Figures over a period: outcomes, time in phases, approvals, delivery, CMDB, DSL, DHS. Example: slipwayctl report outcomes
    Report(report::Report),
    /// What is planned when: rollout windows, changes, freezes, and what collides. Example: slipwayctl calendar
    Calendar(calendar::Calendar),
    /// Changes.
    #[command(subcommand)]
    Change(Box<change::ChangeCall>),
    /// Configuration items.
    #[command(subcommand)]
    Ci(Box<ci::CiCall>),
    /// What was seen, against what is recorded.
    #[command(subcommand)]
    Observe(observe::Observe),
    /// CI groups.
    #[command(subcommand)]
    Group(group::GroupCall),
    /// CIs as they were at a moment, under a name.
    #[command(subcommand)]
    Baseline(baseline::BaselineCall),
    /// Authorised values for CIs, and which of them differ
    #[command(subcommand)]
    Standard(Box<standard::StandardCall>),
    /// Classes of CIs and their attributes.
    #[command(subcommand)]
    Class(class::ClassCall),
    /// Types of relations.
    #[command(subcommand)]
    RelationType(Box<class::RelationTypeCall>),
    /// The Definitive Software Library.
    #[command(subcommand)]
    Dsl(dsl::DslCall),
    /// The Definitive Hardware Store.
    #[command(subcommand)]
    Dhs(dhs::DhsCall),
    /// Devices on which people signed in.
    #[command(subcommand)]
    Device(account::DeviceCall),
    /// Passwords at the server.
    #[command(subcommand)]
    Password(account::PasswordCall),
    /// Everybody known here. Example: slipwayctl people
    People,
    /// Every group with its members. Example: slipwayctl groups
    Groups,
    /// Find records of every kind by words, numbers, serials. Example: slipwayctl search libssl
    Search {
        /// What to look for.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Call a use case of the application's list by name with a JSON request; without a name: list them.
    /// Example: slipwayctl call releases.get '{"release":"REL-000001"}'
    #[command(name = "call")]
    Raw {
        /// Such as releases.get
        name: Option<String>,
        /// Such as {"release":"REL-000001"}
        #[arg(default_value = "null")]
        request: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Reasons are told once, as the answer; the log is for those who ask for it.
    let level = ["off", "info", "debug"].get(usize::from(cli.common.verbose)).copied().unwrap_or("trace");
    tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).init();
    let json = cli.common.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let sentence = format!("The program could not start its threads: {error}.");
            let way_out = "End other programs and try again.";
            return print::error(&CallError::trouble("NO_THREADS", sentence, way_out), json);
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(answer) => print::answer(&answer, json),
        Err(error) => print::error(&error, json),
    }
}

async fn run(cli: Cli) -> Result<Answer, CallError> {
    let common = cli.common;
    let call = match cli.call {
        Call::Init(init) => return profile::init(&common, init).await,
        Call::SignIn(sign_in) => return profile::sign_in(&common, sign_in).await,
        Call::Passphrase => return account::passphrase(&common).await,
        Call::VerifySet { folder, key } => return dsl_files::verify_set(&folder, key),
        Call::VerifyLog(call) => return audit::verify(&call),
        Call::Use(Use::Log(audit::Log::Verify { file, key })) => return audit::verify_proof(&file, &key),
        Call::Generate(call) => return generate::run(&common, call).await,
        Call::Completions { shell } => return manual::completions(shell),
        Call::Manual { folder } => return manual::pages(&folder),
        Call::Use(call) => call,
    };
    let desk = Desk::open(&common).await?;
    match call {
        Use::Sync => profile::sync(&desk).await,
        Use::Status => profile::status(&desk).await,
        Use::Whoami => profile::whoami(&desk).await,
        Use::StateHash => profile::state_hash(&desk),
        Use::LogCheckpoint => audit::checkpoint(&desk),
        Use::Log(call) => audit::log(&desk, call).await,
        Use::Attention { call } => {
            attention::run(&desk, call.unwrap_or(attention::Attention::List { settled: false })).await
        }
        Use::Exception(call) => exception::run(&desk, call).await,
        Use::Carry(call) => carry::run(&desk, call).await,
        Use::Import(import) => transfer::import(&desk, import).await,
        Use::Export(export) => transfer::export(&desk, &export).await,
        Use::Job(call) => transfer::job(&desk, call).await,
        Use::Release(call) => release::run(&desk, *call).await,
        Use::Report(call) => report::run(&desk, call).await,
        Use::Calendar(call) => calendar::run(&desk, call).await,
        Use::Change(call) => change::run(&desk, *call).await,
        Use::Ci(call) => ci::run(&desk, *call).await,
        Use::Observe(call) => observe::run(&desk, call).await,
        Use::Group(call) => group::run(&desk, call).await,
        Use::Baseline(call) => baseline::run(&desk, call).await,
        Use::Standard(call) => standard::run(&desk, *call).await,
        Use::Class(call) => class::run(&desk, call).await,
        Use::RelationType(call) => class::relation_type(&desk, *call).await,
        Use::Dsl(call) => dsl::run(&desk, call).await,
        Use::Dhs(call) => dhs::run(&desk, call).await,
        Use::Device(call) => account::device(&desk, call).await,
        Use::Password(call) => account::password(&desk, call).await,
        Use::People => profile::people(&desk).await,
        Use::Groups => profile::groups(&desk).await,
        Use::Search { text, limit } => ci::search(&desk, &text, None, limit).await,
        Use::Raw { name, request } => profile::raw(&desk, name, &request).await,
    }
}
