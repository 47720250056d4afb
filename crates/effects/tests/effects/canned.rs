//! A server that gives every caller the same bytes, whatever is asked, and counts who came.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Canned {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Canned {
    /// Answers `bytes` and closes the connection.
    pub async fn start(bytes: impl Into<Vec<u8>>) -> Canned {
        Canned::at("127.0.0.1:0", bytes).await
    }

    pub async fn at(address: &str, bytes: impl Into<Vec<u8>>) -> Canned {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, bytes) = (listener.local_addr().unwrap(), Arc::new(bytes.into()));
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&connections);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                seen.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, Arc::clone(&bytes)));
            }
        });
        Canned { address, connections, serving }
    }

    /// Status, type and body, as HTTP.
    pub async fn answering(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Canned {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        Canned::start([head.as_bytes(), body].concat()).await
    }

    pub async fn redirecting(to: &str) -> Canned {
        let head =
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        Canned::start(head).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, bytes: Arc<Vec<u8>>) {
    let mut asked = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&asked) {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(n) => asked.extend_from_slice(&piece[..n]),
        }
    }
    stream.write_all(&bytes).await.ok();
    stream.shutdown().await.ok();
    // Closing with something unread would reset the connection under the answer.
    tokio::time::timeout(Duration::from_secs(5), stream.read(&mut piece)).await.ok();
}

fn is_whole(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
