//! Being told to stop.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::account;
use crate::load::Load;
use crate::site::{Mode, Site};

/// Stops per way of running it.
const STOPS: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_nothing_embedded() {
    stops_in_order(Mode::Embedded, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_nothing_on_nats_and_postgres() {
    stops_in_order(Mode::OneProcess, 12).await;
}

async fn stops_in_order(mode: Mode, seed: u64) {
    let mut site = Site::new(mode).await;
    site.up().await;
    let load = Load::start(seed, &site.address());
    for _ in 0..STOPS {
        site.up().await;
        site.ready().await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        // Fails the test unless every process ends well.
        site.stop().await;
    }
    site.up().await;
    site.ready().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let book = load.finish().await;
    println!("{mode:?}: {}", book.summary());
    site.carrier.idle().await;
    let settled = site.settle().await;
    site.stop().await;
    account::check(site, book, settled).await;
}

/// The first signal lets a request under way finish; the second does not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let mut site = Site::new(Mode::Embedded).await;
    site.up().await;
    site.ready().await;
    let address = site.address().borrow().expect("the door is open");
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/contracts/create HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\nexpect: 100-continue\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    // The service asks for the body: the request is under way.
    let mut asked = [0_u8; 12];
    slow.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    let mut service = site.take_front();
    service.terminate();
    // Stopping has begun when the door is closed; it waits for the request, which never goes on.
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    service.terminate();
    let status = service.end().await;
    assert_eq!(status.code(), Some(130), "{status}, signal {:?}", status.signal());
    drop(slow);
    site.end().await;
}
