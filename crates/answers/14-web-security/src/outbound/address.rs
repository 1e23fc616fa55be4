//! Which addresses are nobody's business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// Why an address is not a place on the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressClass {
    /// This machine.
    Loopback,
    /// A network of one's own (RFC 1918, RFC 4193, and the site-local ones before it).
    Private,
    /// This wire (RFC 3927, RFC 4291).
    LinkLocal,
    /// Where clouds hand out credentials to the machines that run in them.
    Metadata,
    /// Behind the provider's address translation (RFC 6598).
    Shared,
    /// No address at all; on many systems it reaches this machine.
    Unspecified,
    /// Many machines at once.
    Multicast,
    /// An IPv4 address inside a tunnel's IPv6 address (6to4, Teredo): where it ends is not known.
    Tunnel,
    /// Kept back for documentation, benchmarks, protocols or the future.
    Reserved,
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Shared => "shared",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Tunnel => "tunnel",
            Self::Reserved => "reserved",
        })
    }
}

/// The special-purpose registries of IANA (RFC 6890); the first network that fits decides.
const SPECIAL: [(&str, AddressClass); 29] = [
    ("169.254.169.254/32", AddressClass::Metadata),
    ("100.100.100.200/32", AddressClass::Metadata),
    ("192.0.0.192/32", AddressClass::Metadata),
    // Azure's is the one with a public address.
    ("168.63.129.16/32", AddressClass::Metadata),
    ("fd00:ec2::254/128", AddressClass::Metadata),
    ("0.0.0.0/8", AddressClass::Unspecified),
    ("10.0.0.0/8", AddressClass::Private),
    ("100.64.0.0/10", AddressClass::Shared),
    ("127.0.0.0/8", AddressClass::Loopback),
    ("169.254.0.0/16", AddressClass::LinkLocal),
    ("172.16.0.0/12", AddressClass::Private),
    ("192.0.0.0/24", AddressClass::Reserved),
    ("192.0.2.0/24", AddressClass::Reserved),
    ("192.88.99.0/24", AddressClass::Tunnel),
    ("192.168.0.0/16", AddressClass::Private),
    ("198.18.0.0/15", AddressClass::Reserved),
    ("198.51.100.0/24", AddressClass::Reserved),
    ("203.0.113.0/24", AddressClass::Reserved),
    ("224.0.0.0/4", AddressClass::Multicast),
    ("240.0.0.0/4", AddressClass::Reserved),
    ("::/128", AddressClass::Unspecified),
    ("::1/128", AddressClass::Loopback),
    ("2001::/32", AddressClass::Tunnel),
    ("2001::/23", AddressClass::Reserved),
    ("2001:db8::/32", AddressClass::Reserved),
    ("2002::/16", AddressClass::Tunnel),
    ("3fff::/20", AddressClass::Reserved),
    ("fc00::/7", AddressClass::Private),
    ("fe80::/10", AddressClass::LinkLocal),
];

static NETWORKS: LazyLock<Vec<(IpNet, AddressClass)>> = LazyLock::new(|| {
    SPECIAL.iter().filter_map(|(net, class)| Some((net.parse().ok()?, *class))).collect()
});

/// What keeps an address from being public; `None` for one that is.
#[must_use]
pub fn class_of(address: IpAddr) -> Option<AddressClass> {
    let address = unwrapped(address);
    let special = NETWORKS.iter().find(|(net, _)| net.contains(&address));
    special.map(|(_, class)| *class).or_else(|| match address {
        IpAddr::V6(v6) if v6.is_multicast() => Some(AddressClass::Multicast),
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfec0 => Some(AddressClass::Private),
        // 2000::/3 is all that has been given out; the rest is for the future, or is IPv4 in disguise.
        IpAddr::V6(v6) if v6.segments()[0] & 0xe000 != 0x2000 => Some(AddressClass::Reserved),
        _ => None,
    })
}

/// The IPv4 address that a packet to this IPv6 address ends up at: mapped (RFC 4291), or behind the
/// well-known prefix of a translator (RFC 6052), which is how IPv6-only networks reach IPv4.
fn unwrapped(address: IpAddr) -> IpAddr {
    let canonical = address.to_canonical();
    match canonical {
        IpAddr::V6(v6) => embedded(v6).map_or(canonical, IpAddr::V4),
        IpAddr::V4(_) => canonical,
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let [[one, two], [three, four]] = [high.to_be_bytes(), low.to_be_bytes()];
    ([a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0]).then(|| Ipv4Addr::new(one, two, three, four))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_network_is_written_right() {
        assert_eq!(NETWORKS.len(), SPECIAL.len());
    }

    #[test]
    fn an_address_is_public_or_says_why_not() {
        let cases = [
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("64:ff9b::7f00:1", "loopback"),
            ("10.0.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("::ffff:192.168.1.1", "private"),
            ("fd12:3456::1", "private"),
            ("fec0::1", "private"),
            ("169.254.1.1", "link-local"),
            ("fe80::1", "link-local"),
            ("169.254.169.254", "metadata"),
            ("::ffff:169.254.169.254", "metadata"),
            ("64:ff9b::a9fe:a9fe", "metadata"),
            ("fd00:ec2::254", "metadata"),
            ("168.63.129.16", "metadata"),
            ("100.64.0.1", "shared"),
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "unspecified"),
            ("::", "unspecified"),
            ("224.0.0.1", "multicast"),
            ("ff02::1", "multicast"),
            ("2002:7f00:1::1", "tunnel"),
            ("2001:0:4136:e378::1", "tunnel"),
            ("255.255.255.255", "reserved"),
            ("198.18.0.1", "reserved"),
            ("2001:db8::1", "reserved"),
            ("::7f00:1", "reserved"),
            ("64:ff9b:1::7f00:1", "reserved"),
        ];
        for (address, class) in cases {
            let found = class_of(address.parse().unwrap()).map(|class| class.to_string());
            assert_eq!(found.as_deref(), Some(class), "{address}");
        }
        for address in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]
        {
            assert_eq!(class_of(address.parse().unwrap()), None, "{address}");
        }
        assert_eq!(class_of("64:ff9b::101:101".parse().unwrap()), None, "through a translator");
    }
}
