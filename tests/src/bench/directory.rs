//! A directory of three thousand entries, as a client replays it, and the all-parties key of 190 States. Without a
//! server: what is measured is the client's own checking, beside the signatures alone.

use bytes::Bytes;
use chancery_client::entry::Entry;
use chancery_client::keyring::team_info;
use chancery_client::verify::{DirectoryCopy, Growth, extend_directory, in_parallel};
use chancery_core::act::{Role, SignedAct, Statement, Team, VerifiedAct};
use chancery_core::id::StateCode;
use chancery_core::log::Tree;
use chancery_core::policy::author_key;
use chancery_seal::secret::KemSeed;
use chancery_seal::wrap::wrap;

use super::Extent;
use super::clock::Watch;
use super::table::{Better, Goal, Pair, Row};
use crate::served::Served;
use crate::{Deployment, NOW_MS, person};

/// Parties, as the Convention has them.
const STATES: usize = 190;
/// Entries of the whole; what is over goes to experts.
const ENTRIES: usize = 3_000;
/// Entries that come after a copy was brought up to date.
const NEW: usize = 10;

/// Measures. Counts only if one altered entry of the three thousand is found, by its number.
#[must_use]
pub fn run(extent: Extent) -> Vec<Row> {
    let states = if extent.quick { 20 } else { STATES };
    let entries = if extent.quick { 300 } else { ENTRIES };
    let (mut all, officer) = populated(states, entries);
    let mut made = Vec::new();
    for _ in 0..extent.rounds {
        let (before, acts) = (all.directory.clone(), all.directory_acts.len());
        let watch = Watch::start();
        let (generation, _) = all.team_generation(Team::AllParties);
        let recipients = recipients_of(&generation);
        all.in_directory(&officer, generation).unwrap();
        made.push(Pair { ours: watch.ms(), bare: bare_wraps(&all, &recipients) });
        assert_eq!(recipients.len(), states + 1, "every State, and the secretariat");
        all.directory = before;
        all.directory_acts.truncate(acts);
    }
    let served = Served::directory(&all);
    finds_an_altered_entry(&all, &served);
    let (mut whole, mut more) = (Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        let mut copy = DirectoryCopy::new(all.root.key_id());
        let first = up_to(&served, entries - NEW);
        let watch = Watch::start();
        extend_directory(&all.mechanism, &mut copy, first).unwrap();
        whole.push(Pair { ours: watch.ms(), bare: bare_signatures(&all, entries - NEW) });
        let rest = served.growth(entries - NEW);
        let watch = Watch::start();
        extend_directory(&all.mechanism, &mut copy, rest).unwrap();
        more.push(watch.ms());
        assert_eq!(copy.head(), all.directory.log.head(), "every entry is there");
    }
    vec![
        Row::pairs(
            &format!("replay a directory of {entries} entries, all verified"),
            "ms",
            Better::Less,
            whole,
            &[Goal::Under(500.0)],
        ),
        Row::alone(&format!("  {NEW} more entries"), "ms", Better::Less, more, &[]),
        Row::pairs(
            &format!("an all-parties key for {states} States"),
            "ms",
            Better::Less,
            made,
            &[Goal::Under(1_000.0)],
        ),
    ]
}

/// A deployment of so many States, each with its focal point, its team's key and experts, filled up to so many
/// entries.
fn populated(states: usize, entries: usize) -> (Deployment, crate::Identity) {
    let (mut all, officer) = Deployment::found();
    let there: Vec<StateCode> = all.state_keys.keys().copied().collect();
    let codes = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| crate::state(&format!("{a}{b}"))));
    let new: Vec<StateCode> = codes.filter(|code| !there.contains(code)).take(states - there.len()).collect();
    for code in &new {
        all.admit_state(*code);
    }
    let mut focals = Vec::new();
    for code in there.into_iter().chain(new) {
        let focal = person();
        all.admit(&focal, Role::FocalPoint, Some((code, None)), &[]).unwrap();
        let (generation, _) = all.team_generation(Team::State(code));
        all.in_directory(&focal, generation).unwrap();
        focals.push((code, focal));
    }
    let mut turn = 0;
    while all.directory_acts.len() < entries {
        let (code, focal) = &focals[turn % focals.len()];
        all.admit(&person(), Role::Expert, Some((*code, Some(focal))), &["firearms"]).unwrap();
        turn += 1;
    }
    (all, officer)
}

fn up_to(served: &Served, size: usize) -> Growth {
    Growth { entries: served.entries[..size].to_vec(), note: served.sign(served.head(size)), now_ms: NOW_MS }
}

fn finds_an_altered_entry(all: &Deployment, served: &Served) {
    let at = served.entries.len() / 2;
    let mut growth = up_to(served, served.entries.len());
    let Entry { signed, .. } = &mut growth.entries[at];
    let mut bytes = signed.to_vec();
    // The envelope ends with the signature, the signer's id (2 + 32) and the suite (2).
    let signature = bytes.len() - 36 - 64;
    bytes[signature] ^= 1;
    *signed = Bytes::from(bytes);
    let mut copy = DirectoryCopy::new(all.root.key_id());
    let error = extend_directory(&all.mechanism, &mut copy, growth).unwrap_err();
    assert_eq!(error.at.map(|at| at.index), Some(at as u64), "{error}");
}

/// Milliseconds for the same acts: decoded, their signatures checked, their leaves hashed.
fn bare_signatures(all: &Deployment, size: usize) -> f64 {
    let root = all.root.key_id();
    let acts = &all.directory_acts[..size];
    let keys: Vec<_> = acts.iter().map(|act| author_key(&all.directory, act).unwrap()).collect();
    let signed: Vec<_> = acts.iter().map(|act| act.bytes().clone()).zip(keys).collect();
    let watch = Watch::start();
    let leaves = in_parallel(&signed, |(bytes, key)| {
        let act = VerifiedAct::new(SignedAct::decode(bytes.clone())?, *key, &root)?;
        Ok::<_, chancery_core::act::ActError>(chancery_core::log::leaf_hash(act.act().bytes(), NOW_MS))
    });
    let tree = Tree::of(leaves.unwrap());
    let taken = watch.ms();
    assert_eq!(tree.size(), size as u64);
    taken
}

fn recipients_of(generation: &Statement) -> Vec<chancery_core::id::KeyId> {
    let Statement::NewTeamGeneration(act) = generation else { panic!("{generation:?}") };
    act.recipients.key_ids.clone()
}

/// Milliseconds for the wraps alone.
fn bare_wraps(all: &Deployment, recipients: &[chancery_core::id::KeyId]) -> f64 {
    let info = team_info(&all.root.key_id(), Team::AllParties, 0);
    let secret = KemSeed::make().unwrap();
    let now = all.directory.now(NOW_MS);
    let publics: Vec<_> = recipients.iter().map(|id| now.team_by_kem(id).unwrap().kem.clone()).collect();
    let watch = Watch::start();
    for public in &publics {
        assert!(!wrap(&info, secret.as_bytes(), public).unwrap().is_empty());
    }
    watch.ms()
}
