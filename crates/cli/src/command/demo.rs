//! `ahadi demo`: plays a whole agreement against a simulated carrier, then keeps serving it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::signals::Stop;
use crate::story::Story;
use crate::system::System;
use crate::terminal::line;

/// What is left in a directory that a demo made, so that the next one may begin it anew.
const MARKER: &str = ".made-by-ahadi-demo";

/// Arguments of the command.
#[derive(Args, Debug)]
pub struct DemoArguments {
    /// Directory of the demo. A directory that an earlier demo made is begun anew.
    #[arg(long, default_value = "ahadi-demo", global = true)]
    pub data_dir: PathBuf,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:5000")]
    pub listen: SocketAddr,
    /// End after the story, with exit code 0.
    #[arg(long)]
    pub once: bool,
    /// Decides what goes wrong on the way: duplicates, order, delays.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// What else to do with the demo.
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What else to do with the demo.
#[derive(Subcommand, Debug)]
pub enum Action {
    /// Edit one row of the demo's database behind the server's back, as an administrator could.
    Tamper {
        /// Which column to edit.
        #[arg(long, value_enum, default_value = "record")]
        what: crate::tamper::Column,
    },
}

/// Plays the story, or tampers with what it left.
///
/// # Errors
/// When the demo cannot be played.
pub async fn run(arguments: DemoArguments) -> anyhow::Result<u8> {
    let config = settings(&arguments.data_dir, arguments.listen, None)?;
    if let Some(Action::Tamper { what }) = arguments.action {
        line(&crate::tamper::edit(&config, what).await?);
        line(&format!("Now run: ahadi verify --all {}", arguments.data_dir.display()));
        return Ok(0);
    }
    begin(&arguments.data_dir)?;
    crate::terminal::logging(&config);
    let carrier = Story::carrier(arguments.seed).await?;
    let config = settings(&arguments.data_dir, arguments.listen, Some(&carrier))?;
    let mut system = System::start(config).await?;
    let mut stop = Stop::listen()?;
    let listening = crate::surface::start(&mut system).await?;
    listening.print(&system);
    let story = Story {
        carrier,
        base: format!("http://{}", listening.address),
        directory: arguments.data_dir.clone(),
    };
    let store = system.store.clone();
    let told = tokio::select! {
        told = story.tell(&store) => told,
        error = system.failed() => Err(error),
        () = stop.asked() => bail!("stopped before the story was told"),
    };
    told?;
    if !arguments.once {
        line("");
        line("The service keeps running. Press Ctrl-C to end it.");
        tokio::select! {
            error = system.failed() => return Err(error),
            () = stop.asked() => {}
        }
    }
    story.carrier.stop().await;
    system.stop().await;
    Ok(0)
}

/// Empties the directory of an earlier demo; refuses any other that holds something.
fn begin(directory: &Path) -> anyhow::Result<()> {
    if directory.join(MARKER).exists() {
        std::fs::remove_dir_all(directory)
            .with_context(|| format!("cannot begin {} anew", directory.display()))?;
    } else if directory.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} holds something that no demo made; choose another --data-dir", directory.display());
    }
    crate::keyfiles::private_directory(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    std::fs::write(directory.join(MARKER), "")?;
    Ok(())
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// The service's settings for the demo, as if they had been given as flags.
fn settings(
    directory: &Path,
    listen: SocketAddr,
    carrier: Option<&carrier::Carrier>,
) -> anyhow::Result<Config> {
    let mut flags = vec!["demo".to_owned(), "--open-api".to_owned(), "--log=warn".to_owned()];
    flags.push(format!("--data-dir={}", directory.display()));
    flags.push(format!("--listen={listen}"));
    flags.push("--origin=demo.localhost/ahadi".to_owned());
    flags.push(format!("--webhook-secret={}", Story::SECRET));
    if let Some(carrier) = carrier {
        flags.push(format!("--africastalking-voice-url={}", carrier.voice_url()));
        flags.push(format!("--africastalking-sms-url={}", carrier.sms_url()));
        flags.push("--africastalking-username=sandbox".to_owned());
        flags.push(format!("--africastalking-api-key={}", Story::API_KEY));
        flags.push(format!("--africastalking-number={}", Story::LINE));
        flags.push(format!("--recording-allow={}", carrier.address()));
    }
    Flags::try_parse_from(flags)?.config.resolve()
}
