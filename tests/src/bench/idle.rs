//! How long a server takes to start, and what it holds while nobody calls.

use std::path::Path;
use std::time::Duration;

use super::Extent;
use super::bare::Bare;
use super::clock::Watch;
use super::process::resident_mib;
use super::table::{Better, Goal, Pair, Row};
use crate::field::{Field, Server};

/// Measures on a deployment with nothing in it but its foundation.
pub async fn run(extent: Extent, folder: &Path) -> Vec<Row> {
    let mut field = Field::start().await;
    field.kill_server();
    let (data, root) = (field.server_data(), *field.root());
    let (mut starts, mut sizes) = (Vec::new(), Vec::new());
    for round in 0..extent.rounds {
        let watch = Watch::start();
        let server = Server::start(&data, &folder.join("idle.log"), None);
        let ours = (watch.ms(), idle_mib(&server).await);
        drop(server);
        let watch = Watch::start();
        let bare = Bare::start(&folder.join(format!("bare-idle-{round}")), &root, &[]);
        let bare = (watch.ms(), idle_mib(&bare.server).await);
        starts.push(Pair { ours: ours.0, bare: bare.0 });
        sizes.push(Pair { ours: ours.1, bare: bare.1 });
    }
    vec![
        Row::pairs("start of the server", "ms", Better::Less, starts, &[Goal::Under(100.0)]),
        Row::pairs("idle server, resident", "MiB", Better::Less, sizes, &[Goal::Under(25.0)]),
    ]
}

/// What is left when the work of starting has settled.
async fn idle_mib(server: &Server) -> f64 {
    tokio::time::sleep(Duration::from_millis(500)).await;
    resident_mib(&server.process().to_string())
}
