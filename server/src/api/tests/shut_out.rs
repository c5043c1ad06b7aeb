//! Being shut out, over the wire: the streams and connections of exactly the devices that it concerns end.

use std::collections::BTreeSet;
use std::time::Duration;

use chancery_client::identity::Identity;
use chancery_core::act::RevokeDevice;
use chancery_core::id::KeyId;
use tonic::Streaming;

use super::*;
use crate::testing::bare;

/// A device with its connection, following the directory.
struct Follower {
    key: KeyId,
    channel: Channel,
    events: Streaming<v1::WatchEntriesResponse>,
    seen: u64,
}

impl Follower {
    async fn follow(served: &Served, device: &Device) -> Self {
        let channel = served.connect(device).await;
        let follow = v1::Follow { channel: bytes(served.world.directory_id().as_bytes()), start: 0 };
        let watch = v1::WatchEntriesRequest { channels: vec![follow] };
        let mut log = LogServiceClient::new(channel.clone());
        let events = log.watch_entries(watch).await.unwrap().into_inner();
        let mut follower = Self { key: device.key(), channel, events, seen: 0 };
        follower.sees(served.world.size(&served.world.directory_id()).await).await;
        follower
    }

    /// Waits until the stream has brought so many entries.
    async fn sees(&mut self, size: u64) {
        use v1::watch_entries_response::Event;
        while self.seen < size {
            let event = soon(self.events.message()).await.unwrap().unwrap().event.unwrap();
            if let Event::NewEntries(news) = event {
                self.seen += news.entries.len() as u64;
            }
        }
    }

    /// Waits until the stream has ended.
    async fn ends(&mut self) {
        while let Ok(Some(_)) = soon(self.events.message()).await {}
    }
}

/// Far less than the tests' own limit, far more than anything here should take.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it takes too long")
}

/// An expert on two devices, a colleague of theirs, and their focal point on a further device.
struct Cast {
    first: Device,
    second: Device,
    colleague: Device,
    focal: Device,
    expert: Identity,
    expert_second: Identity,
}

impl Cast {
    async fn of(served: &Served) -> Self {
        let world = &served.world;
        let [first, second, colleague, focal] = [device(), device(), device(), device()];
        let expert = world.expert_on("CL", first.key()).await;
        let expert_second = world.further(&expert, second.key()).await;
        world.expert_on("CL", colleague.key()).await;
        world.further(&world.focal["CL"], focal.key()).await;
        Self { first, second, colleague, focal, expert, expert_second }
    }

    fn devices(&self) -> [&Device; 4] {
        [&self.first, &self.second, &self.colleague, &self.focal]
    }
}

async fn connected(served: &Served, expect: &BTreeSet<KeyId>) {
    let all = async || served.world.app.connections().keys().into_iter().collect::<BTreeSet<_>>();
    soon(async {
        while all().await != *expect {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// After `act`, the streams of the named devices end, and nobody else's connection is touched.
async fn cuts_exactly(cut: [bool; 4], act: impl AsyncFnOnce(&Served, &Cast)) {
    let served = Served::start().await;
    let cast = Box::pin(Cast::of(&served)).await;
    let mut followers = Vec::new();
    for device in cast.devices() {
        followers.push(Follower::follow(&served, device).await);
    }
    let all = followers.iter().map(|follower| follower.key).collect();
    connected(&served, &all).await;

    act(&served, &cast).await;
    let stay = followers.iter().zip(cut).filter(|(_, cut)| !cut).map(|(follower, _)| follower.key).collect();
    for (follower, _) in followers.iter_mut().zip(cut).filter(|(_, cut)| *cut) {
        follower.ends().await;
    }
    connected(&served, &stay).await;
    // One act more: whoever stays still follows, over the same connection.
    served.world.by_root(another_state()).await.unwrap();
    let size = served.world.size(&served.world.directory_id()).await;
    for (follower, cut) in followers.iter_mut().zip(cut) {
        if cut {
            let mut log = LogServiceClient::new(follower.channel.clone());
            let refused = log.list_channels(v1::ListChannelsRequest::default()).await.unwrap_err();
            assert_eq!(reason(&refused), "NOT_ENROLLED");
        } else {
            follower.sees(size).await;
        }
    }
}

fn another_state() -> Statement {
    Statement::AdmitState(chancery_core::act::AdmitState {
        state: crate::testing::state("BR"),
        group: chancery_core::act::RegionalGroup::Africa,
        standings: Vec::new(),
    })
}

#[tokio::test]
async fn a_revoked_device_is_cut_off_alone() {
    Box::pin(cuts_exactly([false, true, false, false], async |served: &Served, cast: &Cast| {
        let lost = RevokeDevice { user: cast.expert.user, device: cast.expert_second.device };
        let world = &served.world;
        world.state_in(&cast.expert, world.directory_id(), Statement::RevokeDevice(lost)).await.unwrap();
    }))
    .await;
}

#[tokio::test]
async fn a_person_who_is_removed_is_cut_off_on_every_device() {
    Box::pin(cuts_exactly([true, true, false, false], async |served: &Served, cast: &Cast| {
        let world = &served.world;
        let leaves = Statement::RemovePerson(cast.expert.user);
        world.state_in(&world.focal["CL"], world.directory_id(), leaves).await.unwrap();
    }))
    .await;
}

#[tokio::test]
async fn a_person_who_is_certified_anew_is_cut_off_on_the_old_devices() {
    Box::pin(cuts_exactly([true, true, false, false], async |served: &Served, cast: &Cast| {
        let (world, fresh) = (&served.world, device());
        world.recertify(&world.focal["CL"], cast.expert.user, fresh.key()).await;
        let mut follower = Follower::follow(served, &fresh).await;
        let size = world.size(&world.directory_id()).await;
        follower.sees(size).await;
    }))
    .await;
}

#[tokio::test]
async fn focal_points_who_are_replaced_are_cut_off() {
    Box::pin(cuts_exactly([false, false, false, true], async |served: &Served, _: &Cast| {
        served.world.replace().await;
    }))
    .await;
}

/// A device that says itself that it goes gets its receipt first.
#[tokio::test]
async fn one_who_leaves_by_its_own_word_hears_that_it_was_heard() {
    let served = Served::start().await;
    let (world, cast) = (&served.world, Box::pin(Cast::of(&served)).await);
    let mut follower = Follower::follow(&served, &cast.second).await;
    let itself = RevokeDevice { user: cast.expert.user, device: cast.expert_second.device };
    let act = world.act(&cast.expert_second, &world.directory_id(), Statement::RevokeDevice(itself)).await;
    let append = v1::AppendRequest {
        channel: bytes(world.directory_id().as_bytes()),
        entries: vec![to_wire(&bare(&act))],
    };
    let mut log = LogServiceClient::new(follower.channel.clone());
    let receipts = log.append(append).await.unwrap().into_inner().receipts;
    assert_eq!(receipts.len(), 1);
    let refused = log.list_channels(v1::ListChannelsRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_ENROLLED");
    follower.ends().await;
    connected(&served, &BTreeSet::new()).await;
}

/// The end of a time is no act: calls are refused from then on, and what is open ends with a heartbeat.
#[tokio::test]
async fn one_whose_time_is_over_is_cut_off_within_a_heartbeat() {
    let served = Served::start().await;
    let world = &served.world;
    let (temporary, colleague) = (device(), device());
    world.until(temporary.key(), world.now_ms() + 1_000).await;
    world.expert_on("CL", colleague.key()).await;
    let mut goes = Follower::follow(&served, &temporary).await;
    let mut stays = Follower::follow(&served, &colleague).await;
    let mut log = LogServiceClient::new(goes.channel.clone());
    world.later(999);
    assert!(log.list_channels(v1::ListChannelsRequest::default()).await.is_ok());
    world.later(1);
    let refused = log.list_channels(v1::ListChannelsRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_ENROLLED");
    goes.ends().await;
    connected(&served, &BTreeSet::from([colleague.key()])).await;
    world.by_root(another_state()).await.unwrap();
    stays.sees(world.size(&world.directory_id()).await).await;
}

/// Whoever was never known waits for its enrolment, and is left alone.
#[tokio::test]
async fn a_sweep_passes_over_newcomers() {
    let served = Served::start().await;
    let (newcomer, expert) = (device(), device());
    let person = served.world.expert_on("CL", expert.key()).await;
    let _connections = (served.connect(&newcomer).await, served.connect(&expert).await);
    connected(&served, &BTreeSet::from([newcomer.key(), expert.key()])).await;
    let leaves = Statement::RemovePerson(person.user);
    let world = &served.world;
    world.state_in(&world.focal["CL"], world.directory_id(), leaves).await.unwrap();
    connected(&served, &BTreeSet::from([newcomer.key()])).await;
    // It comes back as a stranger, to be found by the next sweep.
    let _again = served.connect(&expert).await;
    connected(&served, &BTreeSet::from([newcomer.key(), expert.key()])).await;
    assert_eq!(world.app.sweep().await, Ok(1));
    connected(&served, &BTreeSet::from([newcomer.key()])).await;
}
