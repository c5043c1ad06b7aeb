//! Channels with members: reviews, strands, coordination, delegations.

use std::collections::BTreeSet;

use super::statements;
use super::table::{MemberRole, Standing, allows};
use crate::act::{
    AddMember, Audience, Author, Basis, Complain, Disclose, Fault, NewEpoch, OpenChannel, OpenReview,
    Opening, Post, PostRef, Role, SignedAct, Statement, VerifiedAct, Withdraw,
};
use crate::error::Reason;
use crate::id::{ActId, UserId};
use crate::log::leaf_hash;
use crate::mechanism::{Disclosure, ItemKind, Mechanism, Side};
use crate::state::{Channel, Directory, DirectoryAt, Epoch, Person, Place, PostRecord, Roster, Section};

/// What a channel's acts are judged by, beside the channel itself.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The rules as data.
    pub mechanism: &'a Mechanism,
    /// The directory, at least as far as the act's basis.
    pub directory: &'a Directory,
    /// The review, at least as far as the act's basis; none where the channel is a review.
    pub review: Option<&'a Channel>,
}

/// The leave to append one act to a channel. Only [`decide`] makes one.
#[derive(Debug)]
pub struct ChannelPermit {
    act: SignedAct,
    effect: Effect,
}

impl ChannelPermit {
    /// The act that is allowed.
    #[must_use]
    pub fn act(&self) -> &SignedAct {
        &self.act
    }
}

/// What an allowed act makes true.
#[derive(Debug)]
enum Effect {
    Opened(Roster),
    Opens(OpenChannel),
    Rotated { epoch: Epoch, members: BTreeSet<UserId> },
    Joined { user: UserId, key: crate::id::KeyId },
    Left(UserId),
    Posted(PostRecord),
    Disclosed { posts: Vec<ActId>, audience: Audience },
    Withdrawn { posts: Vec<ActId>, audience: Audience },
    Complained { suspends: bool },
}

/// An act's author and surroundings, once they are known to stand.
struct Scene<'a> {
    mechanism: &'a Mechanism,
    channel: &'a Channel,
    directory: DirectoryAt<'a>,
    roster: &'a Roster,
    author: &'a Person,
    standing: Standing,
}

/// Decides whether `act` may be the next entry of `channel`.
///
/// # Errors
/// The reason for which it may not.
pub fn decide(world: World<'_>, channel: &Channel, act: VerifiedAct) -> Result<ChannelPermit, Reason> {
    let content = act.act().content();
    let header = &content.header;
    if header.channel != channel.id {
        return Err(Reason::OtherChannel);
    }
    if channel.acts.contains_key(&header.act_id) {
        return Err(Reason::ActIdUsed);
    }
    let basis = header.basis.ok_or(Reason::BadBasis)?;
    let directory = world.directory.at_head(&basis.directory).ok_or(Reason::BadBasis)?;
    let author = author(&directory, &act)?;
    let founding = founding_roster(channel, &content.statement);
    let roster = roster(world, channel, &basis, founding.as_ref())?;
    let standing = standing(channel, roster, &directory, author)?;
    let item = match &content.statement {
        Statement::Post(post) => Some(post.kind),
        _ => None,
    };
    allows(world.mechanism, standing, channel.place.kind(), content.statement.kind(), item)?;
    if !channel.log.went_through(&header.seen) {
        return Err(Reason::BadSeen);
    }
    forwards(channel, &basis)?;
    if header.epoch != channel.epoch.as_ref().map_or(0, |epoch| epoch.number) {
        return Err(Reason::StaleEpoch);
    }
    at_its_place(channel, &content.statement)?;
    let scene = Scene { mechanism: world.mechanism, channel, directory, roster, author, standing };
    let effect = effect(&scene, header.act_id, &content.statement)?;
    Ok(ChannelPermit { act: act.into_act(), effect })
}

fn author<'a>(directory: &DirectoryAt<'a>, act: &VerifiedAct) -> Result<&'a Person, Reason> {
    let Author::Person { user, device } = act.act().content().header.author else {
        return Err(Reason::WrongChannel);
    };
    let person = directory.by_device(&device).filter(|person| person.user == user);
    let person = person.ok_or(Reason::UnknownDevice)?;
    if person.device.sign == *act.key() { Ok(person) } else { Err(Reason::WrongSigner) }
}

/// The roster that a review's first act brings itself.
fn founding_roster(channel: &Channel, statement: &Statement) -> Option<Roster> {
    match statement {
        Statement::OpenReview(act) if channel.place == Place::Review && channel.roster.is_none() => {
            Some(Roster(act.clone()))
        }
        _ => None,
    }
}

fn roster<'a>(
    world: World<'a>,
    channel: &'a Channel,
    basis: &Basis,
    founding: Option<&'a Roster>,
) -> Result<&'a Roster, Reason> {
    if channel.place == Place::Review {
        if basis.review.is_some() {
            return Err(Reason::BadBasis);
        }
        return channel.roster.as_ref().or(founding).ok_or(Reason::NotGenesis);
    }
    let review = world.review.filter(|review| Some(review.id) == channel.place.review());
    let review = review.ok_or(Reason::BadBasis)?;
    let head = basis.review.filter(|head| review.log.went_through(head)).ok_or(Reason::BadBasis)?;
    // The secretariat opens channels, in the review and nowhere else.
    if review.opened(&channel.id, head.size).as_ref() != Some(&channel.place) {
        return Err(Reason::NotGenesis);
    }
    review.roster.as_ref().ok_or(Reason::NotGenesis)
}

pub(super) fn standing(
    channel: &Channel,
    roster: &Roster,
    directory: &DirectoryAt<'_>,
    author: &Person,
) -> Result<Standing, Reason> {
    let role = match author.role {
        Role::Officer => {
            let ours = author.secretariat_team == Some(roster.0.secretariat_team);
            let reads = ours && channel.place.secretariat_reads();
            return if reads { Ok(Standing::Officer) } else { Err(Reason::NotAMember) };
        }
        Role::FocalPoint => MemberRole::FocalPoint,
        Role::Expert => MemberRole::Expert,
        Role::Observer => MemberRole::Observer,
    };
    let inside = if channel.epoch.is_some() {
        channel.members.contains(&author.user)
    } else {
        roster.founders(&channel.place, directory).contains(&author.user)
    };
    let side = roster.seat(&channel.place, author).filter(|_| inside).ok_or(Reason::NotAMember)?;
    Ok(Standing::Member(role, Some(side)))
}

/// Within a channel a basis never goes back.
fn forwards(channel: &Channel, basis: &Basis) -> Result<(), Reason> {
    let Some(last) = &channel.basis else { return Ok(()) };
    let review_back = match (&last.review, &basis.review) {
        (Some(last), Some(now)) => now.size < last.size,
        _ => false,
    };
    if basis.directory.size < last.directory.size || review_back {
        return Err(Reason::BasisBackwards);
    }
    Ok(())
}

/// A review begins with `OpenReview`, and then as every other channel with its first epoch.
fn at_its_place(channel: &Channel, statement: &Statement) -> Result<(), Reason> {
    let opens = matches!(statement, Statement::OpenReview(_));
    let must_open = channel.place == Place::Review && channel.log.size() == 0;
    let must_rotate = !must_open && channel.epoch.is_none();
    let rotates = matches!(statement, Statement::NewEpoch(_));
    if opens == must_open && (!must_rotate || rotates) { Ok(()) } else { Err(Reason::NotGenesis) }
}

fn effect(scene: &Scene<'_>, act_id: ActId, statement: &Statement) -> Result<Effect, Reason> {
    match statement {
        Statement::OpenReview(act) => open_review(scene, act),
        Statement::OpenChannel(act) => open_channel(scene, act),
        Statement::NewEpoch(act) => new_epoch(scene, act_id, act),
        Statement::AddMember(act) => add_member(scene, act),
        Statement::RemoveMember(user) => remove_member(scene, user),
        Statement::Post(act) => post(scene, act_id, act),
        Statement::Disclose(act) => disclose(scene, act),
        Statement::Withdraw(act) => withdraw(scene, act),
        Statement::Complain(act) => complain(scene, act),
        Statement::FoundDirectory(_)
        | Statement::AdmitState(_)
        | Statement::CertifyStateKey(_)
        | Statement::AdmitPerson(_)
        | Statement::RemovePerson(_)
        | Statement::NewTeamGeneration(_)
        | Statement::ShareTeam(_) => Err(Reason::WrongChannel),
    }
}

fn open_review(scene: &Scene<'_>, act: &OpenReview) -> Result<Effect, Reason> {
    let mechanism = scene.mechanism;
    let known = act.instruments.iter().all(|code| mechanism.instrument(code).is_some());
    let languages = (1..=usize::from(mechanism.languages_exceptional_max)).contains(&act.languages.len());
    let reviewers = (1..=usize::from(mechanism.reviewing_states_max)).contains(&act.reviewers.len());
    if !known || act.instruments.is_empty() || !languages || !reviewers {
        return Err(Reason::OutsideMechanism);
    }
    // A signatory may be reviewed on a voluntary basis (¶52); only parties review (¶28b).
    if scene.directory.state(&act.state).is_none() {
        return Err(Reason::NotParty);
    }
    for reviewer in &act.reviewers {
        let theirs = !reviewer.instruments.is_empty()
            && reviewer.instruments.iter().all(|code| act.instruments.contains(code));
        if !theirs || reviewer.state == act.state {
            return Err(Reason::OutsideMechanism);
        }
        if !reviewer.instruments.iter().all(|code| scene.directory.is_party(&reviewer.state, code)) {
            return Err(Reason::NotParty);
        }
    }
    Ok(Effect::Opened(Roster(act.clone())))
}

fn open_channel(scene: &Scene<'_>, act: &OpenChannel) -> Result<Effect, Reason> {
    let roster = scene.roster;
    let in_review = match &act.opening {
        Opening::Strand(instrument) | Opening::Coordination(instrument) => {
            roster.0.instruments.contains(instrument)
        }
        Opening::Delegation(state) => roster.side(*state).is_some(),
    };
    if !in_review {
        return Err(Reason::OutsideMechanism);
    }
    let openings = &scene.channel.openings;
    let twice = act.channel == scene.channel.id
        || openings.contains_key(&act.channel)
        || openings.values().any(|(_, opening)| *opening == act.opening);
    if twice { Err(Reason::AlreadyThere) } else { Ok(Effect::Opens(act.clone())) }
}

fn new_epoch(scene: &Scene<'_>, act_id: ActId, act: &NewEpoch) -> Result<Effect, Reason> {
    let channel = scene.channel;
    if channel.epoch.is_none() {
        first_epoch_by_its_own_side(scene)?;
    }
    let next = channel.epoch.as_ref().map_or(0, |epoch| epoch.number + 1);
    if act.number != next {
        return Err(Reason::WrongGeneration);
    }
    if channel.epoch.as_ref().is_some_and(|epoch| epoch.suspended && epoch.author == scene.author.user) {
        return Err(Reason::EpochSuspended);
    }
    let expected = channel.epoch_recipients(scene.roster, &scene.directory);
    let secretariat = channel.secretariat_key(scene.roster, &scene.directory);
    let reads = channel.place.secretariat_reads();
    let exact = !expected.is_empty()
        && act.recipients.key_ids == expected
        && act.secretariat.as_ref().map(|wrap| wrap.key_id) == secretariat
        && secretariat.is_some() == reads
        && act.previous_box.is_some() == (next > 0);
    if !exact {
        return Err(Reason::WrongRecipients);
    }
    let members = if channel.epoch.is_none() {
        scene.roster.founders(&channel.place, &scene.directory)
    } else {
        channel.members.iter().copied().filter(|user| entitled(scene, user).is_some()).collect()
    };
    let epoch = Epoch {
        number: next,
        act: act_id,
        author: scene.author.user,
        commitment: act.commitment,
        keys: expected.into_iter().collect(),
        secretariat,
        suspended: false,
    };
    Ok(Effect::Rotated { epoch, members })
}

/// The secretariat opens a channel; its key is made by those whose channel it is.
fn first_epoch_by_its_own_side(scene: &Scene<'_>) -> Result<(), Reason> {
    let own = match (&scene.channel.place, scene.standing) {
        (Place::Review, standing) => standing == Standing::Officer,
        (Place::Strand { .. }, Standing::Member(MemberRole::FocalPoint, Some(side))) => {
            side == Side::StateUnderReview
        }
        (
            Place::Coordination { .. } | Place::Delegation { .. },
            Standing::Member(MemberRole::FocalPoint, _),
        ) => true,
        _ => false,
    };
    if own { Ok(()) } else { Err(Reason::NotGenesis) }
}

fn entitled<'a>(scene: &Scene<'a>, user: &UserId) -> Option<&'a Person> {
    scene.directory.person(user).filter(|person| scene.roster.seat(&scene.channel.place, person).is_some())
}

fn add_member(scene: &Scene<'_>, act: &AddMember) -> Result<Effect, Reason> {
    current_epoch(scene)?;
    let person = scene.directory.person(&act.user).ok_or(Reason::NoSuchSubject)?;
    if scene.channel.members.contains(&act.user) {
        return Err(Reason::AlreadyThere);
    }
    // A focal point brings in its own people; another State's successor focal point, any focal point.
    let own = person.state == scene.author.state || person.role == Role::FocalPoint;
    if !own || entitled(scene, &act.user).is_none() {
        return Err(Reason::NotEntitled);
    }
    if act.recipients.key_ids != [person.kem_id] {
        return Err(Reason::WrongRecipients);
    }
    Ok(Effect::Joined { user: act.user, key: person.kem_id })
}

fn remove_member(scene: &Scene<'_>, user: &UserId) -> Result<Effect, Reason> {
    if !scene.channel.members.contains(user) {
        return Err(Reason::NoSuchSubject);
    }
    // One who is gone, or not entitled any more, may be shown out by any focal point.
    let own = entitled(scene, user).is_none_or(|person| person.state == scene.author.state);
    if own { Ok(Effect::Left(*user)) } else { Err(Reason::NotEntitled) }
}

/// No act adds content, or brings in a reader, under a secret that someone holds who should not, or that a
/// reader could not open.
fn current_epoch(scene: &Scene<'_>) -> Result<(), Reason> {
    let channel = scene.channel;
    let epoch = channel.epoch.as_ref().ok_or(Reason::NotGenesis)?;
    if epoch.suspended {
        return Err(Reason::EpochSuspended);
    }
    let readers = channel.epoch_recipients(scene.roster, &scene.directory);
    let current = epoch.keys.iter().all(|key| readers.binary_search(key).is_ok())
        && epoch.secretariat == channel.secretariat_key(scene.roster, &scene.directory);
    if current { Ok(()) } else { Err(Reason::StaleEpoch) }
}

fn post(scene: &Scene<'_>, act_id: ActId, act: &Post) -> Result<Effect, Reason> {
    current_epoch(scene)?;
    let state = scene.author.state.ok_or(Reason::NotAMember)?;
    match scene.channel.sections.get(&act.section) {
        None if act.previous.is_none() => {}
        None => return Err(Reason::NoSuchSubject),
        Some(section) => {
            if section.kind != act.kind || !(is_shared(act.kind) || section.state == state) {
                return Err(Reason::OtherSection);
            }
            if act.previous.as_ref() != section.posts.last() {
                return Err(Reason::NotTheLatest);
            }
        }
    }
    let rule = scene.mechanism.item(act.kind);
    match (&act.clearance, rule.cleared) {
        (None, false) => {}
        (Some(signed), true) => {
            let post = PostRef {
                state,
                channel: scene.channel.id,
                section: act.section,
                act_id,
                kind: act.kind,
                body: act.body,
            };
            statements::clearance(signed, &post, &scene.directory)?;
        }
        (None, true) => return Err(Reason::ClearanceRequired),
        (Some(_), false) => return Err(Reason::BadStatement),
    }
    Ok(Effect::Posted(PostRecord::new(scene.channel.log.size(), state, act)))
}

/// Whether several States write in one section of this kind: a dialogue or a common text.
const fn is_shared(kind: ItemKind) -> bool {
    match kind {
        ItemKind::Clarification
        | ItemKind::MeetingRecord
        | ItemKind::Coordination
        | ItemKind::Observations
        | ItemKind::Summary => true,
        ItemKind::Response
        | ItemKind::Document
        | ItemKind::Feedback
        | ItemKind::FollowUp
        | ItemKind::GoodPractice
        | ItemKind::Draft => false,
    }
}

const fn level(audience: Audience) -> Disclosure {
    match audience {
        Audience::AllParties => Disclosure::AllParties,
        Audience::Public => Disclosure::Public,
    }
}

/// The posts named, each of the section, in log order, each once.
fn named_posts<'a>(
    scene: &Scene<'a>,
    section: &crate::id::SectionId,
    acts: impl Iterator<Item = ActId>,
) -> Result<Vec<(ActId, &'a PostRecord)>, Reason> {
    let mut posts: Vec<(ActId, &PostRecord)> = Vec::new();
    for act in acts {
        let post = scene.channel.posts.get(&act).ok_or(Reason::NoSuchSubject)?;
        let in_order = posts.last().is_none_or(|(_, last)| last.index < post.index);
        if post.section != *section || !in_order {
            return Err(Reason::OtherSection);
        }
        posts.push((act, post));
    }
    Ok(posts)
}

fn disclose(scene: &Scene<'_>, act: &Disclose) -> Result<Effect, Reason> {
    let section = scene.channel.sections.get(&act.section).ok_or(Reason::NoSuchSubject)?;
    let rule = scene.mechanism.item(section.kind);
    if !rule.may_set.contains(&level(act.audience)) {
        return Err(Reason::NotDisclosable);
    }
    if rule.agreed {
        return Err(Reason::NotFinal);
    }
    let state = scene.roster.0.state;
    let grants = act
        .grants
        .iter()
        .map(|signed| statements::grant(signed, state, act.audience, &scene.directory))
        .collect::<Result<Vec<_>, _>>()?;
    let posts = named_posts(scene, &act.section, grants.iter().map(|grant| grant.post.act_id))?;
    for (grant, (act_id, post)) in grants.iter().zip(&posts) {
        let expected = PostRef {
            state,
            channel: scene.channel.id,
            section: act.section,
            act_id: *act_id,
            kind: post.kind,
            body: post.body,
        };
        if grant.post != expected {
            return Err(Reason::BadStatement);
        }
        if post.audiences.contains(&act.audience) {
            return Err(Reason::DisclosureUnchanged);
        }
    }
    let posts = posts.into_iter().map(|(act, _)| act).collect();
    Ok(Effect::Disclosed { posts, audience: act.audience })
}

fn withdraw(scene: &Scene<'_>, act: &Withdraw) -> Result<Effect, Reason> {
    let section = scene.channel.sections.get(&act.section).ok_or(Reason::NoSuchSubject)?;
    let rule = scene.mechanism.item(section.kind);
    let state = scene.roster.0.state;
    let withdrawals = act
        .withdrawals
        .iter()
        .map(|signed| statements::withdrawal(signed, state, act.audience, &scene.directory))
        .collect::<Result<Vec<_>, _>>()?;
    let posts = named_posts(scene, &act.section, withdrawals.iter().map(|w| w.act_id))?;
    for (withdrawal, (_, post)) in withdrawals.iter().zip(&posts) {
        if withdrawal.channel != scene.channel.id || withdrawal.section != act.section {
            return Err(Reason::BadStatement);
        }
        if !post.audiences.contains(&act.audience) {
            return Err(Reason::DisclosureUnchanged);
        }
        if act.audience == Audience::AllParties && post.audiences.contains(&Audience::Public) {
            return Err(Reason::WithdrawPublicFirst);
        }
        let remains = post.audiences.iter().filter(|a| **a != act.audience).map(|a| level(*a)).max();
        if !rule.may_set.contains(&remains.unwrap_or(Disclosure::Private)) {
            return Err(Reason::NotDisclosable);
        }
    }
    let posts = posts.into_iter().map(|(act, _)| act).collect();
    Ok(Effect::Withdrawn { posts, audience: act.audience })
}

fn complain(scene: &Scene<'_>, act: &Complain) -> Result<Effect, Reason> {
    if !scene.channel.acts.contains_key(&act.act_id) {
        return Err(Reason::NoSuchSubject);
    }
    let about_the_epoch = scene.channel.epoch.as_ref().is_some_and(|epoch| epoch.act == act.act_id);
    let suspends = about_the_epoch && matches!(act.fault, Fault::Wrap | Fault::PreviousBox);
    Ok(Effect::Complained { suspends })
}

impl Channel {
    /// Makes true what the permit allows, as the next entry of the log.
    pub fn apply(&mut self, permit: ChannelPermit, log_time_ms: u64) {
        let index = self.log.size();
        self.log.push(leaf_hash(permit.act.bytes(), log_time_ms));
        self.last_log_time_ms = log_time_ms;
        let header = &permit.act.content().header;
        self.acts.insert(header.act_id, index);
        self.basis = header.basis;
        match permit.effect {
            Effect::Opened(roster) => self.roster = Some(roster),
            Effect::Opens(act) => {
                self.openings.insert(act.channel, (index, act.opening));
            }
            Effect::Rotated { epoch, members } => {
                self.epoch = Some(epoch);
                self.members = members.into_iter().collect();
            }
            Effect::Joined { user, key } => {
                self.members.insert(user);
                if let Some(epoch) = &mut self.epoch {
                    epoch.keys.insert(key);
                }
            }
            Effect::Left(user) => {
                self.members.remove(&user);
            }
            Effect::Posted(post) => self.add_post(header.act_id, post),
            Effect::Disclosed { posts, audience } => {
                self.each_post(&posts, |post| {
                    post.audiences.insert(audience);
                });
            }
            Effect::Withdrawn { posts, audience } => {
                self.each_post(&posts, |post| {
                    post.audiences.remove(&audience);
                });
            }
            Effect::Complained { suspends } => {
                if let Some(epoch) = &mut self.epoch {
                    epoch.suspended |= suspends;
                }
            }
        }
    }

    fn add_post(&mut self, act_id: ActId, post: PostRecord) {
        let new = || Section { kind: post.kind, state: post.state, posts: imbl::Vector::new() };
        self.sections.entry(post.section).or_insert_with(new).posts.push_back(act_id);
        self.posts.insert(act_id, post);
    }

    fn each_post(&mut self, acts: &[ActId], change: impl Fn(&mut PostRecord)) {
        for act in acts {
            if let Some(post) = self.posts.get_mut(act) {
                change(post);
            }
        }
    }
}
