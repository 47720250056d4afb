//! The binary `ahadi`: settings, roles, and the commands of operators and auditors. No logic of the ledger is here.

pub mod accounts;
pub mod command;
pub mod config;
pub mod evidence;
pub mod keyfiles;
mod lag;
pub mod owner;
pub mod rotation;
pub mod signals;
pub mod story;
pub mod surface;
pub mod system;
pub mod tamper;
pub mod terminal;

use clap::{Parser, Subcommand};

use config::Config;

/// An event-sourced contract ledger for agreements made by voice.
#[derive(Parser, Debug)]
#[command(name = "ahadi", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands. The arguments of one are looked up when it is called: putting together those of all took 0.7 ms
/// of each start.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub enum Command {
    /// Run the service.
    Serve(Config),
    /// Play a whole agreement against a simulated carrier, then keep serving it.
    Demo(command::demo::DemoArguments),
    /// Check a bundle, a data directory, a database or a running server.
    Verify(command::verify::VerifyArguments),
    /// Write the evidence bundle of a contract.
    Bundle(command::bundle::BundleArguments),
    /// Forget a person: values, recordings and raw inputs go, every proof stays.
    Erase(command::person::EraseArguments),
    /// Print all that is known about a person.
    Export(command::person::PersonArguments),
    /// Show and name the keys of the ledger, and the keys of the interface.
    Keys(command::keys::KeysArguments),
    /// Fold the log again and put fresh views in place, or compare only.
    Rebuild(command::rebuild::RebuildArguments),
    /// Look at everything the service needs and say what is wrong.
    Doctor(Config),
    /// Print every setting and where it came from.
    Config(Config),
    /// Read the agreed terms out of transcripts.
    Terms(command::terms::TermsArguments),
}

/// A file is checked on this thread: starting others takes as long as checking some records.
fn runtime(command: &Command) -> std::io::Result<tokio::runtime::Runtime> {
    match command {
        Command::Verify(arguments) if arguments.is_of_file() => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()
        }
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    }
}

/// Runs a command and gives its exit code: 0 done, 1 a check failed, 2 it could not be done.
pub fn run(arguments: Arguments) -> std::process::ExitCode {
    // reqwest takes the process-wide provider; a second installation means it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match runtime(&arguments.command) {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::failure(&format!("the runtime did not start: {error}"));
            return std::process::ExitCode::from(2);
        }
    };
    let code = runtime.block_on(async {
        match arguments.command {
            Command::Serve(config) => command::serve::run(config).await,
            Command::Demo(arguments) => Box::pin(command::demo::run(arguments)).await,
            Command::Verify(arguments) => command::verify::run(arguments).await,
            Command::Bundle(arguments) => command::bundle::run(arguments).await,
            Command::Erase(arguments) => command::person::erase(arguments).await,
            Command::Export(arguments) => command::person::export(arguments).await,
            Command::Keys(arguments) => command::keys::run(arguments).await,
            Command::Rebuild(arguments) => command::rebuild::run(arguments).await,
            Command::Doctor(config) => command::doctor::run(config).await,
            Command::Config(config) => command::config::run(config),
            Command::Terms(arguments) => command::terms::run(&arguments),
        }
    });
    match code {
        Ok(code) => std::process::ExitCode::from(code),
        Err(error) => {
            terminal::failure(&format!("{error:#}"));
            std::process::ExitCode::from(2)
        }
    }
}
