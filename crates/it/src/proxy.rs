//! A server behind a door of our own, which can be slammed: connections break in the middle of whatever they carry.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Passes bytes on between loopback and a server.
pub struct Proxy {
    address: SocketAddr,
    /// The token that ends the connections of now, or none while nobody is let in.
    open: Arc<watch::Sender<Option<CancellationToken>>>,
    over: CancellationToken,
    passing: TaskTracker,
}

impl Proxy {
    /// Opens a door to the server at this host and port.
    pub async fn start(server: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(watch::Sender::new(Some(CancellationToken::new())));
        let over = CancellationToken::new();
        let passing = TaskTracker::new();
        let pass = pass(listener, server, Arc::clone(&open), passing.clone());
        tokio::spawn(over.clone().run_until_cancelled_owned(pass));
        Proxy { address, open, over, passing }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all connections, and says how many; new ones are let in.
    pub fn cut(&self) -> usize {
        let connections = self.passing.len();
        if let Some(before) = self.open.send_replace(Some(CancellationToken::new())) {
            before.cancel();
        }
        connections
    }

    /// Breaks all connections and lets nobody in.
    pub fn shut(&self) {
        if let Some(before) = self.open.send_replace(None) {
            before.cancel();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shut();
        self.over.cancel();
    }
}

async fn pass(
    listener: TcpListener,
    server: String,
    open: Arc<watch::Sender<Option<CancellationToken>>>,
    passing: TaskTracker,
) {
    while let Ok((mut client, _)) = listener.accept().await {
        // Closed at once: to the client, a server that went away.
        let Some(end) = open.borrow().clone() else { continue };
        let server = server.clone();
        passing.spawn(end.run_until_cancelled_owned(async move {
            if let Ok(mut server) = TcpStream::connect(&server).await {
                // However it ends, both sides are closed.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            }
        }));
    }
}
