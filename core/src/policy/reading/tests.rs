//! Whether a basis still holds after one more act of the directory, and who reads.

use bytes::Bytes;

use super::*;
use crate::act::{
    Act, AddMember, AdmitState, Author, Basis, Header, OpenReview, Opening, Recipients, RegionalGroup,
    Reviewer, Role, SealedBody, Standing, Team, assemble_act,
};
use crate::id::{ActId, ChannelId, DeviceId, Digest, InstrumentCode, KeyId, StateCode, TeamId, UserId};
use crate::mechanism::{Mechanism, UNTOC};
use crate::state::{
    Device, Directory, Epoch, PersonRecord, Place, Seat, StateKey, StateRecord, TeamGeneration, UserKey,
};

const NOW_MS: u64 = 1_000;
const TEAM: TeamId = TeamId::new([1; 16]);
const REVIEW: ChannelId = ChannelId::new([2; 16]);
const STRAND: ChannelId = ChannelId::new([3; 16]);

fn state(code: &str) -> StateCode {
    code.parse().unwrap()
}

fn firearms() -> InstrumentCode {
    "firearms".parse().unwrap()
}

const fn user(n: u8) -> UserId {
    UserId::new([n; 16])
}

const CHILE: UserId = user(10);
const EXPERT: UserId = user(11);
const KENYA: UserId = user(12);
const JAPAN: UserId = user(13);
const OFFICER: UserId = user(14);
const OTHER_OFFICER: UserId = user(15);

fn kem(user: UserId) -> KeyId {
    KeyId::new([user.as_bytes()[0]; 32])
}

fn device_kem(user: UserId) -> KeyId {
    KeyId::new([user.as_bytes()[0] + 100; 32])
}

fn person(directory: &mut Directory, id: UserId, role: Role, of: Option<&str>) {
    let n = id.as_bytes()[0];
    let since = directory.log.size();
    let device = Device {
        since,
        until: None,
        id: DeviceId::new([n; 16]),
        sign: [n; 32],
        kem: Bytes::from(vec![n]),
        kem_id: device_kem(id),
        tls_key: KeyId::new([n; 32]),
    };
    let instruments = if role == Role::Expert { vec![firearms()] } else { Vec::new() };
    let key = UserKey {
        since,
        generation: 0,
        kem: Bytes::from(vec![n]),
        kem_id: kem(id),
        holders: vec![(since, device.kem_id)],
    };
    directory.devices.insert(device.id, id);
    directory.kems.insert(key.kem_id, id);
    let person = PersonRecord {
        since,
        until: None,
        user: id,
        state: of.map(state),
        secretariat_team: match id {
            OFFICER => Some(TEAM),
            OTHER_OFFICER => Some(TeamId::new([9; 16])),
            _ => None,
        },
        seats: vec![Seat { since, role, instruments, expires_ms: None }],
        keys: vec![key],
        devices: vec![device],
        recoveries: Vec::new(),
        certified: Digest::of(b"keys"),
    };
    directory.persons.insert(id, person);
    grow(directory);
}

/// Some act takes its place in the log.
fn grow(directory: &mut Directory) {
    let leaf = Digest::of(&directory.log.size().to_le_bytes());
    directory.log.push(leaf);
}

fn leave(directory: &mut Directory, id: UserId) {
    directory.persons.get_mut(&id).unwrap().until = Some(directory.log.size());
    grow(directory);
}

fn new_state_key(directory: &mut Directory, code: &str) {
    let since = directory.log.size();
    let keys = &mut directory.states.get_mut(&state(code)).unwrap().keys;
    let generation = keys.len() as u64;
    let key = [u8::try_from(since).unwrap(); 32];
    keys.push(StateKey { since, generation, key, holders: Vec::new() });
    grow(directory);
}

/// A device of the person is lost: secrets are wrapped to the person's key no more.
fn lose_device(directory: &mut Directory, id: UserId) {
    directory.persons.get_mut(&id).unwrap().devices[0].until = Some(directory.log.size());
    grow(directory);
}

fn seat(directory: &mut Directory, id: UserId, expires_ms: Option<u64>) {
    let since = directory.log.size();
    let seats = &mut directory.persons.get_mut(&id).unwrap().seats;
    let last = seats.last().unwrap().clone();
    seats.push(Seat { since, expires_ms, ..last });
    grow(directory);
}

fn new_team_key(directory: &mut Directory, team: Team, holders: &[UserId]) {
    let since = directory.log.size();
    let generation = TeamGeneration {
        since,
        number: 0,
        kem: Bytes::new(),
        kem_id: KeyId::new([u8::try_from(since).unwrap(); 32]),
        commitment: Digest::of(b"seed"),
        boxes: false,
        holders: holders.iter().map(|holder| (since, kem(*holder))).collect(),
    };
    directory.teams.entry(team).or_default().push(generation);
    grow(directory);
}

fn directory() -> Directory {
    let mut directory = Directory::new(KeyId::new([0; 32]));
    for (code, standing) in [
        ("CL", Standing::Party),
        ("KE", Standing::Party),
        ("JP", Standing::Party),
        ("BR", Standing::Signatory),
    ] {
        let act = AdmitState {
            state: state(code),
            group: RegionalGroup::Africa,
            standings: vec![(firearms(), standing)],
        };
        let record = StateRecord::admitted(directory.log.size(), &act);
        directory.states.insert(act.state, record);
        grow(&mut directory);
        new_state_key(&mut directory, code);
    }
    person(&mut directory, CHILE, Role::FocalPoint, Some("CL"));
    person(&mut directory, EXPERT, Role::Expert, Some("CL"));
    person(&mut directory, KENYA, Role::FocalPoint, Some("KE"));
    person(&mut directory, JAPAN, Role::FocalPoint, Some("JP"));
    person(&mut directory, OFFICER, Role::Officer, None);
    person(&mut directory, OTHER_OFFICER, Role::Officer, None);
    new_team_key(&mut directory, Team::Secretariat(TEAM), &[OFFICER]);
    directory
}

fn roster() -> Roster {
    Roster(OpenReview {
        state: state("CL"),
        instruments: vec![firearms()],
        reviewers: vec![Reviewer { state: state("KE"), instruments: vec![firearms()] }],
        secretariat_team: TEAM,
        languages: Vec::new(),
    })
}

/// The review as its first act has left it.
fn review() -> Channel {
    let mut review = Channel::new(REVIEW, Place::Review);
    review.rosters.push_back((0, roster()));
    review.log.push(Digest::of(b"open-review"));
    review
}

/// A strand whose members are Chile's and Kenya's focal points; without epoch it has founders only.
fn strand(begun: bool) -> Channel {
    let place = Place::of(REVIEW, &Opening::Strand(firearms()));
    let mut channel = Channel::new(STRAND, place);
    if begun {
        channel.members = [CHILE, KENYA].into_iter().collect();
        channel.epoch = Some(Epoch {
            number: 0,
            act: ActId::new([4; 16]),
            author: CHILE,
            commitment: Digest::of(b"secret"),
            keys: [kem(CHILE), kem(KENYA)].into_iter().collect(),
            secretariat: None,
            suspended: false,
        });
    }
    channel
}

fn act(author: UserId, directory: &Directory, statement: Statement) -> SignedAct {
    let n = author.as_bytes()[0];
    let header = Header {
        channel: STRAND,
        act_id: ActId::new([5; 16]),
        author: Author::Person { user: author, device: DeviceId::new([n; 16]) },
        clock_ms: 0,
        seen: crate::log::Tree::default().head(),
        epoch: 0,
        basis: Some(Basis { directory: directory.log.head(), review: Some(review().log.head()) }),
    };
    assemble_act(Act { header, statement }.encode(), [0; 64], KeyId::new([0; 32])).unwrap()
}

/// The author acts on the directory as it is; then `change` happens; does the act still hold?
#[track_caller]
fn check(author: UserId, statement: Statement, begun: bool, change: fn(&mut Directory), fresh: bool) {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    let mut directory = directory();
    let act = act(author, &directory, statement);
    change(&mut directory);
    let world = World { mechanism: &mechanism, directory: &directory, review: Some(&review()) };
    let expected = if fresh { Ok(()) } else { Err(Reason::StaleBasis) };
    assert_eq!(check_fresh(world, &strand(begun), &act, NOW_MS), expected);
}

/// An act that depends on no one but its author and the readers.
fn plain() -> Statement {
    Statement::RemoveMember(user(99))
}

fn joining() -> Statement {
    let key_ids = vec![kem(EXPERT)];
    Statement::AddMember(AddMember {
        user: EXPERT,
        recipients: Recipients { key_ids, wraps_root: Digest::of(b"wraps") },
        body: SealedBody { length: 1, sha256: Digest::of(b"b"), key_commitment: Digest::of(b"k") },
    })
}

#[test]
fn what_concerns_the_act_makes_its_basis_stale() {
    let stale = |author, change| check(author, plain(), true, change, false);
    stale(CHILE, |d| leave(d, CHILE));
    stale(CHILE, |d| leave(d, KENYA));
    stale(KENYA, |d| leave(d, CHILE));
    stale(CHILE, |d| new_state_key(d, "CL"));
    stale(KENYA, |d| new_state_key(d, "KE"));
    // Grants of the State under review are signed by its key, whoever writes.
    stale(KENYA, |d| new_state_key(d, "CL"));
    stale(CHILE, |d| new_team_key(d, Team::Secretariat(TEAM), &[OFFICER]));
    // The team owes a new key from here on.
    stale(CHILE, |d| leave(d, OFFICER));
    stale(OFFICER, |d| leave(d, OFFICER));
    stale(CHILE, |d| lose_device(d, CHILE));
    stale(CHILE, |d| lose_device(d, KENYA));
    stale(KENYA, |d| seat(d, KENYA, Some(NOW_MS)));
    stale(KENYA, |d| seat(d, CHILE, Some(NOW_MS)));
    check(CHILE, joining(), true, |d| lose_device(d, EXPERT), false);
    check(CHILE, joining(), true, |d| leave(d, EXPERT), false);
    check(CHILE, plain(), false, |d| person(d, user(20), Role::FocalPoint, Some("CL")), false);
}

#[test]
fn what_does_not_concern_it_leaves_the_basis_fresh() {
    let fresh = |author, change| check(author, plain(), true, change, true);
    fresh(CHILE, |_| ());
    fresh(CHILE, grow);
    fresh(CHILE, |d| leave(d, JAPAN));
    fresh(CHILE, |d| lose_device(d, JAPAN));
    // An end to come is no end.
    fresh(KENYA, |d| seat(d, CHILE, Some(NOW_MS + 1)));
    // No member of this channel.
    fresh(CHILE, |d| leave(d, EXPERT));
    fresh(CHILE, |d| new_state_key(d, "JP"));
    // Kenya's key signs nothing of Chile's act.
    fresh(CHILE, |d| new_state_key(d, "KE"));
    fresh(CHILE, |d| person(d, user(20), Role::FocalPoint, Some("CL")));
    fresh(CHILE, |d| new_team_key(d, Team::State(state("CL")), &[CHILE, EXPERT]));
    fresh(CHILE, |d| new_team_key(d, Team::Secretariat(TeamId::new([9; 16])), &[OTHER_OFFICER]));
    fresh(CHILE, |d| leave(d, OTHER_OFFICER));
    check(CHILE, joining(), true, |d| leave(d, JAPAN), true);
}

#[test]
fn a_basis_that_never_was_is_no_basis() {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    let mut other = directory();
    leave(&mut other, JAPAN);
    let act = act(CHILE, &other, plain());
    let directory = directory();
    let world = World { mechanism: &mechanism, directory: &directory, review: Some(&review()) };
    assert_eq!(check_fresh(world, &strand(true), &act, NOW_MS), Err(Reason::BadBasis));
}

#[test]
fn members_and_the_reviews_officers_read_and_nobody_else() {
    let mut directory = directory();
    person(&mut directory, user(20), Role::FocalPoint, Some("BR"));
    let readers = |channel: &Channel| -> Vec<UserId> {
        let now = directory.now(NOW_MS);
        now.persons().filter(|p| reads(channel, &roster(), &now, p)).map(|p| p.user).collect()
    };
    assert_eq!(readers(&strand(true)), [CHILE, KENYA, OFFICER]);
    assert_eq!(readers(&strand(false)), [CHILE, KENYA, OFFICER], "founders before the first epoch");
    let mut joined = strand(true);
    joined.members.insert(EXPERT);
    assert_eq!(readers(&joined), [CHILE, EXPERT, KENYA, OFFICER]);
    // A member of whom the roster knows nothing any more reads nothing.
    joined.members.insert(JAPAN);
    assert_eq!(readers(&joined), [CHILE, EXPERT, KENYA, OFFICER]);
    let own = Channel::new(STRAND, Place::of(REVIEW, &Opening::Delegation(state("CL"))));
    assert_eq!(readers(&own), [CHILE], "a draft is not a communication");
    let reviewers = Channel::new(STRAND, Place::of(REVIEW, &Opening::Coordination(firearms())));
    assert_eq!(readers(&reviewers), [KENYA, OFFICER]);

    let now = directory.now(NOW_MS);
    let all: Vec<UserId> = now.persons().filter(|p| reads_all_parties(&now, p)).map(|p| p.user).collect();
    assert_eq!(all, [CHILE, EXPERT, KENYA, JAPAN, OFFICER, OTHER_OFFICER], "a signatory is no party");
}

#[test]
fn who_reads_what_is_open_to_all_parties_is_who_gets_its_key() {
    let mut directory = directory();
    person(&mut directory, user(20), Role::FocalPoint, Some("BR"));
    for (code, holder) in [("CL", CHILE), ("KE", KENYA), ("JP", JAPAN), ("BR", user(20))] {
        new_team_key(&mut directory, Team::State(state(code)), &[holder]);
    }
    let now = directory.now(NOW_MS);
    let key = |team: &Team| now.team(team).unwrap().kem_id;
    let recipients = now.team_recipients(&Team::AllParties);
    for code in ["CL", "KE", "JP", "BR"] {
        let team = Team::State(state(code));
        assert_eq!(recipients.contains(&key(&team)), code != "BR", "{code}");
    }
    assert!(recipients.contains(&key(&Team::Secretariat(TEAM))));
}
