//! One download: from an address somebody sent us to a file, or to the reason why not.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use contract::report::FailureReason;
use reqwest::header::{ACCEPT_ENCODING, LOCATION};
use reqwest::{Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use super::audio::{Audio, AudioError, Stored};
use super::blob::{BlobError, Blobs};
use super::guard::{AllowList, Forbidden, Passage, PublicResolver};
use crate::client::ClientError;

/// Most redirects followed.
pub const REDIRECTS_MAX: usize = 3;
/// Until there is a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long and how large a download may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// From the first connection to the last byte, redirects included.
    pub total: Duration,
    /// Between two pieces of an answer, and until its headers.
    pub idle: Duration,
    /// Size in bytes.
    pub bytes_max: u64,
}

impl Default for FetchLimits {
    /// 120 s, 20 s, 200 MiB: three hours of telephone speech as WAV.
    fn default() -> FetchLimits {
        FetchLimits {
            total: Duration::from_secs(120),
            idle: Duration::from_secs(20),
            bytes_max: 200 * 1024 * 1024,
        }
    }
}

/// Why nothing was fetched. No text holds an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// Not an address, or one we do not ask.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// More redirects than [`REDIRECTS_MAX`], or one to nowhere.
    #[error("redirected too often or to nowhere")]
    Redirects,
    /// No connection, or it broke.
    #[error("no connection, or it broke")]
    Unreachable,
    /// A limit of time.
    #[error("too slow")]
    TooSlow,
    /// There is nothing, yet or any more.
    #[error("the server has nothing there: {status}")]
    NotFound {
        /// 404, 410, or 200 with an empty body.
        status: u16,
    },
    /// Any other answer.
    #[error("the server answered {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Larger than allowed.
    #[error("larger than allowed")]
    TooLarge,
    /// Not audio that we know.
    #[error("not audio")]
    WrongType,
    /// Could not be stored.
    #[error(transparent)]
    Storage(#[from] BlobError),
}

impl From<AudioError> for FetchError {
    fn from(error: AudioError) -> FetchError {
        match error {
            AudioError::TooLarge => FetchError::TooLarge,
            AudioError::WrongType => FetchError::WrongType,
            AudioError::Empty => FetchError::NotFound { status: 200 },
            AudioError::Storage(error) => FetchError::Storage(error),
        }
    }
}

impl FetchError {
    /// The word for the ledger.
    pub(crate) fn reason(&self) -> FailureReason {
        match self {
            FetchError::Forbidden(_) => FailureReason::ForbiddenAddress,
            FetchError::Redirects => FailureReason::Other,
            FetchError::Unreachable => FailureReason::Unreachable,
            FetchError::TooSlow => FailureReason::TooSlow,
            FetchError::NotFound { .. } => FailureReason::NotFound,
            FetchError::Status { status: 401 | 403 } => FailureReason::Unauthorized,
            FetchError::Status { .. } => FailureReason::ProviderError,
            FetchError::TooLarge => FailureReason::TooLarge,
            FetchError::WrongType => FailureReason::WrongType,
            FetchError::Storage(_) => FailureReason::StorageError,
        }
    }

    /// Whether to try again. Recordings come late, and until then servers answer 404, 403 or a page that says so, with
    /// a good status too. Only what cannot become better is final.
    pub(crate) fn again(&self) -> bool {
        match self {
            FetchError::Forbidden(_)
            | FetchError::Redirects
            | FetchError::TooLarge
            | FetchError::NotFound { status: 410 } => false,
            FetchError::Unreachable
            | FetchError::TooSlow
            | FetchError::NotFound { .. }
            | FetchError::Status { .. }
            | FetchError::WrongType
            | FetchError::Storage(_) => true,
        }
    }
}

/// Downloads into the store of files.
pub(crate) struct Downloader {
    /// Connects to public addresses only.
    guarded: reqwest::Client,
    /// Connects to any address; only for hosts on the list.
    listed: reqwest::Client,
    allow: AllowList,
    limits: FetchLimits,
    blobs: Blobs,
}

impl Downloader {
    pub(crate) fn new(
        blobs: Blobs,
        allow: AllowList,
        limits: FetchLimits,
    ) -> Result<Downloader, ClientError> {
        let client = || {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                // Recordings lie far apart, in time and in place.
                .pool_max_idle_per_host(0)
        };
        let guarded = client().dns_resolver(PublicResolver).build()?;
        Ok(Downloader { guarded, listed: client().build()?, allow, limits, blobs })
    }

    /// Fetches and stores what is at `url`, within the limits. When this returns `Ok`, the bytes are on disk.
    pub(crate) async fn download(&self, url: &str) -> Result<Stored, FetchError> {
        // On time-out the future is dropped, and with it the unfinished file.
        timeout(self.limits.total, self.follow(url)).await.unwrap_or(Err(FetchError::TooSlow))
    }

    /// Redirects are followed by hand, because each address has to be judged anew.
    async fn follow(&self, url: &str) -> Result<Stored, FetchError> {
        let mut url = Url::parse(url).map_err(|_| Forbidden)?;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.ask(&url).await?;
            match response.status() {
                StatusCode::OK => return self.store(response).await,
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    url = next(&url, &response).ok_or(FetchError::Redirects)?;
                }
                status @ (StatusCode::NOT_FOUND | StatusCode::GONE) => {
                    return Err(FetchError::NotFound { status: status.as_u16() });
                }
                status => return Err(FetchError::Status { status: status.as_u16() }),
            }
        }
        Err(FetchError::Redirects)
    }

    async fn ask(&self, url: &Url) -> Result<Response, FetchError> {
        let client = match self.allow.judge(url)? {
            Passage::Public => &self.guarded,
            Passage::Listed => &self.listed,
        };
        // The hash is of the audio as such, so it must come as it is.
        let asking = client.get(url.clone()).header(ACCEPT_ENCODING, "identity").send();
        match timeout(self.limits.idle, asking).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if is_forbidden(&error) => Err(Forbidden.into()),
            Ok(Err(_)) => Err(FetchError::Unreachable),
            Err(_) => Err(FetchError::TooSlow),
        }
    }

    async fn store(&self, mut response: Response) -> Result<Stored, FetchError> {
        if response.content_length().is_some_and(|bytes| bytes > self.limits.bytes_max) {
            return Err(FetchError::TooLarge);
        }
        let mut audio = Audio::begin(&self.blobs, self.limits.bytes_max).await?;
        while let Some(piece) = self.piece(&mut response).await? {
            audio.take(&piece).await?;
        }
        Ok(audio.finish().await?)
    }

    async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>, FetchError> {
        match timeout(self.limits.idle, response.chunk()).await {
            Ok(piece) => piece.map_err(|_| FetchError::Unreachable),
            Err(_) => Err(FetchError::TooSlow),
        }
    }
}

/// Where a redirect leads.
fn next(url: &Url, response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?;
    url.join(location.to_str().ok()?).ok()
}

/// Whether the resolver found only addresses that we do not ask.
fn is_forbidden(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Forbidden>() {
            return true;
        }
        source = inner.source();
    }
    false
}
