//! Which addresses may be fetched. Recording addresses come in webhooks, so anybody who can send one could make us ask
//! any server, and ours stands inside the operator's network.
//!
//! Names are judged by the addresses they lead to, at the moment of connecting and by the resolver that connects: a
//! check made before could be outrun by a name that changes. Addresses written as numbers never reach a resolver, so
//! they are judged in the URL, after its parser has turned every spelling (`0x7f.1`, `2130706433`) into one.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// IPv4 that is not on the public Internet (the IANA special-purpose registry), and one public address at which a cloud
/// tells its own machines their secrets.
static FORBIDDEN_V4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| {
    nets(&[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ])
});

/// The only IPv6 that is given out to the public.
static GLOBAL_V6: LazyLock<Ipv6Net> = LazyLock::new(|| net("2000::/3"));

/// What of it is something else: protocol assignments with Teredo, examples, 6to4. Teredo and 6to4 hold IPv4 addresses,
/// private ones too.
static FORBIDDEN_V6: LazyLock<Vec<Ipv6Net>> =
    LazyLock::new(|| nets(&["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]));

fn net<N: FromStr>(text: &str) -> N {
    text.parse().ok().expect("a network written in this file")
}

fn nets<N: FromStr>(texts: &[&str]) -> Vec<N> {
    texts.iter().map(|text| net(text)).collect()
}

/// Whether an address is on the public Internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !FORBIDDEN_V4.iter().any(|net| net.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.to_ipv4_mapped() {
        Some(inner) => is_public_v4(inner),
        None => GLOBAL_V6.contains(&address) && !FORBIDDEN_V6.iter().any(|net| net.contains(&address)),
    }
}

/// Hosts inside the network that may be fetched from all the same, each with its port. Empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(BTreeSet<(String, u16)>);

/// A text is no list of `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not host:port: {0}")]
pub struct AllowListError(String);

impl FromStr for AllowList {
    type Err = AllowListError;

    /// Reads `host:port,host:port`; a host is a name, an IPv4 address or `[IPv6]`. The port is never left out.
    fn from_str(text: &str) -> Result<AllowList, AllowListError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(entry).collect::<Result<_, _>>().map(AllowList)
    }
}

/// Read by the parser that reads the addresses to be fetched, so that both spell a host alike.
fn entry(entry: &str) -> Result<(String, u16), AllowListError> {
    let wrong = || AllowListError(entry.to_owned());
    let (host, port) = entry.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    if host.is_empty() || host.contains(['/', '@', '?', '#', '\\']) || port == 0 {
        return Err(wrong());
    }
    let url = Url::parse(&format!("http://{host}/")).map_err(|_| wrong())?;
    match (url.host_str(), url.port()) {
        (Some(host), None) => Ok((host.to_owned(), port)),
        _ => Err(wrong()),
    }
}

/// How an address may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Only over a client whose resolver is a [`PublicResolver`].
    Public,
    /// By any client: this host and port are on the list.
    Listed,
}

/// An address may not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address may not be fetched")]
pub(crate) struct Forbidden;

impl AllowList {
    /// Judges an address before it is connected to.
    pub(crate) fn judge(&self, url: &Url) -> Result<Passage, Forbidden> {
        // Credentials in an address would be sent along; no provider hands them out that way.
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some()
        {
            return Err(Forbidden);
        }
        let host = url.host_str().ok_or(Forbidden)?;
        let port = url.port_or_known_default().ok_or(Forbidden)?;
        if self.0.contains(&(host.to_owned(), port)) {
            return Ok(Passage::Listed);
        }
        let is_good = match url.host() {
            Some(Host::Ipv4(address)) => is_public_v4(address),
            Some(Host::Ipv6(address)) => is_public_v6(address),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        if is_good { Ok(Passage::Public) } else { Err(Forbidden) }
    }
}

/// Resolves names to public addresses only; a name that has none is [`Forbidden`].
pub(crate) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is a stand-in: the connector puts the URL's in its place.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            only_public(found)
        })
    }
}

/// What the connector may choose from: it connects to one of these and asks nobody again, so a name that changes its
/// address between two answers gains nothing.
fn only_public(
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    let public = public(found);
    if public.is_empty() { Err(Forbidden.into()) } else { Ok(Box::new(public.into_iter())) }
}

fn public(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    found.filter(|address| is_public(address.ip())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn judge(list: &str, url: &str) -> Option<Passage> {
        list.parse::<AllowList>().unwrap().judge(&Url::parse(url).unwrap()).ok()
    }

    #[test]
    fn only_public_addresses_pass() {
        for (url, expected) in [
            ("http://8.8.8.8/a.wav", true),
            ("https://8.8.8.8:8443/a.wav", true),
            ("http://[2606:4700::1111]/a.wav", true),
            ("http://[::ffff:8.8.8.8]/a.wav", true),
            ("http://recordings.example/a.wav", true),
            ("http://127.0.0.1/", false),
            ("http://127.1/", false),
            ("http://2130706433/", false),
            ("http://0x7f.1/", false),
            ("http://0x7f000001/", false),
            ("http://0177.0.0.1/", false),
            ("http://127.0.0.1./", false),
            ("http://%31%32%37.0.0.1/", false),
            ("http://127.255.255.254/", false),
            ("http://0.0.0.0/", false),
            ("http://0/", false),
            ("http://10.1.2.3/", false),
            ("http://172.16.0.1/", false),
            ("http://172.31.255.255/", false),
            ("http://192.168.1.1/", false),
            ("http://100.64.0.1/", false),
            ("http://100.127.255.255/", false),
            ("http://169.254.169.254/latest/meta-data/", false),
            ("http://168.63.129.16/", false),
            ("http://224.0.0.1/", false),
            ("http://255.255.255.255/", false),
            ("http://[::]/", false),
            ("http://[::1]/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://[::ffff:a00:1]/", false),
            ("http://[::127.0.0.1]/", false),
            ("http://[64:ff9b::7f00:1]/", false),
            ("http://[2002:7f00:1::]/", false),
            ("http://[2001:0:7f00:1::]/", false),
            ("http://[2001:db8::1]/", false),
            ("http://[fc00::1]/", false),
            ("http://[fd00:ec2::254]/", false),
            ("http://[fe80::1]/", false),
            ("http://[fec0::1]/", false),
            ("http://[ff02::1]/", false),
            ("ftp://8.8.8.8/a.wav", false),
            ("file:///etc/passwd", false),
            ("gopher://8.8.8.8/", false),
            ("data:audio/wav,RIFF", false),
            ("http://name@8.8.8.8/", false),
            ("http://:word@8.8.8.8/", false),
        ] {
            assert_eq!(judge("", url), expected.then_some(Passage::Public), "{url}");
        }
    }

    #[test]
    fn the_list_lets_exactly_host_and_port_through() {
        let list = "127.0.0.1:9000, Carrier.Local:80,[::1]:9000";
        for (url, expected) in [
            ("http://127.0.0.1:9000/a", Some(Passage::Listed)),
            ("http://0x7f.1:9000/a", Some(Passage::Listed)),
            ("https://127.0.0.1:9000/a", Some(Passage::Listed)),
            ("http://127.0.0.1:9001/a", None),
            ("http://127.0.0.1/a", None),
            ("http://127.0.0.2:9000/a", None),
            ("http://carrier.local/a", Some(Passage::Listed)),
            ("https://carrier.local/a", Some(Passage::Public)),
            ("http://sub.carrier.local/a", Some(Passage::Public)),
            ("http://[::1]:9000/a", Some(Passage::Listed)),
            ("http://[::ffff:127.0.0.1]:9000/a", None),
            ("ftp://127.0.0.1:9000/a", None),
            ("http://a@127.0.0.1:9000/a", None),
        ] {
            assert_eq!(judge(list, url), expected, "{url}");
        }
        assert_eq!("".parse(), Ok(AllowList::default()));
        for wrong in [
            "127.0.0.1",
            "host",
            ":80",
            "host:0",
            "host:65536",
            "http://host:80",
            "host:80/a",
            "a@host:80",
            "::1:80",
        ] {
            assert!(wrong.parse::<AllowList>().is_err(), "{wrong}");
        }
    }

    /// Answers with the next address of a list each time, as a name server does that wants us inside.
    struct Rebinding(std::sync::Mutex<Vec<&'static str>>);

    impl Resolve for Rebinding {
        fn resolve(&self, _: Name) -> Resolving {
            let next = self.0.lock().unwrap().pop().unwrap();
            Box::pin(async move { only_public(std::iter::once(next.parse().unwrap())) })
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_refused_when_it_points_inside() {
        rustls::crypto::ring::default_provider().install_default().ok();
        // Taken from the end: judged by name it passes every time, and each connection asks anew.
        let answers = vec!["[::ffff:127.0.0.1]:0", "127.0.0.1:0", "169.254.169.254:0"];
        let resolver = std::sync::Arc::new(Rebinding(std::sync::Mutex::new(answers)));
        let client = reqwest::Client::builder().no_proxy().dns_resolver(resolver).build().unwrap();
        for _ in 0..3 {
            assert_eq!(judge("", "http://rebinding.example:9/a.wav"), Some(Passage::Public));
            let error = client.get("http://rebinding.example:9/a.wav").send().await.unwrap_err();
            let mut causes = std::iter::successors(std::error::Error::source(&error), |e| e.source());
            assert!(causes.any(|cause| cause.is::<Forbidden>()), "{error:?}");
        }
    }

    #[test]
    fn of_several_addresses_the_public_ones_are_left() {
        let found = ["127.0.0.1:0", "8.8.8.8:0", "[fd00::1]:0", "[::ffff:10.0.0.1]:0"];
        let left = public(found.iter().map(|address| address.parse().unwrap()));
        assert_eq!(left, ["8.8.8.8:0".parse().unwrap()]);
    }
}
