//! The log of a run in which nothing fails.

use it::Setup;
use tokio::sync::OnceCell;

use crate::history;
use crate::rig::Rig;

/// The log that the whole history leads to.
pub async fn log() -> &'static [String] {
    static LOG: OnceCell<Vec<String>> = OnceCell::const_new();
    LOG.get_or_init(|| async {
        let entries = history::entries();
        let mut rig = Rig::start(Setup::EMBEDDED).await;
        rig.append(&entries).await;
        rig.settle(&entries).await;
        let log = rig.end().await;
        assert!(log.len() > 256, "the history completes a tile: {}", log.len());
        log
    })
    .await
}
