//! From the keys of a home to those of its teams, and to the secrets of channels.

use std::collections::BTreeMap;

use chancery_client::compose::epoch_info;
use chancery_client::keyring::{Keyring, team_info, user_info};
use chancery_core::act::{NewEpoch, NewTeamGeneration, Statement};
use chancery_core::id::{Digest, KeyId, UserId};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::previous::{unbox_previous, unbox_seed};
use chancery_seal::secret::{EpochSecret, KemSeed};
use chancery_seal::wrap::unwrap;

use super::{Opened, Stored, StoredChannel, StoredEntry};

/// Opens every generation of every person's own key that a key at hand leads to, and adds it to those at hand,
/// until nothing more opens: by what was handed to a device or a recovery sheet, and from there back.
pub(super) fn open_people(stored: &Stored, own: &mut Vec<KemKeyPair>) {
    let entries = || stored.channels.iter().flat_map(|channel| &channel.entries);
    let handed: Vec<(UserId, Digest, &StoredEntry)> = entries().filter_map(handed).collect();
    let mut seeds: BTreeMap<(UserId, u64), [u8; 32]> = BTreeMap::new();
    loop {
        let before = seeds.len();
        for (user, commitment, entry) in &handed {
            // An act does not say of which generation it hands on the seed: each is tried.
            for generation in 0..GENERATIONS_TRIED {
                let info = user_info(*user, generation);
                let opened = own.iter().find_map(|pair| {
                    entry.wraps.iter().find_map(|wrap| unwrap(&info, commitment, pair, wrap).ok())
                });
                let older = |seed: &[u8; 32]| {
                    let boxed = entry.previous_box.as_ref()?;
                    unbox_seed(&info, seed, boxed).ok().map(|older| *older)
                };
                if let Some(seed) = opened {
                    let back = generation.checked_sub(1).zip(older(&seed));
                    seeds.extend(back.map(|(before, seed)| ((*user, before), seed)));
                    seeds.insert((*user, generation), *seed);
                }
            }
        }
        if seeds.len() == before {
            break;
        }
        own.extend(seeds.values().map(|seed| KemKeyPair::from_seed(&KemSeed::from_bytes(*seed)).unwrap()));
    }
}

fn handed(entry: &StoredEntry) -> Option<(UserId, Digest, &StoredEntry)> {
    let content = entry.act.as_ref()?.content();
    let commitment = match &content.statement {
        Statement::NewUserKey(act) => act.commitment,
        Statement::AddDevice(act) => act.handed.as_ref()?.commitment,
        Statement::SetRecovery(act) => act.handed.commitment,
        _ => return None,
    };
    Some((content.user()?, commitment, entry))
}

/// More than anybody has in these tests.
const GENERATIONS_TRIED: u64 = 8;

/// Opens every team's key that a key at hand leads to, and adds it to those at hand, until nothing more opens.
pub(super) fn open_teams(root: &KeyId, stored: &Stored, own: &mut Vec<KemKeyPair>) -> Vec<Opened> {
    let entries = || stored.channels.iter().flat_map(|channel| &channel.entries);
    let wraps: Vec<&[u8]> = entries().flat_map(|entry| &entry.wraps).map(|wrap| &wrap[..]).collect();
    let made: Vec<(&NewTeamGeneration, &StoredEntry)> = entries().filter_map(generation).collect();
    let mut seeds: Vec<Option<[u8; 32]>> = vec![None; made.len()];
    loop {
        let mut grown = false;
        for (at, (act, _)) in made.iter().enumerate() {
            if seeds[at].is_some() {
                continue;
            }
            let info = team_info(root, act.team, act.generation);
            let unwrapped = own.iter().find_map(|pair| {
                wraps.iter().find_map(|wrap| unwrap(&info, &act.commitment, pair, wrap).ok())
            });
            let stepped = || {
                made.iter().zip(&seeds).find_map(|((newer, entry), seed)| {
                    let info = team_info(root, newer.team, newer.generation);
                    let boxed = entry.previous_box.as_ref()?;
                    unbox_previous(&info, seed.as_ref()?, &act.commitment, boxed).ok()
                })
            };
            if let Some(seed) = unwrapped.or_else(stepped) {
                own.push(KemKeyPair::from_seed(&KemSeed::from_bytes(*seed)).unwrap());
                seeds[at] = Some(*seed);
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    let opened = made.iter().zip(&seeds).filter(|(_, seed)| seed.is_some());
    opened
        .map(|((act, _), _)| Opened::TeamKey { team: format!("{:?}", act.team), generation: act.generation })
        .collect()
}

/// Opens every epoch of a channel: by any wrap of it, and from each that opens back to the one before.
pub(super) fn open_epochs(
    channel: &StoredChannel,
    own: &[KemKeyPair],
    found: &mut Vec<Opened>,
) -> (Keyring, Vec<u64>) {
    let made: Vec<(&NewEpoch, &StoredEntry)> = channel.entries.iter().filter_map(epoch).collect();
    let beside = channel.entries.iter().flat_map(|entry| &entry.wraps);
    let inline = made.iter().filter_map(|(act, _)| Some(&act.secretariat.as_ref()?.wrap));
    let wraps: Vec<&[u8]> = beside.chain(inline).map(|wrap| &wrap[..]).collect();
    let mut ring = Keyring::new(channel.id);
    let mut newer: Option<(&NewEpoch, &StoredEntry)> = None;
    let mut epochs = Vec::new();
    for (act, entry) in made.iter().rev() {
        let info = epoch_info(channel.id, act.number);
        let unwrapped = own
            .iter()
            .find_map(|pair| wraps.iter().find_map(|wrap| unwrap(&info, &act.commitment, pair, wrap).ok()));
        let opened = if let Some(secret) = unwrapped {
            ring.hold(act.number, EpochSecret::from_bytes(*secret));
            true
        } else {
            let boxed = newer.and_then(|(newer, entry)| Some((newer, entry.previous_box.as_ref()?)));
            boxed.is_some_and(|(newer, boxed)| ring.open_previous(newer, &act.commitment, boxed).is_ok())
        };
        if opened {
            epochs.push(act.number);
            found.push(Opened::Epoch { channel: channel.id.to_string(), number: act.number });
        }
        newer = Some((act, entry));
    }
    (ring, epochs)
}

fn generation(entry: &StoredEntry) -> Option<(&NewTeamGeneration, &StoredEntry)> {
    match &entry.act.as_ref()?.content().statement {
        Statement::NewTeamGeneration(act) => Some((act, entry)),
        _ => None,
    }
}

fn epoch(entry: &StoredEntry) -> Option<(&NewEpoch, &StoredEntry)> {
    match &entry.act.as_ref()?.content().statement {
        Statement::NewEpoch(act) => Some((act, entry)),
        _ => None,
    }
}
