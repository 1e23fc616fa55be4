//! PgBouncer with the configuration that is shipped.

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::database::Database;
use crate::http::free_address;
use crate::process::Running;
use crate::run::{Run, as_owner_of, folder_beside};

/// What bounds sessions whose settings no client can make.
pub(crate) const BOUNDS: &str = "SET statement_timeout = 2000; SET lock_timeout = 1000; \
                                 SET idle_in_transaction_session_timeout = 10000;";

/// A pooler in front of a server.
pub(crate) struct PgBouncer<'run> {
    run: &'run Run,
    name: String,
    folder: PathBuf,
    process: Option<Running>,
    address: SocketAddr,
    password: String,
}

impl<'run> PgBouncer<'run> {
    /// `bounds` is sent on each new connection to PostgreSQL.
    pub(crate) fn start(
        run: &'run Run,
        database: &Database,
        name: &str,
        bounds: &str,
    ) -> Outcome<Self> {
        let (address, password) = (free_address()?, random()?);
        let folder = folder_beside(database.data()?, name)?;
        let (host, port) = (address.ip(), address.port());
        let place = database.place()?;
        let query = match bounds {
            "" => String::new(),
            bounds => format!(" connect_query='{bounds}'"),
        };
        let databases = format!("* = host={} port={}{query}\n", place.host, place.port);
        let listen = format!("listen_addr = {host}\nlisten_port = {port}\nunix_socket_dir =\n");
        let shipped = fs::read_to_string(run.file("deploy/pgbouncer/pgbouncer.ini"))?;
        let users = format!("\"postgres\" \"{password}\"\n");
        for (file, text) in [
            ("pgbouncer.ini", shipped),
            ("databases.ini", databases),
            ("listen.ini", listen),
            ("userlist.txt", users),
        ] {
            fs::write(folder.join(file), text)?;
            // The folder is closed to others; only the account that runs it gets here.
            fs::set_permissions(folder.join(file), Permissions::from_mode(0o644))?;
        }
        let name = name.to_owned();
        let mut pooler = Self { run, name, folder, process: None, address, password };
        pooler.launch()?;
        Ok(pooler)
    }

    fn launch(&mut self) -> Outcome<()> {
        let run = self.run;
        let mut command = Command::new(run.program("pgbouncer")?);
        command.arg("pgbouncer.ini").current_dir(&self.folder);
        as_owner_of(&self.folder, &mut command)?;
        let process = self.process.insert(run.start(&self.name, &mut command)?);
        let address = self.address;
        let waited = run.processes.wait_for("its port", || {
            process.check()?;
            Ok(std::net::TcpStream::connect(address).is_ok())
        });
        run.explain(&self.name, waited)?;
        Ok(())
    }

    /// Ends it with all its connections, waits so long, and starts it again where it was.
    pub(crate) fn restart_after(&mut self, away: Duration) -> Outcome<()> {
        if let Some(mut process) = self.process.take() {
            process.signal("TERM")?;
            process.end(&self.run.processes)?;
        }
        self.run.processes.pause(away)?;
        self.launch()
    }

    /// The database `postgres` behind it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres:{}@{}/postgres", self.password, self.address)
    }
}

fn random() -> Outcome<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
