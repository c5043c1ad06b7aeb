//! Durable signed posts, one writer and many, beside the bare server.

use std::path::Path;

use bytes::Bytes;
use chancery_client::entry::Outgoing;
use chancery_client::link::{Link, LinkError};
use chancery_core::act::SignedAct;
use chancery_core::id::ChannelId;

use super::Extent;
use super::bare::Bare;
use super::clock::Watch;
use super::scene::Scene;
use super::table::{Better, Goal, Pair, Row, median, permille};
use crate::field::identity;

/// Writers of the second row.
pub const WRITERS: usize = 32;

/// One measurement of so many writers.
struct Sample {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// A post to send, and whether it must be refused.
struct Item {
    post: Outgoing,
    bad: bool,
}

/// Measures, and leaves the posts in the strand. Counts only if each server refused the one bad act.
pub async fn run(extent: Extent, scene: &mut Scene, folder: &Path) -> Vec<Row> {
    let keys: Vec<[u8; 32]> = scene.writers.iter().map(|keys| identity(keys).sign.public()).collect();
    let bare = Bare::start(&folder.join("bare-posts"), scene.field.root(), &keys);
    let mut rows = Vec::new();
    let mut landed = 0;
    for (writers, each) in [(1, 1_000), (WRITERS, 10_000 / WRITERS / 5)] {
        let each = if extent.quick { each / 10 } else { each };
        let ours = scene.links(scene.field.address(), writers).await;
        let bare = scene.links(&bare.address, writers).await;
        let mut samples = Vec::new();
        // The first pair warms up and does not count.
        for round in 0..=extent.rounds {
            let last = round == extent.rounds;
            let sample = drive(&ours, scene.strand, queues(scene, writers, each, last)).await;
            let beside = drive(&bare, scene.strand, queues(scene, writers, each, last)).await;
            landed += writers * each;
            if round > 0 {
                samples.push((sample, beside));
            }
        }
        rows.extend(rows_of(writers, &samples));
    }
    assert_eq!(in_strand(scene).await, landed, "every post that was acknowledged, and no other, is there");
    rows
}

fn rows_of(writers: usize, samples: &[(Sample, Sample)]) -> Vec<Row> {
    let pairs = |number: fn(&Sample) -> f64| {
        samples.iter().map(|(ours, bare)| Pair { ours: number(ours), bare: number(bare) }).collect()
    };
    let many = writers > 1;
    let who = if many { format!("{writers} writers") } else { "1 writer".to_owned() };
    // A hundred times what the peer did with as many senders: 83 posts a second.
    let speeds: &[Goal] = if many { &[Goal::OfBare(0.8), Goal::AtLeast(8_300.0)] } else { &[] };
    let middles: &[Goal] = if many { &[] } else { &[Goal::Under(1.0)] };
    let tails: &[Goal] = if many { &[Goal::Under(10.0)] } else { &[] };
    vec![
        Row::pairs(&format!("posts, {who}"), "per s", Better::More, pairs(|s| s.per_second), speeds),
        Row::pairs(&format!("one post, {who}, p50"), "ms", Better::Less, pairs(|s| s.p50_ms), middles),
        Row::pairs(&format!("one post, {who}, p99"), "ms", Better::Less, pairs(|s| s.p99_ms), tails),
    ]
}

/// Signed before the clock starts. With `bad` the first writer has one act more, with an altered signature.
fn queues(scene: &Scene, writers: usize, each: usize, bad: bool) -> Vec<Vec<Item>> {
    let queue = |writer| {
        let posts = scene.posts(writer, each);
        let mut queue: Vec<Item> = posts.into_iter().map(|post| Item { post, bad: false }).collect();
        if bad && writer == 0 {
            queue.insert(each / 2, Item { post: altered(scene.posts(0, 1).remove(0)), bad });
        }
        queue
    };
    (0..writers).map(queue).collect()
}

/// The same act, well-formed, with another signature.
fn altered(mut post: Outgoing) -> Outgoing {
    let mut bytes = post.act.to_vec();
    // The envelope ends with the signature, the signer's id (2 + 32) and the suite (2).
    let signature = bytes.len() - 36 - 64;
    bytes[signature] ^= 1;
    post.act = Bytes::from(bytes);
    SignedAct::decode(post.act.clone()).unwrap();
    post
}

async fn drive(links: &[Link], channel: ChannelId, queues: Vec<Vec<Item>>) -> Sample {
    let count: usize = queues.iter().flatten().filter(|item| !item.bad).count();
    let watch = Watch::start();
    let writers: Vec<_> = links
        .iter()
        .cloned()
        .zip(queues)
        .map(|(link, queue)| tokio::spawn(async move { send(&link, channel, &queue).await }))
        .collect();
    let mut latencies = Vec::with_capacity(count);
    for writer in writers {
        latencies.extend(writer.await.unwrap());
    }
    let seconds = watch.seconds();
    let count = f64::from(u32::try_from(count).unwrap());
    Sample {
        per_second: count / seconds,
        p50_ms: median(latencies.clone()),
        p99_ms: permille(&mut latencies, 990),
    }
}

/// Posts one after the other, each when the one before is acknowledged; the milliseconds of each.
async fn send(link: &Link, channel: ChannelId, queue: &[Item]) -> Vec<f64> {
    let mut latencies = Vec::with_capacity(queue.len());
    for item in queue {
        let watch = Watch::start();
        let answer = link.append(channel, std::slice::from_ref(&item.post)).await;
        match (item.bad, answer) {
            (false, Ok(_)) => latencies.push(watch.ms()),
            (true, Err(LinkError::Refused { .. })) => {}
            (bad, answer) => panic!("bad: {bad}, {answer:?}"),
        }
    }
    latencies
}

/// The posts that the focal point finds in the strand, every one verified.
async fn in_strand(scene: &mut Scene) -> usize {
    scene.focal.sync_channel(scene.strand).await.unwrap();
    scene.focal.channel(scene.strand).unwrap().state.posts.len()
}
