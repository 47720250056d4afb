//! What is printed for people: standard output for results, standard error for the rest.
#![allow(clippy::print_stdout, clippy::print_stderr)]

/// Prints a line of the result.
pub fn line(text: &str) {
    println!("{text}");
}

/// Prints a note that is no result.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints why something could not be done.
pub fn failure(text: &str) {
    eprintln!("error: {text}");
}

/// Starts logging to standard error. Log lines hold no personal value.
pub fn logging(config: &crate::config::Config) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call (a demo inside a test) keeps the first subscriber.
    let _ = if config.log_json { builder.json().try_init() } else { builder.try_init() };
}
