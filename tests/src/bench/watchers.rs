//! Many watchers of one channel, on few connections: how long until one act is with all of them, and what the
//! server holds for them.

use std::path::Path;

use bytes::Bytes;
use chancery_client::link::{Link, WatchEvent};
use chancery_core::id::ChannelId;
use tokio::sync::mpsc;

use super::Extent;
use super::bare::Bare;
use super::clock::Watch;
use super::process::{forget_peak, peak_mib};
use super::scene::Scene;
use super::table::{Better, Goal, Pair, Row};
use crate::field::identity;

/// Connections of the crowd. A server with its own settings takes 64 of one device, and 256 streams on each.
const CONNECTIONS: usize = 40;

/// A server that is watched, and where its watchers say what they got.
struct Crowd {
    process: String,
    size: usize,
    poster: Link,
    arrivals: mpsc::UnboundedReceiver<Bytes>,
}

/// Measures on both servers while the crowd is with each of them. Counts only if every watcher got every act.
pub async fn run(extent: Extent, scene: &mut Scene, folder: &Path) -> Vec<Row> {
    let size = if extent.quick { 1_000 } else { 10_000 };
    let keys: Vec<[u8; 32]> = scene.writers.iter().map(|keys| identity(keys).sign.public()).collect();
    let bare = Bare::start(&folder.join("bare-watchers"), scene.field.root(), &keys);
    let process = scene.field.server.as_ref().unwrap().process().to_string();
    let (ours, beside) = (links(scene, None).await, links(scene, Some(&bare)).await);
    scene.focal.sync_channel(scene.strand).await.unwrap();
    let next = scene.focal.channel(scene.strand).unwrap().head().size;
    let mut ours = gather(process, ours, (scene.strand, next), size).await;
    let mut beside = gather(bare.server.process().to_string(), beside, (scene.strand, 0), size).await;
    let mut pairs = Vec::new();
    // The first pair warms up and does not count.
    for round in 0..=extent.rounds {
        let pair = Pair { ours: fan_out(&mut ours, scene).await, bare: fan_out(&mut beside, scene).await };
        if round > 0 {
            pairs.push(pair);
        }
    }
    let memory = Pair { ours: peak_mib(&ours.process), bare: peak_mib(&beside.process) };
    let (sent, held) = (
        format!("one act to {size} watchers, until the last has it"),
        format!("server with {size} watchers, peak memory"),
    );
    vec![
        Row::pairs(&sent, "ms", Better::Less, pairs, &[Goal::Under(200.0)]),
        Row::pairs(&held, "MiB", Better::Less, vec![memory], &[Goal::Under(150.0)]),
    ]
}

/// The connections of the crowd, under the keys of the writers in turn, to the real server or to the bare one.
async fn links(scene: &Scene, bare: Option<&Bare>) -> Vec<Link> {
    let server = bare.map_or_else(|| scene.field.address(), |bare| &bare.address);
    let mut links = Vec::with_capacity(CONNECTIONS);
    for keys in scene.writers.iter().cycle().take(CONNECTIONS) {
        links.push(Link::connect(server, &keys.tls).await.unwrap());
    }
    links
}

/// So many watchers, each of whom has had a sign of life.
async fn gather(process: String, links: Vec<Link>, follow: (ChannelId, u64), size: usize) -> Crowd {
    forget_peak(&process);
    let (arrived, arrivals) = mpsc::unbounded_channel();
    let openings: Vec<_> = links
        .iter()
        .map(|link| {
            let (link, arrived) = (link.clone(), arrived.clone());
            tokio::spawn(async move {
                for _ in 0..size / CONNECTIONS {
                    let mut watch = link.watch(&[follow]).await.unwrap();
                    let alive = watch.next().await.unwrap();
                    assert!(matches!(alive, Some(WatchEvent::Heartbeat { .. })), "{alive:?}");
                    let arrived = arrived.clone();
                    tokio::spawn(async move {
                        while let Ok(Some(event)) = watch.next().await {
                            let WatchEvent::Entries { page, .. } = event else { continue };
                            for entry in page.entries {
                                // At the end nobody listens any more.
                                let _ = arrived.send(entry.signed);
                            }
                        }
                    });
                }
            })
        })
        .collect();
    for opening in openings {
        opening.await.unwrap();
    }
    Crowd { process, size, poster: links[0].clone(), arrivals }
}

/// Milliseconds from the sending of an act until the last watcher has it.
async fn fan_out(crowd: &mut Crowd, scene: &Scene) -> f64 {
    let post = scene.posts(0, 1);
    let watch = Watch::start();
    let sent = crowd.poster.append(scene.strand, &post);
    let received = async {
        for _ in 0..crowd.size {
            assert_eq!(crowd.arrivals.recv().await.unwrap(), post[0].act);
        }
    };
    let (sent, ()) = tokio::join!(sent, received);
    sent.unwrap();
    watch.ms()
}
