//! `ahadi config`: every setting and where it came from.

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use comfy_table::Table;

use crate::config::{Config, SECRETS};

/// Prints the settings as they count. Secrets are not shown, only whether they are set.
///
/// # Errors
/// When the settings do not go together.
pub fn run(config: Config) -> anyhow::Result<u8> {
    config.resolve()?;
    // Parsed a second time, because only the raw matches know where a value came from.
    let matches = crate::Arguments::command().get_matches();
    let (_, matches) = matches.subcommand().ok_or_else(|| anyhow::anyhow!("no command"))?;
    debug_assert!(Config::from_arg_matches(matches).is_ok());
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["setting", "value", "from", "variable"]);
    let mut command = crate::Arguments::command();
    // The arguments of commands are put together only when asked for.
    command.build();
    let Some(command) = command.find_subcommand("config") else { anyhow::bail!("no such command") };
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let Some(variable) = argument.get_env() else { continue };
        let from = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "variable",
            Some(ValueSource::DefaultValue) => "default",
            _ => "not set",
        };
        let values: Vec<String> = matches
            .try_get_raw(id)
            .ok()
            .flatten()
            .map(|values| values.map(|v| v.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let value = if SECRETS.contains(&id) && !values.is_empty() {
            "(hidden)".to_owned()
        } else {
            values.join(",")
        };
        let flag = format!("--{}", id.replace('_', "-"));
        table.add_row([flag, value, from.to_owned(), variable.to_string_lossy().into_owned()]);
    }
    crate::terminal::line(&table.to_string());
    Ok(0)
}
