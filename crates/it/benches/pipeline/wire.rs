//! A client that costs little beside the service it measures: HTTP/1.1 over kept connections, one request at a time.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to the service.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request and reads the whole answer, which has to have a content length.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.fill().await?;
        };
        let (status, length) = read_head(&self.buffer[..head]).ok_or_else(|| odd("no status"))?;
        while self.buffer.len() < head + length {
            self.fill().await?;
        }
        Ok(Answer { status, body: &self.buffer[head..head + length] })
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(odd("the connection was closed")),
            _ => Ok(()),
        }
    }
}

/// The status, and how long the body is.
fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    const LENGTH: &[u8] = b"content-length:";
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.trim().parse().ok();
    let status = number(head.get(9..12)?)?;
    let mut lines = head.split(|byte| *byte == b'\n');
    let length = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH.len())?;
        if name.eq_ignore_ascii_case(LENGTH) { number(value) } else { None }
    });
    Some((u16::try_from(status).ok()?, length.unwrap_or(0)))
}

fn odd(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

/// A POST with a body.
pub fn post(path: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A GET.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// The body of a request made here.
pub fn body(request: &[u8]) -> &[u8] {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    &request[head + 4..]
}
