//! The accounts at providers, from the settings.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use contract::phone::Phone;
use contract::provider::Provider;
use effects::account::{Account, Accounts, MiniVoiceAccount, TryVoxAccount};
use effects::client::ClientLimits;
use providers::script::Address;

use crate::config::{Config, Dials};

/// All accounts that are configured.
///
/// # Errors
/// What is missing or wrong.
pub fn accounts(config: &Config) -> anyhow::Result<Accounts> {
    let accounts = Accounts {
        africastalking: africastalking(config)?,
        tryvox: tryvox(config)?,
        minivoice: minivoice(config)?,
        preferred: config.provider.map(provider),
    };
    if let Some(preferred) = accounts.preferred {
        ensure!(accounts.has(preferred), "--provider: no account at {} is configured", preferred.as_str());
    }
    Ok(accounts)
}

/// How long providers may take.
pub fn limits(config: &Config) -> ClientLimits {
    ClientLimits { total: Duration::from_secs(config.provider_seconds_max.into()), ..ClientLimits::default() }
}

fn provider(word: Dials) -> Provider {
    match word {
        Dials::Africastalking => Provider::AfricasTalking,
        Dials::Tryvox => Provider::TryVox,
        Dials::Minivoice => Provider::MiniVoice,
    }
}

fn africastalking(config: &Config) -> anyhow::Result<Option<Account>> {
    let parts =
        (&config.africastalking_username, &config.africastalking_api_key, &config.africastalking_number);
    match parts {
        (Some(username), Some(api_key), Some(line)) => Ok(Some(Account {
            username: username.clone(),
            api_key: api_key.clone(),
            line: line.clone(),
            sender: config.africastalking_sender.clone(),
            voice_url: config.africastalking_voice_url.as_deref().map(without_slash),
            messaging_url: config.africastalking_sms_url.as_deref().map(without_slash),
        })),
        (None, None, None) => Ok(None),
        _ => bail!("Africa's Talking needs user name, API key and number; some of them are missing"),
    }
}

fn tryvox(config: &Config) -> anyhow::Result<Option<TryVoxAccount>> {
    let parts = (&config.tryvox_auth_id, &config.tryvox_auth_token, &config.tryvox_number);
    let (auth_id, api_key, line) = match parts {
        (Some(auth_id), Some(api_key), Some(line)) => (auth_id.clone(), api_key.clone(), line),
        // The id alone names the account whose clients speak to us.
        (_, None, None) => return Ok(None),
        _ => bail!("TryVox needs account id, token and number; some of them are missing"),
    };
    let (Some(public), Some(secret)) = (&config.public_url, config.webhook_secret.first()) else {
        bail!(
            "TryVox is told with every call where to ask and report: set --public-url and --webhook-secret"
        );
    };
    let address = |place: &str| {
        let text = format!("{}/{place}/tryvox/{secret}", without_slash(public));
        Address::new(&text).context("--public-url")
    };
    Ok(Some(TryVoxAccount {
        rest: providers::tryvox::rest::Account { auth_id, api_key },
        line: number("--tryvox-number", line)?,
        url: config.tryvox_url.as_deref().map(without_slash),
        answer: address("answer")?,
        events: address("hooks")?,
    }))
}

fn minivoice(config: &Config) -> anyhow::Result<Option<MiniVoiceAccount>> {
    match (&config.minivoice_api_key, &config.minivoice_number) {
        (Some(api_key), Some(line)) => Ok(Some(MiniVoiceAccount {
            api_key: api_key.clone(),
            line: number("--minivoice-number", line)?,
            url: config.minivoice_url.as_deref().map(without_slash),
        })),
        (None, None) => Ok(None),
        _ => bail!("MiniVoice needs key and number; one of them is missing"),
    }
}

fn number(flag: &'static str, text: &str) -> anyhow::Result<String> {
    text.parse::<Phone>().map(String::from).context(flag)
}

fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}
