//! One Redis, or a cluster of them: how connections to it are made.

use std::ops::RangeInclusive;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo, Pipeline, RedisFuture, RedisResult, Value,
};

use super::PATIENCE;

/// Commands that may wait to be written before their senders wait instead.
const PIPELINE: usize = 1_024;

/// How the URL of a cluster begins.
const CLUSTER: &str = "redis+cluster://";

/// Where Redis is.
#[derive(Clone)]
pub(super) enum Server {
    One(Client),
    Cluster(Box<Cluster>),
}

/// A cluster, by some of its nodes.
#[derive(Clone)]
pub(super) struct Cluster {
    client: ClusterClient,
    /// For connections to a node that is found later: the password is the same for all.
    seed: ConnectionInfo,
}

impl Server {
    /// From `redis://…`, `redis+unix://…`, or `redis+cluster://[user:password@]host:port,host:port`.
    pub(super) fn parse(url: &str, wait: Duration) -> RedisResult<Self> {
        let Some(rest) = url.strip_prefix(CLUSTER) else {
            return Ok(Self::One(Client::open(url)?));
        };
        let (credentials, hosts) = match rest.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), rest),
        };
        let seeds = hosts.split(',').filter(|host| !host.is_empty());
        let seeds: Vec<ConnectionInfo> = seeds
            .map(|host| format!("redis://{credentials}{}/", host.trim_end_matches('/')))
            .map(IntoConnectionInfo::into_connection_info)
            .collect::<RedisResult<_>>()?;
        let seed = seeds
            .first()
            .cloned()
            .ok_or((ErrorKind::InvalidClientConfig, "a cluster needs at least one node"))?;
        // One retry: to follow a slot that has moved. Whoever asks waits no longer than `wait`.
        let client = ClusterClient::builder(seeds)
            .retries(1)
            .min_retry_wait(1)
            .max_retry_wait(10)
            .connection_timeout(PATIENCE)
            .response_timeout(wait.max(PATIENCE))
            .build()?;
        Ok(Self::Cluster(Box::new(Cluster { client, seed })))
    }

    /// Whether keys that a script takes together need a hash tag.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// A connection for questions.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        match self {
            Self::One(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_response_timeout(None)
                    .set_pipeline_buffer_size(PIPELINE);
                let connecting = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Connection::One(connecting.await?))
            }
            Self::Cluster(cluster) => {
                Ok(Connection::Cluster(cluster.client.get_async_connection().await?))
            }
        }
    }

    /// A connection that listens to `channel`, and where it leads to.
    ///
    /// In a cluster to the master that holds the channel's slot, although every node would pass the
    /// messages on: scripts publish there, and PUBLISH counts the listeners of its own node alone.
    pub(super) async fn listen(
        &self,
        connection: &mut Connection,
        channel: &str,
    ) -> RedisResult<(PubSub, Option<Node>)> {
        let (client, node) = match self {
            Self::One(client) => (client.clone(), None),
            Self::Cluster(cluster) => {
                let (host, port) = holder(connection, channel).await?;
                let address = ConnectionAddr::Tcp(host.clone(), port);
                let client = Client::open(cluster.seed.clone().set_addr(address))?;
                (client, Some((host, port)))
            }
        };
        let mut listening = client.get_async_pubsub().await?;
        listening.subscribe(channel).await?;
        Ok((listening, node))
    }
}

/// Host and port.
pub(super) type Node = (String, u16);

/// The master that holds the slot of this key or channel.
pub(super) async fn holder(connection: &mut Connection, key: &str) -> RedisResult<Node> {
    let slot: i64 = redis::cmd("CLUSTER").arg("KEYSLOT").arg(key).query_async(connection).await?;
    let masters = masters(connection).await?;
    let found = masters.into_iter().find(|(slots, _)| slots.contains(&slot));
    let (_, node) = found.ok_or((ErrorKind::ClusterConnectionNotFound, "nobody holds the slot"))?;
    Ok(node)
}

/// Who holds which slots, as a node tells it.
async fn masters(
    connection: &mut impl ConnectionLike,
) -> RedisResult<Vec<(RangeInclusive<i64>, Node)>> {
    let shares: Vec<Vec<Value>> =
        redis::cmd("CLUSTER").arg("SLOTS").query_async(connection).await?;
    Ok(shares.into_iter().filter_map(share).collect())
}

/// From first and last slot, the master, its replicas.
fn share(share: Vec<Value>) -> Option<(RangeInclusive<i64>, Node)> {
    let mut parts = share.into_iter();
    let first = redis::from_redis_value(parts.next()?).ok()?;
    let last = redis::from_redis_value(parts.next()?).ok()?;
    let mut master = redis::from_redis_value::<Vec<Value>>(parts.next()?).ok()?.into_iter();
    let host = redis::from_redis_value(master.next()?).ok()?;
    let port = redis::from_redis_value(master.next()?).ok()?;
    Some((first..=last, (host, port)))
}

/// A connection for questions; cheap to clone.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Whether it answers. Of a cluster every master must: one that is away takes the whole with it,
    /// as Redis itself has it by default (`cluster-require-full-coverage`), so that no limit is kept
    /// in two places. Asked by address, as the client would ask those that are left.
    pub(super) async fn ping(&mut self) -> RedisResult<()> {
        let ping = redis::cmd("PING");
        let Self::Cluster(cluster) = self else {
            return ping.query_async::<Value>(self).await.map(drop);
        };
        let masters = masters(cluster).await?;
        let pings = masters.into_iter().map(|(_, (host, port))| {
            let route = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host, port });
            let (mut cluster, ping) = (cluster.clone(), ping.clone());
            async move { cluster.route_command(ping, route).await }
        });
        futures_util::future::try_join_all(pings).await.map(drop)
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
