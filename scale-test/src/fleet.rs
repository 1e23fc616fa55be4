//! Replicas of the backend, and HAProxy in front of them.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::http::{self, free_address};
use crate::process::Running;
use crate::run::Run;

/// Settings by name.
pub(crate) type Settings = Vec<(&'static str, String)>;

/// What a replica has wherever it runs here: the proxy is believed, and nothing is limited but by
/// the checks that are about limits. `DRAIN` is longer than HAProxy needs to notice.
const COMMON: [(&str, &str); 12] = [
    ("TRUSTED_PROXIES", "127.0.0.1/32"),
    ("KEEP_ALIVE", "75s"),
    ("DRAIN", "3s"),
    ("LOG", "warn"),
    ("BCRYPT_COST", "4"),
    ("RATE_LIMIT", "0"),
    ("USER_RATE_LIMIT", "0"),
    ("REGISTRATION_LIMIT", "0"),
    ("LOGIN_LIMIT", "0"),
    ("SHOP_RESERVED_PER_PERSON", "0"),
    ("LOGIN_ADDRESS_LIMIT", "0"),
    ("ACCESS_LIFETIME", "60m"),
];

/// Servers of one database; each can be stopped and started again where it was.
pub(crate) struct Fleet<'run> {
    run: &'run Run,
    replicas: Vec<Replica>,
}

struct Replica {
    name: String,
    address: SocketAddr,
    settings: Settings,
    process: Option<Running>,
}

impl<'run> Fleet<'run> {
    /// Starts as many as there are settings, the first one alone: it migrates the database.
    pub(crate) fn start(run: &'run Run, settings: Vec<Settings>) -> Outcome<Self> {
        let mut fleet = Self { run, replicas: Vec::new() };
        for (index, settings) in settings.into_iter().enumerate() {
            let name = format!("replica-{}", index + 1);
            let address = free_address()?;
            fleet.replicas.push(Replica { name, address, settings, process: None });
            fleet.launch(index)?;
            if index == 0 {
                fleet.until_ready(index)?;
            }
        }
        for index in 0..fleet.replicas.len() {
            fleet.until_ready(index)?;
        }
        Ok(fleet)
    }

    fn launch(&mut self, index: usize) -> Outcome<()> {
        let replica = &mut self.replicas[index];
        let mut command = Command::new(&self.run.backend);
        command.arg("serve").arg("--listen").arg(replica.address.to_string());
        command.env_remove("OPERATIONS_TOKEN").current_dir(&self.run.root);
        command.envs(COMMON).envs(replica.settings.iter().map(|(name, value)| (*name, value)));
        replica.process = Some(self.run.start(&replica.name, &mut command)?);
        Ok(())
    }

    fn until_ready(&mut self, index: usize) -> Outcome<Duration> {
        let Replica { name, address, process, .. } = &mut self.replicas[index];
        let waited = self.run.processes.wait_for("readiness", || {
            process.as_mut().map_or(Ok(()), Running::check)?;
            Ok(http::status(*address, "/health/ready") == Some(200))
        });
        self.run.explain(name, waited)
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.replicas.iter().map(|replica| replica.address).collect()
    }

    /// Where a replica is reached, as `http://127.0.0.1:PORT`.
    pub(crate) fn base(&self, index: usize) -> String {
        format!("http://{}", self.replicas[index % self.replicas.len()].address)
    }

    /// SIGTERM, and its end; true when it left with exit code 0.
    pub(crate) fn drain(&mut self, index: usize) -> Outcome<bool> {
        let Some(mut process) = self.replicas[index].process.take() else { return Ok(false) };
        process.signal("TERM")?;
        Ok(process.end(&self.run.processes)?.code() == Some(0))
    }

    /// SIGKILL: gone at once with all it was doing.
    pub(crate) fn kill(&mut self, index: usize) {
        self.replicas[index].process = None;
    }

    /// Starts it again at the same address.
    pub(crate) fn restart(&mut self, index: usize) -> Outcome<Duration> {
        self.launch(index)?;
        self.until_ready(index)
    }

    /// A metric of each replica.
    pub(crate) fn metric(&self, name: &str) -> Outcome<Vec<f64>> {
        self.replicas.iter().map(|replica| http::metric(replica.address, name)).collect()
    }
}

/// HAProxy with the configuration that is shipped.
pub(crate) struct Proxy<'run> {
    run: &'run Run,
    _process: Running,
    address: SocketAddr,
    metrics: SocketAddr,
}

/// Names in the configuration, in the order of the replicas.
const SERVERS: [&str; 3] = ["one", "two", "three"];

impl<'run> Proxy<'run> {
    pub(crate) fn start(run: &'run Run, fleet: &Fleet<'_>) -> Outcome<Self> {
        Self::start_with(run, fleet, &[])
    }

    /// With other bounds than those that are shipped.
    pub(crate) fn start_with(
        run: &'run Run,
        fleet: &Fleet<'_>,
        bounds: &[(&str, &str)],
    ) -> Outcome<Self> {
        let (address, metrics) = (free_address()?, free_address()?);
        let mut command = Command::new(run.program("haproxy")?);
        command.arg("-db").arg("-f").arg(run.file("deploy/haproxy/haproxy.cfg"));
        command.envs(bounds.iter().copied()).env("HAPROXY_LISTEN", address.to_string());
        command.env("HAPROXY_METRICS_LISTEN", metrics.to_string());
        for (index, replica) in fleet.addresses().iter().enumerate() {
            command.env(format!("REPLICA_{}", index + 1), replica.to_string());
        }
        let process = run.start("haproxy", &mut command)?;
        let mut proxy = Self { run, _process: process, address, metrics };
        for index in 0..SERVERS.len() {
            proxy.until(index, true)?;
        }
        Ok(proxy)
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests that replicas are at, all together.
    pub(crate) fn sessions(&self) -> Outcome<u64> {
        Ok(http::metric(self.metrics, "haproxy_server_current_sessions")? as u64)
    }

    /// Waits until HAProxy takes a replica for up, or for down.
    pub(crate) fn until(&mut self, index: usize, up: bool) -> Outcome<Duration> {
        let name = SERVERS[index];
        let process = &mut self._process;
        let metrics = self.metrics;
        let waited = self.run.processes.wait_for("HAProxy's view of a replica", || {
            process.check()?;
            Ok(http::text(metrics, "/metrics").is_ok_and(|text| is_up(&text, name) == Some(up)))
        });
        self.run.explain("haproxy", waited)
    }

    /// Requests that HAProxy sent a second time, all replicas together.
    pub(crate) fn retries(&self) -> Outcome<u64> {
        Ok(http::metric(self.metrics, "haproxy_server_retry_warnings_total")? as u64)
    }
}

fn is_up(metrics: &str, server: &str) -> Option<bool> {
    let start =
        format!("haproxy_server_status{{proxy=\"replicas\",server=\"{server}\",state=\"UP\"}}");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&start))?;
    Some(value.trim() == "1")
}
