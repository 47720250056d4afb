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
    /// Answered with success.
    pub taken: usize,
    /// Answered otherwise, by status; 0: no answer.
    pub others: Vec<u16>,
    /// Microseconds from when a request was due (or sent) to its answer.
    pub micros: Vec<u32>,
    /// How long it took.
    pub seconds: f64,
}

impl Told {
    pub fn per_second(&self) -> f64 {
        self.taken as f64 / self.seconds
    }

    /// The value below which this share of the answers lies, milliseconds.
    pub fn quantile_ms(&mut self, share: f64) -> f64 {
        self.micros.sort_unstable();
        let last = self.micros.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.micros.get(at).map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
    }

    fn add(&mut self, other: Told) {
        self.taken += other.taken;
        self.others.extend(other.others);
        self.micros.extend(other.micros);
    }

    fn note(&mut self, status: u16, since: Instant) {
        if (200..300).contains(&status) {
            self.taken += 1;
            self.micros.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            self.others.push(status);
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
            let mut told = Told::default();
            let mut connection = Connection::open(address).await.unwrap();
            let mut request = Vec::new();
            while start.elapsed() < duration {
                requests(next.fetch_add(1, Ordering::Relaxed), &mut request);
                let sent = Instant::now();
                match connection.exchange(&request).await {
                    Ok(answer) => told.note(answer.status, sent),
                    Err(_) => {
                        told.note(0, sent);
                        connection = Connection::open(address).await.unwrap();
                    }
                }
            }
            told
        })
    });
    let told = gather(work.collect(), start).await;
    first.store(next.load(Ordering::Relaxed), Ordering::Relaxed);
    told
}

/// Requests due at a steady rate. What comes late because the service is slow counts from when it was due.
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
    let work = (0..connections).map(|lane| {
        let requests = requests.clone();
        tokio::spawn(async move {
            let mut told = Told::default();
            let mut connection = Connection::open(address).await.unwrap();
            let mut request = Vec::new();
            for n in (lane..count).step_by(connections) {
                let due = start + Duration::from_secs_f64(n as f64 / per_second);
                tokio::time::sleep_until(due.into()).await;
                requests(begin + n, &mut request);
                match connection.exchange(&request).await {
                    Ok(answer) => told.note(answer.status, due),
                    Err(_) => {
                        told.note(0, due);
                        connection = Connection::open(address).await.unwrap();
                    }
                }
            }
            told
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
