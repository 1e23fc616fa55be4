//! How PostgreSQL and Redis are set for each purpose.

use std::path::Path;

use crate::Purpose;
use crate::endpoint::Endpoint;

/// PostgreSQL's settings. Given on the command line instead of written into `postgresql.conf`:
/// they always match this code, and root writes no file into a folder of another account.
pub(crate) fn postgres(
    purpose: Purpose,
    endpoint: &Endpoint,
    has_pg_stat_statements: bool,
) -> Vec<(&'static str, String)> {
    let mut settings = listening(endpoint);
    let mut set = |name, value: &str| settings.push((name, value.to_owned()));
    set("max_connections", "200");
    set("timezone", "UTC");
    set("log_timezone", "UTC");
    set("log_min_messages", "warning");
    if has_pg_stat_statements {
        set("shared_preload_libraries", "pg_stat_statements");
    }
    // Room in the log for a bulk load, so that checkpoints do not run all the time.
    let (buffers, wal) = match purpose {
        Purpose::Serve => ("256MB", "2GB"),
        Purpose::Test => ("128MB", "1GB"),
        Purpose::Demo => ("256MB", "4GB"),
    };
    set("shared_buffers", buffers);
    set("max_wal_size", wal);
    set("checkpoint_timeout", "15min");
    // Demos measure what a reader quotes of a server that may lose nothing, so only tests are fast.
    if purpose == Purpose::Test {
        for switch in ["fsync", "synchronous_commit", "full_page_writes"] {
            set(switch, "off");
        }
    }
    settings
}

fn listening(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    match endpoint {
        Endpoint::Socket(socket) => {
            let folder = socket.parent().unwrap_or(Path::new("/")).display().to_string();
            vec![
                ("listen_addresses", String::new()),
                ("port", "5432".to_owned()),
                // A list of quoted names: a comma or space in the path would split it.
                ("unix_socket_directories", format!("\"{}\"", folder.replace('"', "\"\""))),
                ("unix_socket_permissions", "0700".to_owned()),
            ]
        }
        Endpoint::Tcp { port, .. } => vec![
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("unix_socket_directories", String::new()),
        ],
    }
}

/// Redis' configuration file, which it reads from standard input.
pub(crate) fn redis(purpose: Purpose, endpoint: &Endpoint, folder: &Path) -> String {
    let listening = match endpoint {
        Endpoint::Socket(socket) => {
            format!("port 0\nunixsocket {}\nunixsocketperm 700\n", quoted(socket))
        }
        Endpoint::Tcp { port, password } => {
            format!("bind 127.0.0.1\nport {port}\nrequirepass {password}\n")
        }
    };
    let keeping = match purpose {
        Purpose::Serve => "save \"\"\nappendonly yes\nappendfsync everysec\n",
        Purpose::Test | Purpose::Demo => "save \"\"\nappendonly no\n",
    };
    // volatile-lru: only keys with a time to live are dropped when the memory is full.
    format!(
        "{listening}{keeping}dir {}\ndaemonize no\nlogfile \"\"\nloglevel warning\n\
         maxmemory 256mb\nmaxmemory-policy volatile-lru\n",
        quoted(folder)
    )
}

fn quoted(path: &Path) -> String {
    let path = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{path}\"")
}

#[cfg(test)]
mod tests {
    use super::postgres;
    use crate::Purpose;
    use crate::endpoint::Endpoint;

    #[test]
    fn only_tests_give_up_durability() {
        for purpose in Purpose::ALL {
            let settings = postgres(purpose, &Endpoint::Socket("/s/.s.PGSQL.5432".into()), true);
            let durable = !settings.iter().any(|(name, _)| *name == "fsync");
            assert_eq!(durable, purpose != Purpose::Test, "{purpose}");
        }
    }
}
