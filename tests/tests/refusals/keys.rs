//! Devices, people's own keys, recovery sheets, and the keys of States.

use bytes::Bytes;
use chancery_client::compose::Signer;
use chancery_core::act::{
    AddDevice, Author, DepositShares, DeviceKeys, GiveShare, Handed, KeySuccession, NewUserKey, Recertify,
    Recipients, ReplaceStateKey, Role, SetRecovery, ShareStateKey, StateStatement, Statement,
};
use chancery_core::error::Reason;
use chancery_core::id::{DeviceId, Digest, KeyId, UserId};
use chancery_core::limits::{DEVICES_MAX, SHARES_MAX};
use chancery_core::name::Namespace;
use chancery_core::state::Person;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::{KemSeed, SigningSeed};
use chancery_seal::sign::SigningKey;
use chancery_tests::stage::{At, Stage, What};
use chancery_tests::{anew, person, random, state};

use super::{Row, after, row};

/// A fresh X-Wing key.
fn kem() -> (Bytes, KeyId) {
    let pair = KemKeyPair::from_seed(&KemSeed::make().unwrap()).unwrap();
    (Bytes::copy_from_slice(pair.public()), pair.key_id())
}

fn to(key_ids: Vec<KeyId>) -> Recipients {
    Recipients { key_ids, wraps_root: Digest::of(b"wraps") }
}

fn handed(key_ids: Vec<KeyId>) -> Handed {
    Handed { commitment: Digest::of(b"secret"), recipients: to(key_ids) }
}

fn known<'a>(stage: &'a Stage, who: &str) -> Person<'a> {
    stage.all.directory.now(stage.all.now_ms).person(&stage.people[who].user).unwrap()
}

/// A further device of this person, as it signs its keys; with its key.
fn device(stage: &Stage, user: UserId) -> (AddDevice, SigningKey) {
    let sign = SigningKey::make().unwrap();
    let (kem, kem_id) = kem();
    let keys = DeviceKeys {
        user,
        device: random(),
        sign: sign.public(),
        kem,
        tls_key: KeyId::new(*Digest::of(&sign.public()).as_bytes()),
    };
    let keys_bytes = Bytes::from(keys.encode());
    let root = stage.all.root.key_id();
    let possession = sign.sign(Namespace::DevicePossession, &root, &keys_bytes);
    (AddDevice { keys, keys_bytes, possession, handed: Some(handed(vec![kem_id])) }, sign)
}

/// Adds a device to a person by the person's first; which one it is.
pub(super) fn add(stage: &mut Stage, who: &str) -> DeviceId {
    let (act, _) = device(stage, stage.people[who].user);
    let id = act.keys.device;
    stage.directory(who, Statement::AddDevice(act)).unwrap();
    id
}

/// Adds a device, as `change` leaves it.
fn add_with(stage: &mut Stage, who: &str, change: impl FnOnce(&Stage, &mut AddDevice)) -> Result<(), Reason> {
    let (mut act, _) = device(stage, stage.people[who].user);
    change(stage, &mut act);
    stage.directory(who, Statement::AddDevice(act))
}

pub(super) fn revoke(stage: &mut Stage, by: &str, of: &str, device: DeviceId) -> Result<(), Reason> {
    let user = stage.people[of].user;
    stage.directory(by, Statement::RevokeDevice(chancery_core::act::RevokeDevice { user, device }))
}

/// The next generation of a person's own key, as `change` leaves it.
pub(super) fn new_user_key(
    stage: &mut Stage,
    who: &str,
    change: impl FnOnce(&mut NewUserKey),
) -> Result<(), Reason> {
    let person = known(stage, who);
    let mut act = NewUserKey {
        generation: person.newest_key().unwrap().generation + 1,
        kem: kem().0,
        commitment: Digest::of(b"seed"),
        previous_box: Some(Digest::of(b"box")),
        recipients: to(person.own_recipients()),
    };
    change(&mut act);
    stage.directory(who, Statement::NewUserKey(act))
}

/// A recovery sheet; its signing key.
fn set_recovery(
    stage: &mut Stage,
    who: &str,
    change: impl FnOnce(&Stage, &mut SetRecovery),
) -> Result<SigningKey, Reason> {
    let sign = SigningKey::make().unwrap();
    let (kem, kem_id) = kem();
    let mut act = SetRecovery { sign: sign.public(), kem, handed: handed(vec![kem_id]) };
    change(stage, &mut act);
    stage.directory(who, Statement::SetRecovery(act))?;
    Ok(sign)
}

/// A device is added by the sheet, as `change` leaves it.
fn recover(
    stage: &mut Stage,
    who: &str,
    sheet: &SigningKey,
    change: impl FnOnce(&mut AddDevice),
) -> Result<(), Reason> {
    let (mut act, _) = device(stage, stage.people[who].user);
    act.handed = None;
    change(&mut act);
    let author = Author::Person { user: stage.people[who].user, device: act.keys.device };
    let act = sheet_act(stage, author, sheet, Statement::AddDevice(act));
    stage.append_to_directory(act, sheet.public())
}

fn sheet_act(
    stage: &Stage,
    author: Author,
    sheet: &SigningKey,
    statement: Statement,
) -> chancery_core::act::SignedAct {
    let root = stage.all.root.key_id();
    let standpoint = chancery_client::compose::Standpoint {
        channel: chancery_core::name::directory_channel(&root),
        author,
        clock_ms: 0,
        seen: chancery_core::log::Tree::default().head(),
        epoch: 0,
        basis: None,
    };
    Signer { key: sheet, root: &root }.act(&standpoint, random(), statement).unwrap()
}

/// The next key of Chile, as `change` leaves it.
pub(super) fn replace_state_key(
    stage: &mut Stage,
    by: &str,
    change: impl FnOnce(&Stage, &mut ReplaceStateKey),
) -> Result<(), Reason> {
    let chile = state("CL");
    let root = stage.all.root.key_id();
    let now = stage.all.directory.now(stage.all.now_ms);
    let generation = now.state_key(&chile).unwrap().generation + 1;
    let (next, recipients) = (SigningKey::make().unwrap(), now.state_key_recipients(chile));
    let word = KeySuccession { state: chile, key: next.public(), generation };
    let signer = Signer { key: stage.state_key("CL"), root: &root };
    let succession = signer.statement(&StateStatement::KeySuccession(word)).unwrap();
    let handed = handed(recipients);
    let mut act = ReplaceStateKey { state: chile, key: next.public(), generation, succession, handed };
    change(stage, &mut act);
    stage.directory(by, Statement::ReplaceStateKey(act))?;
    stage.all.state_keys.insert(chile, next);
    Ok(())
}

fn share_state_key(stage: &mut Stage, by: &str, with: KeyId, generation: u64) -> Result<(), Reason> {
    let act = ShareStateKey { state: state("CL"), generation, handed: handed(vec![with]) };
    stage.directory(by, Statement::ShareStateKey(act))
}

fn deposit(stage: &mut Stage, by: &str, holders: &[&str], threshold: u32) -> Result<(), Reason> {
    let mut keys: Vec<KeyId> = holders.iter().filter_map(|who| known(stage, who).kem_id()).collect();
    keys.sort_unstable();
    let commitments = keys.iter().map(|key| Digest::of(key.as_bytes())).collect();
    let recipients = to(keys);
    let act = DepositShares { state: state("CL"), generation: 0, threshold, recipients, commitments };
    stage.directory(by, Statement::DepositShares(act))
}

/// Hands on the share of `by` in the last deposit.
fn give_share(
    stage: &mut Stage,
    by: &str,
    with: &str,
    change: impl FnOnce(&mut GiveShare),
) -> Result<(), Reason> {
    let own = stage.people[by].user_kem.key_id();
    let deposit =
        stage.all.directory.now(stage.all.now_ms).state(&state("CL")).unwrap().deposits.last().unwrap();
    let position = deposit.holders.iter().position(|key| *key == own).unwrap_or_default();
    let mut act = GiveShare {
        deposit: deposit.act,
        position: u32::try_from(position).unwrap(),
        to: stage.people[with].user,
        recipients: to(vec![stage.people[with].user_kem.key_id()]),
    };
    change(&mut act);
    stage.directory(by, Statement::GiveShare(act))
}

/// Fresh keys under an old id, as `by` certifies them.
fn recertify(
    stage: &mut Stage,
    by: &str,
    of: &str,
    word: bool,
    change: impl FnOnce(&mut Recertify),
) -> Result<(), Reason> {
    let mut act = stage.recertification(&anew(stage.people[of].user)).unwrap();
    act.membership = act.membership.filter(|_| word);
    change(&mut act);
    stage.directory(by, Statement::Recertify(act))
}

pub(super) fn rows() -> Vec<Row> {
    [devices(), own_keys(), sheets(), state_keys(), shares(), certified_anew(), consequences()]
        .into_iter()
        .flatten()
        .collect()
}

fn devices() -> Vec<Row> {
    use Reason::{
        AlreadyThere, BadPossession, FocalPointRequired, LastDevice, NoSuchSubject, NotEntitled, TooManyKeys,
        UnknownDevice, WrongRecipients,
    };
    let first = |s: &Stage, who: &str| s.people[who].device;
    vec![
        row(BadPossession, "a device that has not signed its keys", |s| {
            add_with(s, "expert", |_, act| act.possession[0] ^= 1)
        }),
        row(NotEntitled, "a device of somebody else", |s| {
            let (act, _) = device(s, s.people["chile"].user);
            s.directory("expert", Statement::AddDevice(act))
        }),
        row(WrongRecipients, "a device that is not handed the person's key", |s| {
            add_with(s, "expert", |_, act| act.handed = None)
        }),
        row(WrongRecipients, "the person's key is handed to another device", |s| {
            let other = s.people["kenya"].user_kem.key_id();
            add_with(s, "expert", move |_, act| act.handed = Some(handed(vec![other])))
        }),
        after(AlreadyThere, "a device twice", |s| {
            let (act, _) = device(s, s.people["expert"].user);
            s.directory("expert", Statement::AddDevice(act.clone())).unwrap();
            Box::new(|s| s.directory("expert", Statement::AddDevice(act)))
        }),
        after(TooManyKeys, "one device more than a person has", |s| {
            for _ in 1..DEVICES_MAX {
                add(s, "expert");
            }
            Box::new(|s| add_with(s, "expert", |_, _| ()))
        }),
        row(LastDevice, "a person's only device", move |s| {
            let device = first(s, "expert");
            revoke(s, "expert", "expert", device)
        }),
        row(NoSuchSubject, "a device that is not there", |s| {
            revoke(s, "chile", "expert", DeviceId::new([1; 16]))
        }),
        row(NotEntitled, "Kenya revokes a device of Chile's expert", move |s| {
            let device = first(s, "expert");
            revoke(s, "kenya", "expert", device)
        }),
        row(NotEntitled, "an officer revokes an expert's device", move |s| {
            let device = first(s, "expert");
            revoke(s, "officer", "expert", device)
        }),
        row(FocalPointRequired, "the root revokes an expert's device", move |s| {
            let device = first(s, "expert");
            revoke(s, "root", "expert", device)
        }),
        row(FocalPointRequired, "an expert revokes its colleague's device", move |s| {
            let device = first(s, "observer");
            revoke(s, "expert", "observer", device)
        }),
        after(UnknownDevice, "a revoked device speaks", move |s| {
            let device = first(s, "expert");
            revoke(s, "chile", "expert", device).unwrap();
            Box::new(|s| new_user_key(s, "expert", |_| ()))
        }),
    ]
}

fn own_keys() -> Vec<Row> {
    use Reason::{AlreadyThere, NotEntitled, WrongGeneration, WrongRecipients};
    vec![
        row(NotEntitled, "the root makes a person's key", |s| {
            let (kem, id) = kem();
            let act = NewUserKey {
                generation: 1,
                kem,
                commitment: Digest::of(b"seed"),
                previous_box: Some(Digest::of(b"box")),
                recipients: to(vec![id]),
            };
            s.directory("root", Statement::NewUserKey(act))
        }),
        row(WrongGeneration, "a generation is left out", |s| {
            new_user_key(s, "expert", |act| act.generation += 1)
        }),
        row(AlreadyThere, "somebody else's key", |s| {
            let taken = Bytes::copy_from_slice(s.people["kenya"].user_kem.public());
            new_user_key(s, "expert", |act| act.kem = taken)
        }),
        row(WrongRecipients, "a device too few", |s| {
            new_user_key(s, "expert", |act| act.recipients.key_ids.clear())
        }),
        row(WrongRecipients, "a key too many", |s| {
            let one_more = s.people["kenya"].device_kem.key_id();
            new_user_key(s, "expert", |act| {
                act.recipients.key_ids.push(one_more);
                act.recipients.key_ids.sort_unstable();
            })
        }),
        after(WrongRecipients, "a device that was revoked", |s| {
            let device = add(s, "expert");
            let before = known(s, "expert").own_recipients();
            revoke(s, "expert", "expert", device).unwrap();
            Box::new(|s| new_user_key(s, "expert", |act| act.recipients.key_ids = before))
        }),
        row(WrongRecipients, "the key before is not in a box", |s| {
            new_user_key(s, "expert", |act| act.previous_box = None)
        }),
    ]
}

fn sheets() -> Vec<Row> {
    use Reason::{AlreadyThere, NotEntitled, UnknownDevice, WrongRecipients, WrongSigner};
    vec![
        row(AlreadyThere, "a sheet with a device's key", |s| {
            let taken = s.people["kenya"].sign.public();
            set_recovery(s, "expert", |_, act| act.sign = taken).map(drop)
        }),
        row(WrongRecipients, "a sheet that is not handed the person's key", |s| {
            let other = s.people["kenya"].user_kem.key_id();
            set_recovery(s, "expert", |_, act| act.handed = handed(vec![other])).map(drop)
        }),
        row(UnknownDevice, "a sheet that nobody has set", |s| {
            recover(s, "expert", &SigningKey::make().unwrap(), |_| ())
        }),
        after(WrongSigner, "another sheet than the person's", |s| {
            set_recovery(s, "expert", |_, _| ()).unwrap();
            Box::new(|s| recover(s, "expert", &SigningKey::make().unwrap(), |_| ()))
        }),
        after(WrongSigner, "a sheet that was replaced", |s| {
            let old = set_recovery(s, "expert", |_, _| ()).unwrap();
            set_recovery(s, "expert", |_, _| ()).unwrap();
            Box::new(move |s| recover(s, "expert", &old, |_| ()))
        }),
        after(NotEntitled, "a sheet adds a device of somebody else", |s| {
            let sheet = set_recovery(s, "expert", |_, _| ()).unwrap();
            Box::new(move |s| {
                let (other, _) = device(s, s.people["chile"].user);
                let author = Author::Person { user: s.people["expert"].user, device: other.keys.device };
                let act =
                    sheet_act(s, author, &sheet, Statement::AddDevice(AddDevice { handed: None, ..other }));
                s.append_to_directory(act, sheet.public())
            })
        }),
        after(WrongRecipients, "a sheet hands on a key", |s| {
            let sheet = set_recovery(s, "expert", |_, _| ()).unwrap();
            let key = s.people["expert"].device_kem.key_id();
            Box::new(move |s| recover(s, "expert", &sheet, |act| act.handed = Some(handed(vec![key]))))
        }),
        after(UnknownDevice, "a sheet does anything else", |s| {
            let sheet = set_recovery(s, "chile", |_, _| ()).unwrap();
            let user = s.people["expert"].user;
            let author = Author::Person { user: s.people["chile"].user, device: DeviceId::new([1; 16]) };
            let act = sheet_act(s, author, &sheet, Statement::RemovePerson(user));
            Box::new(move |s| s.append_to_directory(act, sheet.public()))
        }),
    ]
}

fn state_keys() -> Vec<Row> {
    use Reason::{
        AlreadyThere, BadStatement, FocalPointRequired, NotEntitled, StaleStateKey, WrongGeneration,
        WrongRecipients,
    };
    vec![
        row(FocalPointRequired, "the root replaces a State's key", |s| {
            replace_state_key(s, "root", |_, _| ())
        }),
        row(FocalPointRequired, "an expert replaces it", |s| replace_state_key(s, "expert", |_, _| ())),
        row(NotEntitled, "Kenya replaces Chile's", |s| replace_state_key(s, "kenya", |_, _| ())),
        row(WrongGeneration, "a generation is left out", |s| {
            replace_state_key(s, "chile", |_, act| act.generation += 1)
        }),
        row(AlreadyThere, "another State's key", |s| {
            replace_state_key(s, "chile", |s, act| act.key = s.state_key("KE").public())
        }),
        row(BadStatement, "with the word of another State", |s| {
            replace_state_key(s, "chile", |s, act| {
                let word = act.succession.content().clone();
                let root = s.all.root.key_id();
                let signer = Signer { key: s.state_key("KE"), root: &root };
                act.succession = signer.statement(&word).unwrap();
            })
        }),
        row(BadStatement, "with a word for another key", |s| {
            replace_state_key(s, "chile", |_, act| act.key = SigningKey::make().unwrap().public())
        }),
        row(WrongRecipients, "a focal point is left out", |s| {
            replace_state_key(s, "chile", |_, act| act.handed.recipients.key_ids.clear())
        }),
        row(WrongRecipients, "an expert gets it", |s| {
            let expert = s.people["expert"].user_kem.key_id();
            replace_state_key(s, "chile", |_, act| {
                act.handed.recipients.key_ids.push(expert);
                act.handed.recipients.key_ids.sort_unstable();
            })
        }),
        row(WrongRecipients, "it is shared with an expert", |s| {
            let expert = s.people["expert"].user_kem.key_id();
            share_state_key(s, "chile", expert, 0)
        }),
        row(WrongGeneration, "a generation to come is shared", |s| {
            let chile = s.people["chile"].user_kem.key_id();
            share_state_key(s, "chile", chile, 1)
        }),
        after(StaleStateKey, "a key that owes a successor is shared", |s| {
            lose_and_renew(s, "chile");
            let key = known(s, "chile").kem_id().unwrap();
            Box::new(move |s| share_state_key(s, "chile", key, 0))
        }),
        after(StaleStateKey, "a key that owes a successor speaks for the State", |s| {
            lose_and_renew(s, "chile");
            Box::new(|s| {
                let focal = Some(&s.people["chile"]);
                s.all.admit(&person(), Role::Expert, Some((state("CL"), focal)), &["firearms"])
            })
        }),
        after(BadStatement, "the key before speaks for the State", |s| {
            let seed = SigningSeed::from_bytes(*s.state_key("CL").seed().as_bytes());
            let old = SigningKey::from_seed(seed).unwrap();
            replace_state_key(s, "chile", |_, _| ()).unwrap();
            s.all.state_keys.insert(state("CL"), old);
            Box::new(|s| {
                let focal = Some(&s.people["chile"]);
                s.all.admit(&person(), Role::Expert, Some((state("CL"), focal)), &["firearms"])
            })
        }),
    ]
}

/// A person loses a second device and makes the next key: whoever handed something to the old one owes a new one.
fn lose_and_renew(stage: &mut Stage, who: &str) {
    let device = add(stage, who);
    revoke(stage, who, who, device).unwrap();
    new_user_key(stage, who, |_| ()).unwrap();
}

fn shares() -> Vec<Row> {
    use Reason::{FocalPointRequired, NoSuchSubject, NotEntitled, TooManyKeys, WrongRecipients};
    let three = ["chile", "expert", "observer"];
    vec![
        row(FocalPointRequired, "an expert splits the State's key", move |s| deposit(s, "expert", &three, 2)),
        row(NotEntitled, "Kenya splits Chile's", move |s| deposit(s, "kenya", &three, 2)),
        row(WrongRecipients, "one share is enough", move |s| deposit(s, "chile", &three, 1)),
        row(WrongRecipients, "more shares than there are", move |s| deposit(s, "chile", &three, 4)),
        row(WrongRecipients, "another State holds a share", |s| deposit(s, "chile", &["chile", "kenya"], 2)),
        row(TooManyKeys, "more holders than there may be", |s| {
            let key_ids: Vec<KeyId> =
                (0..=u8::try_from(SHARES_MAX).unwrap()).map(|n| KeyId::new([n; 32])).collect();
            let commitments = key_ids.iter().map(|key| Digest::of(key.as_bytes())).collect();
            let recipients = to(key_ids);
            let act =
                DepositShares { state: state("CL"), generation: 0, threshold: 2, recipients, commitments };
            s.directory("chile", Statement::DepositShares(act))
        }),
        after(NotEntitled, "somebody else's share is given", move |s| {
            deposit(s, "chile", &three, 2).unwrap();
            let chile = s.people["chile"].user_kem.key_id();
            let now = s.all.directory.now(s.all.now_ms);
            let holders = &now.state(&state("CL")).unwrap().deposits[0].holders;
            let position = u32::try_from(holders.iter().position(|key| *key == chile).unwrap()).unwrap();
            Box::new(move |s| give_share(s, "expert", "observer", |act| act.position = position))
        }),
        after(NoSuchSubject, "a share goes to another State", move |s| {
            deposit(s, "chile", &three, 2).unwrap();
            Box::new(|s| give_share(s, "expert", "kenya", |_| ()))
        }),
        after(NoSuchSubject, "a share that is not there", move |s| {
            deposit(s, "chile", &three, 2).unwrap();
            Box::new(|s| give_share(s, "expert", "chile", |act| act.position = 3))
        }),
        after(NoSuchSubject, "a share of an older key", move |s| {
            deposit(s, "chile", &three, 2).unwrap();
            replace_state_key(s, "chile", |_, _| ()).unwrap();
            Box::new(|s| give_share(s, "expert", "chile", |_| ()))
        }),
        after(WrongRecipients, "a share is wrapped to another", move |s| {
            deposit(s, "chile", &three, 2).unwrap();
            let kenya = s.people["kenya"].user_kem.key_id();
            Box::new(move |s| give_share(s, "expert", "chile", |act| act.recipients = to(vec![kenya])))
        }),
    ]
}

fn certified_anew() -> Vec<Row> {
    use Reason::{
        AlreadyThere, BadPossession, BadStatement, FocalPointRequired, NoSuchSubject, NotEntitled, RootOnly,
        SeatTaken,
    };
    vec![
        row(SeatTaken, "the root certifies a focal point anew", |s| {
            recertify(s, "root", "chile", false, |_| ())
        }),
        row(FocalPointRequired, "the root certifies an expert anew", |s| {
            recertify(s, "root", "expert", false, |_| ())
        }),
        row(RootOnly, "a focal point certifies an officer anew", |s| {
            recertify(s, "chile", "officer", true, |_| ())
        }),
        row(NotEntitled, "Kenya certifies Chile's expert anew", |s| {
            recertify(s, "kenya", "expert", true, |_| ())
        }),
        row(NotEntitled, "a focal point certifies itself anew", |s| {
            recertify(s, "chile", "chile", true, |_| ())
        }),
        row(BadStatement, "without the State's word", |s| recertify(s, "chile", "expert", false, |_| ())),
        row(BadPossession, "keys that another device signed", |s| {
            recertify(s, "chile", "expert", true, |act| act.possession[0] ^= 1)
        }),
        row(AlreadyThere, "the keys that were lost", |s| {
            let identity = &s.people["expert"];
            let (keys, possession) = (identity.public_keys(), identity.possession(&s.all.root.key_id()));
            recertify(s, "chile", "expert", true, |act| {
                *act = Recertify {
                    keys_bytes: Bytes::from(keys.encode()),
                    keys,
                    possession,
                    membership: act.membership.clone(),
                };
            })
        }),
        row(NoSuchSubject, "somebody who is not there", |s| {
            let identity = person();
            let keys = identity.public_keys();
            let possession = identity.possession(&s.all.root.key_id());
            recertify(s, "chile", "expert", true, |act| {
                *act = Recertify {
                    keys_bytes: Bytes::from(keys.encode()),
                    keys,
                    possession,
                    membership: act.membership.clone(),
                };
            })
        }),
    ]
}

/// What a lost device means for everything that was wrapped to its person.
fn consequences() -> Vec<Row> {
    use Reason::{NoCurrentKey, StaleEpoch, WrongRecipients};
    let clarification = || What::new(chancery_core::mechanism::ItemKind::Clarification);
    vec![
        after(StaleEpoch, "a post under an epoch that a lost device opens", move |s| {
            let device = s.people["expert"].device;
            revoke(s, "chile", "expert", device).unwrap();
            Box::new(move |s| s.post("kenya", At::Strand, clarification()).map(drop))
        }),
        after(WrongRecipients, "an epoch for the key of a lost device", |s| {
            let device = s.people["expert"].device;
            revoke(s, "chile", "expert", device).unwrap();
            let old = chancery_tests::stage::recipient(&s.people["expert"].user_kem);
            Box::new(move |s| {
                s.rotate_to("kenya", At::Strand, |readers, _| {
                    readers.push(old);
                    readers.sort_unstable_by_key(|key| key.id);
                })
                .map(drop)
            })
        }),
        after(NoCurrentKey, "one who has lost a device is brought in", |s| {
            let device = s.people["expert"].device;
            let user = s.people["expert"].user;
            s.act("chile", At::Strand, Statement::RemoveMember(user)).unwrap();
            s.rotate("chile", At::Strand).unwrap();
            revoke(s, "chile", "expert", device).unwrap();
            Box::new(|s| s.join("chile", At::Strand, "expert"))
        }),
    ]
}
