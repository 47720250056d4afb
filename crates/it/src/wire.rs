//! HTTP/1.1 as bytes: sends what it is given, also what no client library would send, and reads one answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than any answer may take; the service gives up on a slow body after 15 s.
const ANSWER_SECONDS_MAX: u64 = 40;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header that stands once; empty where it stands not at all.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        let value = found.next().map_or("", |(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

/// A request in pieces, put together without a look at what it means.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Request {
        Request { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    #[must_use]
    pub fn body(mut self, media: &str, body: impl AsRef<[u8]>) -> Request {
        if !media.is_empty() {
            self = self.header("Content-Type", media);
        }
        self.body = body.as_ref().to_vec();
        self
    }

    /// With a host, and a length where there is a body and no other word on where it ends.
    pub fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let has = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        if !has("host") {
            bytes.extend(format!("Host: {address}\r\n").bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend(name.bytes().chain(": ".bytes()).chain(value.iter().copied()).chain("\r\n".bytes()));
        }
        let framed = has("content-length") || has("transfer-encoding");
        let bodiless = self.body.is_empty() && matches!(self.method.as_str(), "GET" | "HEAD");
        if !framed && !bodiless {
            bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// Sends bytes over a connection of their own and reads the answer; none where the other side says nothing and closes.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    talk(address, Ipv4Addr::LOCALHOST, bytes, false).await
}

/// The same, saying that nothing follows as soon as everything is sent.
pub async fn exchange_and_close(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    talk(address, Ipv4Addr::LOCALHOST, bytes, true).await
}

/// Sends a request from an address of this machine's loopback network, and reads the answer.
pub async fn send_from(address: SocketAddr, from: Ipv4Addr, request: &Request) -> Option<Answer> {
    talk(address, from, &request.bytes(address), false).await
}

/// Sends a request and reads the answer, which must come.
#[track_caller]
pub fn send(address: SocketAddr, request: &Request) -> impl Future<Output = Answer> + use<> {
    let place = std::panic::Location::caller();
    let (bytes, line) = (request.bytes(address), format!("{} {:.80}", request.method, request.target));
    async move { exchange(address, &bytes).await.unwrap_or_else(|| panic!("{place}: no answer to {line}")) }
}

async fn talk(address: SocketAddr, from: Ipv4Addr, bytes: &[u8], close: bool) -> Option<Answer> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(address).await.expect("the service takes connections");
    let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
    let answer = tokio::time::timeout(limit, converse(&mut stream, bytes, close)).await;
    answer.unwrap_or_else(|_| panic!("no answer within {ANSWER_SECONDS_MAX} s"))
}

/// Reads while it writes: the other side may answer, and close, before it has read everything.
async fn converse(stream: &mut TcpStream, bytes: &[u8], close: bool) -> Option<Answer> {
    let is_head = bytes.starts_with(b"HEAD ");
    let (mut read, mut write) = stream.split();
    let sending = async {
        let _ = write.write_all(bytes).await;
        if close {
            let _ = write.shutdown().await;
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        let mut got = Vec::new();
        loop {
            if let Some(answer) = answer(&got, is_head, false) {
                return Some(answer);
            }
            match read.read_buf(&mut got).await {
                Ok(0) | Err(_) => return answer(&got, is_head, true),
                Ok(_) => {}
            }
        }
    };
    tokio::select! {
        () = sending => None,
        answer = reading => answer,
    }
}

/// The answer that the bytes begin with; none while more must come.
fn answer(got: &[u8], is_head: bool, ended: bool) -> Option<Answer> {
    let head_end = got.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&got[..head_end]).expect("the head of an answer is text");
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &got[head_end + 4..];
    let value = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let body = if is_head || status == 304 || status == 204 {
        Vec::new()
    } else if value("transfer-encoding").is_some() {
        dechunked(rest)?
    } else if let Some(length) = value("content-length") {
        rest.get(..length.parse().expect("a length is a number"))?.to_vec()
    } else if ended {
        rest.to_vec()
    } else {
        return None;
    };
    Some(Answer { status, headers, body })
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return rest.starts_with(b"\r\n").then_some(body);
        }
        body.extend(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
