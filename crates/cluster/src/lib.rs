//! A real PostgreSQL in a temporary folder, for tests and benches: nobody else can reach it, and it ends and is
//! removed with the program that started it, also when that is killed.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What a commit is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: quick, for tests of anything else.
    None,
    /// It is on the disk, as in earnest.
    Full,
}

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    child: Child,
    /// As long as it is open, the cluster runs.
    words: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    databases: AtomicU32,
}

/// Makes, starts, restarts and removes the cluster. Reads words: a line for a crash and a new start, the end for the end.
const SCRIPT: &str = r#"
set -e
programs=$1; durable=$2; below=$3
folder=$(mktemp -d "$below/slipway-postgres.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap '' INT
"$programs/initdb" -D "$folder/data" -U slipway -A trust -E UTF8 --no-locale --no-sync >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; exit 1; }
start() {
    "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=200 \
        -c fsync="$durable" -c full_page_writes="$durable" -c shared_buffers=128MB -c max_wal_size=1GB \
        >>"$folder/log" 2>&1 &
    server=$!
    until "$programs/pg_isready" -q -h "$folder" -U slipway; do
        kill -0 $server 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
        sleep 0.05
    done
    echo "$folder"
}
start
while read -r word; do
    kill -QUIT $server; wait $server || true
    start
done
kill -QUIT $server; wait $server || true
"#;

impl Cluster {
    /// The one of this process, made when first asked for.
    ///
    /// # Panics
    /// PostgreSQL is not installed, or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| match Self::start(Durability::None) {
            Ok(cluster) => cluster,
            Err(error) => panic!("a private PostgreSQL for the tests does not start: {error}"),
        })
    }

    /// Makes and starts a cluster; takes about two seconds.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub fn start(durability: Durability) -> io::Result<Self> {
        let programs = programs()?;
        let temporary = std::env::temp_dir();
        let (durable, below) = match durability {
            Durability::Full => ("on", temporary.as_path()),
            // Memory-backed where there is such a folder.
            Durability::None => ("off", Some(Path::new("/dev/shm")).filter(|path| path.is_dir()).unwrap_or(&temporary)),
        };
        let mut command = as_somebody();
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(&programs).arg(durable).arg(below);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
        let mut child = command.spawn()?;
        let (Some(words), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the cluster's script has no pipes"));
        };
        let mut said = BufReader::new(stdout);
        let folder = read_folder(&mut said)?;
        Ok(Self { programs, folder, child, words: Some(words), said, databases: AtomicU32::new(0) })
    }

    /// Makes an empty database and gives its address.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.client("createdb").arg(&name).status().map_or_else(
            |error| panic!("createdb does not run: {error}"),
            |status| assert!(status.success(), "the database {name} could not be made"),
        );
        self.address(&name)
    }

    /// Another database with the same content; nobody may be connected to the first.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn copy_of(&self, address: &str) -> String {
        let from = address.rsplit('/').next().unwrap_or_default();
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let status = self.client("createdb").args(["-T", from, &name]).status();
        assert!(status.is_ok_and(|status| status.success()), "{from} could not be copied");
        self.address(&name)
    }

    /// Runs SQL in a database, as its administrator would.
    ///
    /// # Panics
    /// It failed.
    pub fn sql(&self, address: &str, sql: &str) -> String {
        let output = self.client("psql").args(["-At", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d", address]).output();
        match output {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            other => panic!("{sql} failed: {other:?}"),
        }
    }

    /// Ends every process of the database at once, as a power cut would, and starts it again.
    ///
    /// # Errors
    /// It does not come back. Only for a cluster that was started with [`Cluster::start`].
    pub fn crash(&mut self) -> io::Result<()> {
        if let Some(words) = &mut self.words {
            writeln!(words, "crash")?;
            words.flush()?;
        }
        read_folder(&mut self.said).map(|_| ())
    }

    fn address(&self, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://slipway@{host}/{database}")
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-U", "slipway"]).stdin(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.words.take());
        // It was told to end; how it did is nobody's business any more.
        let _ = self.child.wait();
    }
}

fn read_folder(said: &mut impl BufRead) -> io::Result<PathBuf> {
    let mut line = String::new();
    said.read_line(&mut line)?;
    let folder = line.trim_end();
    if folder.is_empty() {
        return Err(io::Error::other("PostgreSQL did not start; its words stand above"));
    }
    Ok(PathBuf::from(folder))
}

/// The newest version of Debian's package, or what is on the PATH.
fn programs() -> io::Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let version = entry.file_name().to_str().and_then(|name| name.parse().ok());
        found.extend(version.map(|version| (version, entry.path().join("bin"))));
    }
    found.sort();
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut folders = found.into_iter().rev().map(|(_, path)| path).chain(on_path);
    folders.find(|folder| folder.join("initdb").is_file()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "PostgreSQL is not installed; on Debian: apt-get install postgresql")
    })
}

/// PostgreSQL refuses to run as root, so root runs it as its own user.
fn as_somebody() -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut command = Command::new(if is_root { "setpriv" } else { "env" });
    if is_root {
        let known = Command::new("id").arg("postgres").output().is_ok_and(|output| output.status.success());
        let (user, group) = if known { ("postgres", "postgres") } else { ("nobody", "nogroup") };
        command.args(["--reuid", user, "--regid", group, "--clear-groups"]);
    }
    command
}
