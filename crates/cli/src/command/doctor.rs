//! `ahadi doctor`: looks at everything the service needs.

use journal::{Bus, BusOptions, Journal, Limits};
use store::{OpenOptions, Store};

use crate::config::Config;
use crate::{keyfiles, system};

/// Checks each part and says what is wrong with it and how to mend it.
///
/// # Errors
/// When the settings do not go together.
pub async fn run(config: Config) -> anyhow::Result<u8> {
    let config = config.resolve()?;
    let mut bad = 0;
    let mut tell = |what: &str, result: anyhow::Result<String>| match result {
        Ok(text) => crate::terminal::line(&format!("ok    {what}: {text}")),
        Err(error) => {
            bad += 1;
            crate::terminal::line(&format!("WRONG {what}: {error:#}"));
        }
    };
    tell("data directory", data_dir(&config));
    tell("keys", keys(&config));
    tell("journal", journal(&config).await);
    tell("database", database(&config).await);
    if let Some(url) = &config.nats_url {
        tell("NATS", nats(url).await);
    }
    tell("carrier", carrier(&config));
    Ok(u8::from(bad > 0))
}

fn data_dir(config: &Config) -> anyhow::Result<String> {
    let probe = config.data_dir.join(".probe");
    std::fs::create_dir_all(&config.data_dir)?;
    std::fs::write(&probe, b"probe")?;
    std::fs::remove_file(&probe)?;
    Ok(format!("{} can be written", config.data_dir.display()))
}

fn keys(config: &Config) -> anyhow::Result<String> {
    if !config.keys_dir().exists() {
        return Ok("none yet; the first start makes them".into());
    }
    let keys = keyfiles::open(&config.keys_dir(), &config.origin, system::now())?;
    let kids: Vec<&str> = keys.records.iter().map(|key| key.kid()).collect();
    Ok(format!("record key {}", kids.join(", ")))
}

async fn journal(config: &Config) -> anyhow::Result<String> {
    let journal = Journal::open(&config.data_dir.join("journal.db"), Limits::default()).await?;
    let stats = journal.stats().await?;
    journal.close().await;
    Ok(format!("{stats:?}"))
}

async fn database(config: &Config) -> anyhow::Result<String> {
    let mut options = OpenOptions::new(config.origin.clone());
    options.migrate = false;
    let store = Store::open(&config.database(), options).await?;
    let size = store.tip().await?.size;
    let text = format!("{} with {size} records", store.backend_name());
    store.close().await;
    Ok(text)
}

async fn nats(url: &str) -> anyhow::Result<String> {
    let bus = Bus::connect(BusOptions::new(url, 0)).await?;
    bus.ensure().await?;
    Ok(format!("nats-server {} with the streams we need", bus.server_version()))
}

fn carrier(config: &Config) -> anyhow::Result<String> {
    match (&config.africastalking_username, &config.africastalking_api_key, &config.africastalking_number) {
        (Some(_), Some(_), Some(_)) => Ok("Africa's Talking is configured".into()),
        (None, None, None) => Ok("none configured: nothing is dialled or sent; messages wait".into()),
        _ => anyhow::bail!("Africa's Talking needs user name, API key and number; some of them are missing"),
    }
}
