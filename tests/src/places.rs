//! Where a secret could come to light: the places as text, and the search in them.

use std::fmt::Write;
use std::io;
use std::process::Command;

use local_services::find_postgres;
use redis::{Client, Connection, RedisResult, Value};

/// The lines of `text` that hold `needle` in whatever case, or its bytes in hexadecimal as
/// PostgreSQL dumps them; each cut to a length that can be read.
#[must_use]
pub fn lines_with(text: &str, needle: &str) -> Vec<String> {
    let plain = needle.to_lowercase();
    let hex = needle.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let holds = |line: &&str| {
        let line = line.to_lowercase();
        line.contains(&plain) || line.contains(&hex)
    };
    text.lines().filter(holds).map(|line| line.chars().take(400).collect()).collect()
}

/// Schema and rows of a database, as `pg_dump --inserts` writes them.
///
/// # Errors
/// When there is no `pg_dump` or it fails; the message is what it said.
pub fn dump(url: &str) -> io::Result<String> {
    let program = find_postgres().map_err(io::Error::other)?.bin.join("pg_dump");
    let output = Command::new(program).args(["--inserts", "--dbname", url]).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Every key and value of a Redis, one line each.
///
/// # Errors
/// Whatever Redis says.
pub fn redis_contents(url: &str) -> RedisResult<String> {
    let mut connection = Client::open(url)?.get_connection()?;
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut connection)?;
    let mut text = String::new();
    for key in keys {
        let value = value_of(&mut connection, &key)?;
        let _ = writeln!(text, "{} = {}", String::from_utf8_lossy(&key), legible(&value));
    }
    Ok(text)
}

fn value_of(connection: &mut Connection, key: &[u8]) -> RedisResult<Value> {
    let kind: String = redis::cmd("TYPE").arg(key).query(connection)?;
    let mut read = match kind.as_str() {
        "hash" => redis::cmd("HGETALL"),
        "list" => redis::cmd("LRANGE"),
        "set" => redis::cmd("SMEMBERS"),
        "zset" => redis::cmd("ZRANGE"),
        "stream" => redis::cmd("XRANGE"),
        _ => redis::cmd("GET"),
    };
    read.arg(key);
    match kind.as_str() {
        "list" | "zset" => read.arg(0).arg(-1),
        "stream" => read.arg("-").arg("+"),
        _ => &mut read,
    };
    read.query(connection)
}

fn legible(value: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(legible).collect::<Vec<_>>().join(" ");
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).replace(['\n', '\r'], " "),
        Value::SimpleString(text) => text.clone(),
        Value::Array(values) | Value::Set(values) => all(values),
        Value::Map(pairs) => pairs
            .iter()
            .map(|(key, value)| format!("{} {}", legible(key), legible(value)))
            .collect(),
        other => format!("{other:?}"),
    }
}
