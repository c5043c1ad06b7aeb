//! The team keys that a person holds: of the own State or secretariat team, and through it of all parties.

use std::collections::BTreeMap;

use chancery_core::act::{NewTeamGeneration, ShareTeam, Statement, Team};
use chancery_core::id::{ActId, KeyId};
use chancery_core::name::team_scope;
use chancery_seal::SealError;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::previous::unbox_previous;
use chancery_seal::secret::KemSeed;
use chancery_seal::wrap::{Purpose, WrapInfo, unwrap};

use crate::entry::{Entry, OwnWrap};
use crate::keyring::{Alert, UserRing};

/// One generation of a team's key, opened.
#[derive(Debug)]
pub struct TeamKey {
    /// The team.
    pub team: Team,
    /// The generation.
    pub generation: u64,
    /// The seed.
    pub seed: KemSeed,
    /// The pair.
    pub pair: KemKeyPair,
}

/// The team keys that a person holds.
#[derive(Debug, Default)]
pub struct TeamRing {
    keys: BTreeMap<(Team, u64), TeamKey>,
    by_id: BTreeMap<KeyId, (Team, u64)>,
}

/// An act of the directory that makes or hands on a team's key.
enum Keyed {
    Made(NewTeamGeneration),
    Shared(ShareTeam),
}

impl TeamRing {
    /// Opens every team key in a directory that is addressed to `own`, or to a team so opened, and from the
    /// oldest of them back.
    #[must_use]
    pub fn open(root: &KeyId, directory: &[Entry], own: &UserRing) -> (Self, Vec<Alert>) {
        let (mut ring, mut alerts) = (Self::default(), Vec::new());
        let acts: Vec<(ActId, Keyed, &Entry)> = directory.iter().filter_map(keyed).collect();
        let made: BTreeMap<(Team, u64), (&NewTeamGeneration, ActId, &Entry)> = acts
            .iter()
            .filter_map(|(id, act, entry)| match act {
                Keyed::Made(act) => Some(((act.team, act.generation), (act, *id, *entry))),
                Keyed::Shared(_) => None,
            })
            .collect();
        // All parties' key is addressed to teams, and a team's key may have reached this person later.
        for all_parties in [false, true] {
            for (id, act, entry) in &acts {
                let (team, generation) = act.which();
                let Some((making, _, _)) = made.get(&(team, generation)) else { continue };
                if (team == Team::AllParties) != all_parties {
                    continue;
                }
                for wrap in &entry.own_wraps {
                    if ring.open_wrap(root, making, wrap, own).is_err() {
                        alerts.push(Alert::wrap(*id));
                    }
                }
            }
            ring.step_back(root, &made, &mut alerts);
        }
        (ring, alerts)
    }

    /// One generation.
    #[must_use]
    pub fn get(&self, team: Team, generation: u64) -> Option<&TeamKey> {
        self.keys.get(&(team, generation))
    }

    /// The newest generation held.
    #[must_use]
    pub fn newest(&self, team: Team) -> Option<&TeamKey> {
        self.keys.range((team, 0)..=(team, u64::MAX)).next_back().map(|(_, key)| key)
    }

    /// The key pair of this id.
    #[must_use]
    pub fn pair(&self, id: &KeyId) -> Option<&KemKeyPair> {
        self.by_id.get(id).and_then(|which| self.keys.get(which)).map(|key| &key.pair)
    }

    fn open_wrap(
        &mut self,
        root: &KeyId,
        act: &NewTeamGeneration,
        wrap: &OwnWrap,
        own: &UserRing,
    ) -> Result<(), SealError> {
        if self.keys.contains_key(&(act.team, act.generation)) {
            return Ok(());
        }
        let Some(pair) = own.pair(&wrap.key_id).or_else(|| self.pair(&wrap.key_id)) else { return Ok(()) };
        let secret = unwrap(&team_info(root, act.team, act.generation), &act.commitment, pair, &wrap.wrap)?;
        self.hold(act, KemSeed::from_bytes(*secret))
    }

    fn step_back(
        &mut self,
        root: &KeyId,
        made: &BTreeMap<(Team, u64), (&NewTeamGeneration, ActId, &Entry)>,
        alerts: &mut Vec<Alert>,
    ) {
        for ((team, generation), (_, id, entry)) in made.iter().rev() {
            let Some(before) = generation.checked_sub(1) else { continue };
            let missing = !self.keys.contains_key(&(*team, before));
            let (Some(newer), Some(boxed)) = (self.get(*team, *generation), &entry.previous_box) else {
                continue;
            };
            let Some((older, _, _)) = made.get(&(*team, before)).filter(|_| missing) else { continue };
            let newer_info = team_info(root, *team, *generation);
            let opened = unbox_previous(&newer_info, newer.seed.as_bytes(), &older.commitment, boxed);
            let held = opened.and_then(|secret| self.hold(older, KemSeed::from_bytes(*secret)));
            if held.is_err() {
                alerts.push(Alert::previous_box(*id));
            }
        }
    }

    fn hold(&mut self, act: &NewTeamGeneration, seed: KemSeed) -> Result<(), SealError> {
        let pair = KemKeyPair::from_seed(&seed)?;
        if pair.public()[..] != act.kem[..] {
            return Err(SealError::SecretCommitment);
        }
        let which = (act.team, act.generation);
        self.by_id.insert(pair.key_id(), which);
        self.keys.insert(which, TeamKey { team: act.team, generation: act.generation, seed, pair });
        Ok(())
    }
}

impl Keyed {
    const fn which(&self) -> (Team, u64) {
        match self {
            Self::Made(act) => (act.team, act.generation),
            Self::Shared(act) => (act.team, act.generation),
        }
    }
}

fn keyed(entry: &Entry) -> Option<(ActId, Keyed, &Entry)> {
    let act = entry.act().ok()?;
    let id = act.content().header.act_id;
    match &act.content().statement {
        Statement::NewTeamGeneration(act) => Some((id, Keyed::Made(act.clone()), entry)),
        Statement::ShareTeam(act) => Some((id, Keyed::Shared(act.clone()), entry)),
        _ => None,
    }
}

/// Which secret of a team is meant.
#[must_use]
pub fn team_info(root: &KeyId, team: Team, generation: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::Team, scope: team_scope(root, team).into(), generation }
}
