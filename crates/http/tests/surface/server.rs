//! The accept loop over real sockets.

use std::time::Duration;

use http_surface::server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, Setup};

struct Served {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    done: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn served(rig: &Rig) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let done = tokio::spawn(serve(listener, rig.router.clone(), stop.clone()));
    Served { address, stop, done }
}

#[tokio::test]
async fn requests_are_served_and_a_request_under_way_is_finished_at_the_end() {
    let rig = Rig::new(Setup::default()).await;
    let served = served(&rig).await;
    let url = format!("http://{}/livez", served.address);
    assert_eq!(reqwest::get(&url).await.unwrap().text().await.unwrap(), "ok");

    let mut begun = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /voice/events HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 11\r\n\r\n";
    begun.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0_u8; 25];
    begun.read_exact(&mut interim).await.unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"), "the handler waits for the body");
    served.stop.cancel();
    begun.write_all(b"sessionId=a").await.unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("OK"), "{answer}");
    served.done.await.unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
    assert_eq!(rig.inputs().await.len(), 1);
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let rig = Rig::new(Setup::default()).await;
    let served = served(&rig).await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0_u8; 15];
    idle.read_exact(&mut first).await.unwrap();
    served.stop.cancel();
    served.done.await.unwrap().unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut() {
    let rig = Rig::new(Setup::default()).await;
    let served = served(&rig).await;
    let mut begun = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /voice/events HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n";
    begun.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0_u8; 25];
    begun.read_exact(&mut interim).await.unwrap();
    served.stop.cancel();
    // From here on, time passes only where everybody waits: the drain runs out at once.
    tokio::time::pause();
    served.done.await.unwrap().unwrap();
    let mut rest = Vec::new();
    begun.read_to_end(&mut rest).await.ok();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn headers_that_do_not_come_end_the_connection() {
    let rig = Rig::new(Setup::default()).await;
    let served = served(&rig).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nhost:").await.unwrap();
    // The bytes must have arrived before time is made to run.
    tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await.unwrap_err();
    tokio::time::pause();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.ok();
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "ended without an answer to the half request");
    served.stop.cancel();
}
