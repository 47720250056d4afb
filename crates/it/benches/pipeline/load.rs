//! Load: as fast as answers come, or at a rate that does not wait for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::wire::Connection;

/// Writes the n-th request.
pub type Requests = Arc<dyn Fn(usize, &mut Vec<u8>) + Send + Sync>;

/// What a load led to.
#[derive(Default)]
pub struct Told {
    /// The numbers of the requests that were answered with success.
    pub taken: Vec<usize>,
    /// Answered otherwise, by status; 0: no answer.
    pub others: Vec<u16>,
    /// Microseconds from when a request was due (or sent) to its answer.
    pub micros: Vec<u32>,
    /// How long it took.
    pub seconds: f64,
}

impl Told {
    pub fn per_second(&self) -> f64 {
        self.taken.len() as f64 / self.seconds
    }

    /// The value below which this share of the answers lies, milliseconds.
    pub fn quantile_ms(&mut self, share: f64) -> f64 {
        self.micros.sort_unstable();
        let last = self.micros.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.micros.get(at).map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
    }

    pub fn add(&mut self, other: Told) {
        self.taken.extend(other.taken);
        self.others.extend(other.others);
        self.micros.extend(other.micros);
    }

    fn note(&mut self, n: usize, status: u16, since: Instant) {
        if (200..300).contains(&status) {
            self.taken.push(n);
            self.micros.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            self.others.push(status);
        }
    }
}

/// One connection with what was heard on it.
struct Lane {
    address: SocketAddr,
    connection: Connection,
    request: Vec<u8>,
    told: Told,
}

impl Lane {
    async fn open(address: SocketAddr) -> Lane {
        let connection = Connection::open(address).await.unwrap();
        Lane { address, connection, request: Vec::new(), told: Told::default() }
    }

    async fn send(&mut self, n: usize, requests: &Requests, since: Instant) {
        requests(n, &mut self.request);
        let status = self.connection.exchange(&self.request).await.map(|answer| answer.status);
        self.told.note(n, status.as_ref().copied().unwrap_or(0), since);
        if status.is_err() {
            self.connection = Connection::open(self.address).await.unwrap();
        }
    }
}

/// So many connections, each sending its next request when the last was answered.
pub async fn closed(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    first: &AtomicUsize,
    requests: &Requests,
) -> Told {
    let next = Arc::new(AtomicUsize::new(first.load(Ordering::Relaxed)));
    let start = Instant::now();
    let work = (0..connections).map(|_| {
        let (next, requests) = (next.clone(), requests.clone());
        tokio::spawn(async move {
            let mut lane = Lane::open(address).await;
            loop {
                let now = Instant::now();
                if now - start >= duration {
                    return lane.told;
                }
                lane.send(next.fetch_add(1, Ordering::Relaxed), &requests, now).await;
            }
        })
    });
    let told = gather(work.collect(), start).await;
    first.store(next.load(Ordering::Relaxed), Ordering::Relaxed);
    told
}

/// Requests due at a steady rate. What comes late because the service is slow counts from when it was due; what comes
/// late because the timer has whole milliseconds does not.
pub async fn open(
    address: SocketAddr,
    connections: usize,
    per_second: f64,
    duration: Duration,
    first: &AtomicUsize,
    requests: &Requests,
) -> Told {
    let count = (duration.as_secs_f64() * per_second) as usize;
    let begin = first.fetch_add(count, Ordering::Relaxed);
    let start = Instant::now();
    let work = (0..connections).map(|number| {
        let requests = requests.clone();
        tokio::spawn(async move {
            let mut lane = Lane::open(address).await;
            for n in (number..count).step_by(connections) {
                let mut since = start + Duration::from_secs_f64(n as f64 / per_second);
                if Instant::now() < since {
                    tokio::time::sleep_until(since.into()).await;
                    since = Instant::now();
                }
                lane.send(begin + n, &requests, since).await;
            }
            lane.told
        })
    });
    gather(work.collect(), start).await
}

async fn gather(work: Vec<tokio::task::JoinHandle<Told>>, start: Instant) -> Told {
    let mut all = Told::default();
    for one in work {
        all.add(one.await.unwrap());
    }
    all.seconds = start.elapsed().as_secs_f64();
    all
}
