//! What an operator sets: by flags, by a TOML file, or not at all.
//!
//! A flag counts before the file, the file before the default. No secret is ever printed from here, and
//! the only one that may stand in the file is the password of the database's URL.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::gate::GateLimits;
use crate::observe::{LogFormat, LogLevel};
use crate::store::db::{DatabaseUrl, PoolLimits};

/// Flags of `chancery-server serve`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeArgs {
    /// Settings in TOML [default: chancery.toml in the data folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for everything that the server keeps [default: data]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Address for people's devices [default: 127.0.0.1:7443]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address of the public pages [default: 127.0.0.1:7480]
    #[arg(long, value_name = "ADDRESS")]
    pub public_listen: Option<SocketAddr>,
    /// URL of the database, `sqlite:///absolute/path` or `postgres://user@host/name` [default: the file
    /// chancery.db in the data folder]
    #[arg(long, value_name = "URL")]
    pub database: Option<DatabaseUrl>,
    /// Folder for files [default: files in the data folder]
    #[arg(long, value_name = "FOLDER")]
    pub files: Option<PathBuf>,
    /// Form of log lines [default: text]
    #[arg(long, value_name = "FORM")]
    pub log_format: Option<LogFormat>,
    /// How much to log [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
}

/// The settings of a server, complete and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder for everything that the server keeps; an absolute path.
    pub data: PathBuf,
    /// Address for people's devices.
    pub listen: SocketAddr,
    /// Address of the public pages.
    pub public_listen: SocketAddr,
    /// The database.
    pub database: DatabaseUrl,
    /// Folder for files; an absolute path.
    pub files: PathBuf,
    /// Form of log lines.
    pub log_format: LogFormat,
    /// How much to log.
    pub log_level: LogLevel,
    /// Limits on connections of devices.
    pub gate: GateLimits,
    /// Limits on connections to the database.
    pub pool: PoolLimits,
}

/// The settings are no settings; nothing was started.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {kind}. Give an existing file to --config, or leave the flag out", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The reason.
        kind: io::ErrorKind,
    },
    /// The file is not what it should be.
    #[error("{}, line {line}: {problem}. Correct the line; docs/operations lists every setting", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong, without the text of the line.
        problem: String,
    },
    /// A path means nothing here.
    #[error("{setting} is not a path that can be used; give an absolute path")]
    Path {
        /// The setting.
        setting: &'static str,
    },
    /// A URL of the database in the file is none.
    #[error(
        "database is not a URL of a database; write sqlite:///absolute/path or postgres://user@host/name"
    )]
    Database,
    /// Both listeners have one address.
    #[error("listen and public_listen are both {addr}; give one of them another port")]
    SameAddress {
        /// The address.
        addr: SocketAddr,
    },
    /// A limit is out of its range.
    #[error("limits.{setting} is {value}; give a number from {least} to {most}")]
    Limit {
        /// The setting.
        setting: &'static str,
        /// What it is.
        value: u64,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
}

/// The file. A setting that it does not know is an error, for it is a typing error.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    listen: Option<SocketAddr>,
    public_listen: Option<SocketAddr>,
    database: Option<String>,
    files: Option<PathBuf>,
    log_format: Option<LogFormat>,
    log_level: Option<LogLevel>,
    limits: LimitSettings,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "the names are those of the settings")]
struct LimitSettings {
    connections_max: Option<u64>,
    connections_per_peer_max: Option<u64>,
    handshakes_max: Option<u64>,
    handshake_ms_max: Option<u64>,
    database_connections_max: Option<u64>,
    database_acquire_ms_max: Option<u64>,
    database_lock_ms_max: Option<u64>,
    database_statement_ms_max: Option<u64>,
}

impl Config {
    /// The settings that follow from the flags and the file. Makes nothing.
    pub fn load(args: ServeArgs) -> Result<Self, ConfigError> {
        let data = absolute("data", args.data.unwrap_or_else(|| DATA.into()))?;
        let settings = match &args.config {
            Some(file) => read(file)?,
            None => match read(&data.join(CONFIG)) {
                Err(ConfigError::Read { kind: io::ErrorKind::NotFound, .. }) => Settings::default(),
                settings => settings?,
            },
        };
        let listen = args.listen.or(settings.listen).unwrap_or(LISTEN);
        let public_listen = args.public_listen.or(settings.public_listen).unwrap_or(PUBLIC_LISTEN);
        if listen == public_listen && listen.port() != 0 {
            return Err(ConfigError::SameAddress { addr: listen });
        }
        let database = match (args.database, settings.database) {
            (Some(url), _) => url,
            (None, Some(text)) => text.parse().map_err(|_| ConfigError::Database)?,
            (None, None) => DatabaseUrl::Sqlite(data.join(DATABASE)),
        };
        // A path of the file is relative to the data folder, one of a flag to where the operator stands.
        let files = args.files.or_else(|| settings.files.map(|files| data.join(files)));
        let files = absolute("files", files.unwrap_or_else(|| data.join(FILES)))?;
        Ok(Self {
            listen,
            public_listen,
            database,
            files,
            log_format: args.log_format.or(settings.log_format).unwrap_or_default(),
            log_level: args.log_level.or(settings.log_level).unwrap_or_default(),
            gate: gate_limits(&settings.limits)?,
            pool: pool_limits(&settings.limits)?,
            data,
        })
    }
}

fn gate_limits(limits: &LimitSettings) -> Result<GateLimits, ConfigError> {
    let default = GateLimits::default();
    let count = |setting, value: Option<u64>, default: usize| {
        value.map_or(Ok(default), |value| {
            within(setting, value, 1, 1_000_000).map(|value| usize::try_from(value).unwrap_or(usize::MAX))
        })
    };
    Ok(GateLimits {
        handshake_max: milliseconds("handshake_ms_max", limits.handshake_ms_max, default.handshake_max)?,
        handshakes_max: count("handshakes_max", limits.handshakes_max, default.handshakes_max)?,
        connections_max: count("connections_max", limits.connections_max, default.connections_max)?,
        connections_per_peer_max: count(
            "connections_per_peer_max",
            limits.connections_per_peer_max,
            default.connections_per_peer_max,
        )?,
    })
}

fn pool_limits(limits: &LimitSettings) -> Result<PoolLimits, ConfigError> {
    let default = PoolLimits::default();
    let connections_max = match limits.database_connections_max {
        Some(value) => within("database_connections_max", value, 2, 1_000)?.try_into().unwrap_or(u32::MAX),
        None => default.connections_max,
    };
    Ok(PoolLimits {
        connections_max,
        acquire_max: milliseconds(
            "database_acquire_ms_max",
            limits.database_acquire_ms_max,
            default.acquire_max,
        )?,
        lock_max: milliseconds("database_lock_ms_max", limits.database_lock_ms_max, default.lock_max)?,
        statement_max: milliseconds(
            "database_statement_ms_max",
            limits.database_statement_ms_max,
            default.statement_max,
        )?,
    })
}

fn milliseconds(
    setting: &'static str,
    value: Option<u64>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    value.map_or(Ok(default), |value| within(setting, value, 100, 600_000).map(Duration::from_millis))
}

fn within(setting: &'static str, value: u64, least: u64, most: u64) -> Result<u64, ConfigError> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::Limit { setting, value, least, most })
    }
}

fn read(file: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(file)
        .map_err(|error| ConfigError::Read { file: file.to_owned(), kind: error.kind() })?;
    toml::from_str(&text).map_err(|error| {
        // Its Display quotes the line, which may hold the database's password.
        let before = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.get(..before).unwrap_or_default().matches('\n').count();
        ConfigError::File { file: file.to_owned(), line, problem: error.message().to_owned() }
    })
}

fn absolute(setting: &'static str, path: PathBuf) -> Result<PathBuf, ConfigError> {
    std::path::absolute(path).map_err(|_| ConfigError::Path { setting })
}

const DATA: &str = "data";
const CONFIG: &str = "chancery.toml";
const DATABASE: &str = "chancery.db";
const FILES: &str = "files";
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7443);
const PUBLIC_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7480);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: ServeArgs,
    }

    /// Loads with `flags` and, if it is not empty, the file `text`.
    fn load(flags: &[&str], text: &str) -> (PathBuf, Result<Config, ConfigError>) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        if !text.is_empty() {
            fs::write(data.join(CONFIG), text).unwrap();
        }
        let flags = ["serve", "--data", data.to_str().unwrap()].into_iter().chain(flags.iter().copied());
        (
            data.clone(),
            Config::load(Cli::try_parse_from(flags).unwrap_or_else(|error| panic!("{error}")).serve),
        )
    }

    #[test]
    fn without_settings_the_defaults_hold() {
        let (data, config) = load(&[], "");
        let config = config.unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7443");
        assert_eq!(config.public_listen.to_string(), "127.0.0.1:7480");
        assert_eq!(config.database.to_string(), format!("sqlite://{}/chancery.db", data.display()));
        assert_eq!(config.files, data.join("files"));
        assert_eq!(config.gate.handshake_max, Duration::from_secs(5));
    }

    #[test]
    fn a_flag_counts_before_the_file() {
        let text =
            "listen = '127.0.0.1:1'\nfiles = 'blobs'\nlog_format = 'json'\n[limits]\nconnections_max = 9\n";
        let (data, config) = load(&["--listen", "127.0.0.1:2", "--database", "postgres://db/x"], text);
        let config = config.unwrap();
        assert_eq!((config.listen.port(), config.log_format), (2, LogFormat::Json));
        assert_eq!((config.files, config.gate.connections_max), (data.join("blobs"), 9));
        assert_eq!(config.database.to_string(), "postgres://db/x");
    }

    #[test]
    fn an_error_says_what_to_do_and_hides_the_password() {
        for (flags, text, expect) in [
            (&[][..], "listen = 7", "line 1: "),
            (&[], "\n\nlisen = '127.0.0.1:1'", "line 3: unknown field `lisen`"),
            (&[], "database = 'mysql://u:canary@h/n'", "write sqlite:///"),
            (&[], "database = 'postgres://u:canary@h/n' x", "line 1: "),
            (&[], "public_listen = '127.0.0.1:7443'", "give one of them another port"),
            (&[], "[limits]\nhandshake_ms_max = 0", "limits.handshake_ms_max is 0; give a number from 100"),
            (&["--config", "/absent.toml"], "", "/absent.toml: entity not found"),
        ] {
            let error = load(flags, text).1.unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
