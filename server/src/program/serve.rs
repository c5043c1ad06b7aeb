//! `chancery-server serve`

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use chancery_server::app::{App, Parts, poll};
use chancery_server::blobs::Blobs;
use chancery_server::config::{Config, ServeArgs};
use chancery_server::gate::Gate;
use chancery_server::public::PublicLimits;
use chancery_server::store::db::Pool;
use chancery_server::{api, clock, observe, public};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

use super::folder::Folder;

/// Serves until it is told to stop.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(args)?;
    observe::init(config.log_format, config.log_level)?;
    let folder = Folder::open(&config.data)?;
    let pool = Pool::open(&config.database, &config.pool).await?;
    let outcome = serve(&config, folder, pool.clone()).await;
    pool.close().await;
    outcome?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config, folder: Folder, pool: Pool) -> anyhow::Result<()> {
    let blobs = Blobs::open_folder(config.files.clone()).await?;
    let gate = Gate::bind(config.listen, &folder.identity, config.gate).await?;
    let public_listener = TcpListener::bind(config.public_listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.public_listen))?;
    let app = App::start(Parts {
        pool,
        blobs,
        connections: gate.connections(),
        mechanism_file: folder.mechanism_file.clone(),
        server_tls_key: folder.identity.key_id(),
        log_key: folder.log_key,
        root: folder.root,
        clock: Arc::new(clock::now_ms),
    })
    .await?;
    let (listen, public_listen) = (gate.local_addr()?, public_listener.local_addr()?);
    let mut told_to_stop = Signals::listen()?;
    say_ready(&format!("chancery-server ready listen={listen} public={public_listen}"))?;
    tracing::info!(%listen, %public_listen, root = %folder.root, "ready");

    let stopping = app.stopping().clone();
    let beside = TaskTracker::new();
    beside.spawn(public::serve(public_listener, app.clone(), PublicLimits::default(), stopping.clone()));
    beside.spawn({
        let (files, stop) = (app.file_store(), stopping.clone());
        async move { files.collect_until(stop).await }
    });
    beside.spawn(poll::run(app.clone()));
    beside.close();

    let serving = api::serve(app, gate);
    tokio::pin!(serving);
    let outcome = tokio::select! {
        outcome = &mut serving => outcome,
        () = told_to_stop.any() => {
            tracing::info!("told to stop; calls under way finish");
            stopping.cancel();
            serving.await
        }
    };
    stopping.cancel();
    beside.wait().await;
    Ok(outcome?)
}

/// The one line on standard output, for whoever started this process.
fn say_ready(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
