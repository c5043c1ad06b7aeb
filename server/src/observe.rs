//! Logs.
//!
//! A line reads alone and its ids are fields. No body, title, name, key or token ever stands in one. So
//! only this crate's lines can be turned up: below warnings, libraries quote frames, headers and values.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::{SetGlobalDefaultError, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object on each line.
    Json,
}

/// How much this server says of its own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Our bugs only.
    Error,
    /// And what the operator should look at.
    Warn,
    /// And what the server did.
    #[default]
    Info,
    /// And every call and statement by its name.
    Debug,
}

/// Sends the log of this process to standard error.
///
/// # Errors
/// When the process has a log already.
pub fn init(format: LogFormat, level: LogLevel) -> Result<(), SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(subscriber(format, level, io::stderr))
}

/// The same for any writer.
pub(crate) fn subscriber<W>(
    format: LogFormat,
    level: LogLevel,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let ours = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let theirs = ours.min(LevelFilter::WARN);
    let targets = Targets::new().with_default(theirs).with_target("chancery_server", ours);
    let registry = tracing_subscriber::registry().with(targets);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    match format {
        LogFormat::Text => Box::new(registry.with(lines)),
        LogFormat::Json => Box::new(registry.with(lines.json())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: LogLevel) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, level, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(statement = "read", "own detail");
            tracing::info!(size = 7, "own line");
            tracing::debug!(target: "h2::codec", "frame with a canary");
            tracing::info!(target: "sqlx::query", "value with a canary");
            tracing::warn!(target: "rustls::conn", "library warning");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        for (level, expect) in [
            (LogLevel::Error, [false, false, false]),
            (LogLevel::Warn, [false, false, true]),
            (LogLevel::Info, [false, true, true]),
            (LogLevel::Debug, [true, true, true]),
        ] {
            let text = logged(LogFormat::Text, level);
            let said = ["own detail", "own line", "library warning"].map(|line| text.contains(line));
            assert_eq!(said, expect, "{level:?}: {text}");
            assert!(!text.contains("canary"), "{level:?}: {text}");
        }
    }

    #[test]
    fn json_lines_read_alone() {
        let text = logged(LogFormat::Json, LogLevel::Info);
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(line["fields"]["size"], 7);
        assert_eq!(line["level"], "INFO");
    }
}
