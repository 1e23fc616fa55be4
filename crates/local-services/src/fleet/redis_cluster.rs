//! A Redis Cluster of some masters, each with a replica if wanted.

use std::path::PathBuf;

use super::kept::Kept;
use super::wait_until;
use crate::account::{Account, current_uid};
use crate::endpoint::{Endpoint, free_port, random_password};
use crate::{Error, Installation, find_redis};

/// Slots of every cluster (Redis Cluster specification, "Key distribution model").
const SLOTS: u32 = 16_384;

/// Time after which a node that does not answer is failed over, in ms. Longer than any server takes
/// to notice that it listens to a node that hangs, so that nobody writes to the next one unheard.
const NODE_TIMEOUT: u32 = 3_000;

/// Nodes on loopback ports that know each other and serve all slots.
#[derive(Debug)]
pub struct RedisCluster {
    redis: Installation,
    account: Account,
    password: String,
    /// The masters first, then one replica each.
    nodes: Vec<Node>,
    masters: usize,
}

#[derive(Debug)]
struct Node {
    /// `None` while it is away.
    kept: Option<Kept>,
    folder: PathBuf,
    port: u16,
    bus: u16,
}

impl RedisCluster {
    /// Starts `masters` nodes that share the slots, and as many replicas if wanted.
    ///
    /// # Errors
    /// As [`crate::Redis::acquire`].
    pub fn start(masters: usize, with_replicas: bool) -> Result<Self, Error> {
        let account = Account { uid: current_uid()?, switch_to_group: None };
        let count = if with_replicas { 2 * masters } else { masters };
        let mut cluster = Self {
            redis: find_redis()?,
            account,
            password: random_password()?,
            nodes: Vec::new(),
            masters,
        };
        for _ in 0..count {
            let folder = Kept::folder("redis", account)?;
            let node = Node { kept: None, folder, port: free_port()?, bus: free_port()? };
            cluster.nodes.push(node);
        }
        (0..count).try_for_each(|index| cluster.start_node(index))?;
        cluster.introduce()?;
        Ok(cluster)
    }

    /// `redis+cluster://:password@127.0.0.1:port,127.0.0.1:port,…`, the first masters as seeds.
    #[must_use]
    pub fn url(&self) -> String {
        let seeds: Vec<String> = self.nodes[..self.masters]
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        format!("redis+cluster://:{}@{}", self.password, seeds.join(","))
    }

    /// Each node by itself, as `redis://:password@127.0.0.1:port/0`.
    #[must_use]
    pub fn node_urls(&self) -> Vec<String> {
        (0..self.nodes.len()).map(|index| self.endpoint(index).redis_url()).collect()
    }

    /// The process of a node, while it runs; the first ones were started as masters.
    #[must_use]
    pub fn node(&self, index: usize) -> Option<&Kept> {
        self.nodes.get(index)?.kept.as_ref()
    }

    /// The port of a node.
    #[must_use]
    pub fn port(&self, index: usize) -> Option<u16> {
        self.nodes.get(index).map(|node| node.port)
    }

    /// Ends a node at once, unless it has ended, and starts it again where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self, index: usize) -> Result<(), Error> {
        if let Some(kept) = self.nodes.get_mut(index).and_then(|node| node.kept.take()) {
            kept.end_keeping();
        }
        self.start_node(index)
    }

    fn endpoint(&self, index: usize) -> Endpoint {
        Endpoint::Tcp { port: self.nodes[index].port, password: self.password.clone() }
    }

    fn start_node(&mut self, index: usize) -> Result<(), Error> {
        let Node { folder, port, bus, .. } = &self.nodes[index];
        let settings = [
            ("bind", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("cluster-port", bus.to_string()),
            ("dir", folder.display().to_string()),
            ("cluster-enabled", "yes".to_owned()),
            ("cluster-node-timeout", NODE_TIMEOUT.to_string()),
            ("requirepass", self.password.clone()),
            ("masterauth", self.password.clone()),
            ("save", String::new()),
            ("appendonly", "no".to_owned()),
            ("maxmemory", "64mb".to_owned()),
            ("maxmemory-policy", "volatile-lru".to_owned()),
            // Replicas follow within a moment instead of five seconds of gathering.
            ("repl-diskless-sync-delay", "0".to_owned()),
        ];
        let arguments: Vec<String> =
            settings.into_iter().flat_map(|(name, value)| [format!("--{name}"), value]).collect();
        let kept = Kept::start(self.account, folder, "KILL", &self.redis.server, &arguments)?;
        self.nodes[index].kept = Some(kept);
        wait_until(&self.redis.server, || self.endpoint(index).redis_answers())
    }

    /// As `redis-cli --cluster create` does: epochs, slots, MEET, and then the replicas.
    fn introduce(&self) -> Result<(), Error> {
        let first = (self.nodes[0].port, self.nodes[0].bus);
        for index in 0..self.nodes.len() {
            self.tell(index, &format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1))?;
            if index < self.masters {
                let share = |part: usize| SLOTS * part as u32 / self.masters as u32;
                let (from, to) = (share(index), share(index + 1) - 1);
                self.tell(index, &format!("CLUSTER ADDSLOTSRANGE {from} {to}"))?;
            }
            if index > 0 {
                let (port, bus) = first;
                self.tell(index, &format!("CLUSTER MEET 127.0.0.1 {port} {bus}"))?;
            }
        }
        let all = format!("cluster_known_nodes:{}\r", self.nodes.len());
        self.wait_for_each(|info| info.contains(&all))?;
        for index in self.masters..self.nodes.len() {
            let id = self.ask(index - self.masters, "CLUSTER MYID")?;
            let id = id.lines().nth(1).unwrap_or_default().to_owned();
            self.tell(index, &format!("CLUSTER REPLICATE {id}"))?;
        }
        self.wait_for_each(|info| info.contains("cluster_state:ok"))?;
        self.wait_for_replicas()
    }

    /// A master whose replica has not copied it yet is not failed over.
    fn wait_for_replicas(&self) -> Result<(), Error> {
        wait_until(&self.redis.server, || {
            (self.masters..self.nodes.len()).all(|index| {
                let told = self.ask(index, "INFO replication").unwrap_or_default();
                told.contains("master_link_status:up")
            })
        })
    }

    /// Waits until the nodes that run serve every slot again, as after a failover.
    ///
    /// # Errors
    /// When they do not within a minute.
    pub fn wait_until_whole(&self) -> Result<(), Error> {
        self.wait_for_each(|info| info.contains("cluster_state:ok"))
    }

    fn wait_for_each(&self, so: impl Fn(&str) -> bool) -> Result<(), Error> {
        wait_until(&self.redis.server, || {
            let running = (0..self.nodes.len()).filter(|index| self.is_running(*index));
            running.into_iter().all(|index| self.ask(index, "CLUSTER INFO").is_ok_and(|it| so(&it)))
        })
    }

    /// A node that was killed refuses connections; one that hangs keeps its port.
    fn is_running(&self, index: usize) -> bool {
        std::net::TcpStream::connect(("127.0.0.1", self.nodes[index].port)).is_ok()
    }

    fn tell(&self, index: usize, command: &str) -> Result<(), Error> {
        let answer = self.ask(index, command)?;
        if answer.starts_with("+OK") {
            return Ok(());
        }
        let refused = std::io::Error::other(format!("{command}: {answer}"));
        Err(Error::io("run", &self.redis.server, refused))
    }

    /// The answer of a node as it stands on the wire.
    ///
    /// # Errors
    /// When it does not answer within two seconds.
    pub fn ask(&self, index: usize, command: &str) -> Result<String, Error> {
        self.endpoint(index)
            .redis_command(command)
            .map_err(|e| Error::io("ask", &self.redis.server, e))
    }
}

impl Drop for RedisCluster {
    fn drop(&mut self) {
        for node in self.nodes.iter().filter(|node| node.kept.is_none()) {
            let _ = std::fs::remove_dir_all(&node.folder);
        }
    }
}
