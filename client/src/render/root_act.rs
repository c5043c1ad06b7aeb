//! What an act of the root does, for whoever is asked to sign it and has nothing but the act.

use std::fmt::Display;

use chancery_core::act::{
    AnnounceReplacement, CertifyStateKey, CompleteReplacement, PersonKeys, RegionalGroup, Role, Standing,
    Statement,
};
use chancery_core::id::{InstrumentCode, StateCode};
use chancery_core::name::{KeyAlgorithm, key_id};

use super::words::{date, role};
use crate::fingerprint;

/// The act in plain words, all of it. Of a completed replacement `announced` is what it completes.
#[must_use]
pub fn root_act(statement: &Statement, announced: Option<&AnnounceReplacement>) -> String {
    match statement {
        Statement::AdmitState(act) => format!(
            "  enters {} into the roster, of {}:\n{}",
            name(act.state),
            group(act.group),
            standings(&act.standings)
        ),
        Statement::AmendState(act) => format!(
            "  gives {} this standing in place of the one before:\n{}",
            name(act.state),
            standings(&act.standings)
        ),
        Statement::CertifyStateKey(act) => certify(act),
        Statement::AdmitPerson(act) => {
            let place = match (act.role, act.state, act.secretariat_team) {
                (Role::Officer, _, Some(team)) => {
                    format!("an officer of the secretariat, team {team}, who reads every review of that team")
                }
                (of, Some(state), _) => format!("{} of {}", a(of), name(state)),
                (of, None, _) => a(of),
            };
            let until = act.expires_ms.map(|end| format!(", until {}", date(end))).unwrap_or_default();
            format!(
                "  admits the person {} as {place}{until}\n{}",
                act.keys.user,
                keys(&act.keys, &act.keys_bytes)
            )
        }
        Statement::RemovePerson(user) => {
            format!("  removes the person {user} from the directory, for good")
        }
        Statement::Recertify(act) => format!(
            "  certifies the person {} anew: these keys hold, and every device before is refused\n{}",
            act.keys.user,
            keys(&act.keys, &act.keys_bytes)
        ),
        Statement::RevokeDevice(act) => {
            format!("  shuts out the device {} of the person {}", act.device, act.user)
        }
        Statement::AnnounceReplacement(act) => format!(
            "  announces that the person {} will take the place of every focal point of {}, and that the State gets \
             another key, {}, 72 hours later or after that; until then the State can object\n{}",
            act.keys.user,
            name(act.state),
            key_id(KeyAlgorithm::Ed25519, &act.key),
            keys(&act.keys, &act.keys_bytes)
        ),
        Statement::CompleteReplacement(act) => complete(act, announced),
        // Nothing else is put into a file.
        other => format!("  {}", other.kind()),
    }
}

fn certify(act: &CertifyStateKey) -> String {
    let id = key_id(KeyAlgorithm::Ed25519, &act.key);
    format!("  certifies the key with which {} speaks, generation {}: {id}", name(act.state), act.generation)
}

fn complete(act: &CompleteReplacement, announced: Option<&AnnounceReplacement>) -> String {
    let who = announced.map_or_else(
        || format!("whoever was announced in act {}", act.announcement),
        |announced| format!("the person {}", announced.keys.user),
    );
    let with = announced.map(|one| keys(&one.keys, &one.keys_bytes) + "\n").unwrap_or_default();
    format!(
        "  completes the replacement of the focal points of {0}: {who} takes the place of all of them, and the \
         State's key of generation {1} is another, {2}\n{with}  With both custodians' signatures this holds even if \
         {0} has objected. Nothing in this file says whether it has: ask the State.",
        name(act.state),
        act.generation,
        key_id(KeyAlgorithm::Ed25519, &act.key),
    )
}

/// The digits are those that the newcomer sees.
fn keys(keys: &PersonKeys, bytes: &[u8]) -> String {
    format!("    device {}\n    keys   {}", keys.device, fingerprint::of_keys(bytes))
}

fn standings(all: &[(InstrumentCode, Standing)]) -> String {
    let of = |wanted: Standing| {
        let codes: Vec<&str> =
            all.iter().filter(|(_, standing)| *standing == wanted).map(|(code, _)| code.as_str()).collect();
        if codes.is_empty() { "nothing".to_owned() } else { codes.join(", ") }
    };
    format!("    party to {}; signatory of {}", of(Standing::Party), of(Standing::Signatory))
}

fn name(state: StateCode) -> impl Display {
    format!("{} ({state})", state.english_name())
}

fn a(of: Role) -> String {
    let word = role(of);
    let article = if word.starts_with(['e', 'o']) { "an" } else { "a" };
    format!("{article} {word}")
}

const fn group(group: RegionalGroup) -> &'static str {
    match group {
        RegionalGroup::Africa => "the African States",
        RegionalGroup::AsiaPacific => "the Asia-Pacific States",
        RegionalGroup::EasternEurope => "the Eastern European States",
        RegionalGroup::LatinAmericaCaribbean => "the Latin American and Caribbean States",
        RegionalGroup::WesternEuropeOthers => "the Western European and other States",
    }
}

#[cfg(test)]
mod tests {
    use chancery_core::act::{AdmitPerson, AdmitState, AmendState, Recertify, RevokeDevice};
    use chancery_core::id::{ActId, KeyId, TeamId};

    use super::*;
    use crate::identity::Identity;

    #[test]
    fn all_of_an_act_is_in_its_words() {
        let check = |statement: Statement, expected: &[&str]| {
            let words = root_act(&statement, None);
            for part in expected {
                assert!(words.contains(part), "{part}: {words}");
            }
        };
        let code = |text: &str| text.parse().unwrap();
        let standings = vec![(code("tip"), Standing::Signatory), (code("untoc"), Standing::Party)];
        let state = "KE".parse().unwrap();
        let admit = AdmitState { state, group: RegionalGroup::Africa, standings: standings.clone() };
        check(Statement::AdmitState(admit), &["Kenya (KE)", "African", "party to untoc", "signatory of tip"]);
        let none = AmendState { state, standings: Vec::new() };
        check(Statement::AmendState(none), &["Kenya (KE)", "party to nothing; signatory of nothing"]);

        let identity = Identity::make(KeyId::new([1; 32])).unwrap();
        let (keys, keys_bytes) = (identity.public_keys(), identity.public_keys().encode());
        let (user, device) = (keys.user.to_string(), keys.device.to_string());
        let digits = fingerprint::of_keys(&keys_bytes);
        let team = TeamId::new([2; 16]);
        let admit = AdmitPerson {
            keys,
            keys_bytes: keys_bytes.into(),
            possession: [0; 64],
            role: Role::Officer,
            state: None,
            instruments: Vec::new(),
            secretariat_team: Some(team),
            membership: None,
            expires_ms: None,
        };
        let team = team.to_string();
        check(Statement::AdmitPerson(admit.clone()), &[&user, &device, &digits, &team, "an officer"]);
        let focal = AdmitPerson {
            role: Role::FocalPoint,
            state: Some(state),
            secretariat_team: None,
            expires_ms: Some(0),
            ..admit
        };
        check(Statement::AdmitPerson(focal.clone()), &["a focal point of Kenya (KE), until 1970-01-01"]);
        let AdmitPerson { keys, keys_bytes, possession, .. } = focal;
        let person = keys.user;
        check(Statement::RemovePerson(person), &[&user, "for good"]);
        let lost = RevokeDevice { user: person, device: keys.device };
        check(Statement::RevokeDevice(lost), &[&user, &device]);

        let (announcement, key) = (ActId::new([3; 16]), [4; 32]);
        let id = key_id(KeyAlgorithm::Ed25519, &key).to_string();
        let certify = CertifyStateKey { state, key, generation: 0 };
        check(Statement::CertifyStateKey(certify), &["Kenya (KE)", "generation 0", &id]);
        let anew =
            Recertify { keys: keys.clone(), keys_bytes: keys_bytes.clone(), possession, membership: None };
        check(Statement::Recertify(anew), &[&user, &device, &digits, "every device before is refused"]);
        let announce = AnnounceReplacement { state, keys, keys_bytes, possession, key };
        check(
            Statement::AnnounceReplacement(announce),
            &["Kenya (KE)", &user, &device, &digits, &id, "72 hours"],
        );
        let complete = CompleteReplacement { announcement, state, key, generation: 2 };
        check(Statement::CompleteReplacement(complete), &["Kenya (KE)", "generation 2", &id, "has objected"]);
    }
}
