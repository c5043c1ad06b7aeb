//! Channels with members: reviews, strands, coordination, delegations.

mod apply;
mod disclosure;
mod epochs;
mod opening;
mod posts;

pub use posts::is_shared;

use std::collections::BTreeSet;

use super::table::{MemberRole, Standing, allows};
use crate::act::{Audience, Author, Basis, OpenChannel, Role, SignedAct, Statement, VerifiedAct};
use crate::directory_statement;
use crate::error::Reason;
use crate::id::{ActId, KeyId, UserId};
use crate::mechanism::Mechanism;
use crate::state::{Channel, Directory, DirectoryAt, Epoch, Person, Place, PostRecord, Roster};

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
    Takes(Roster),
    Opens(OpenChannel),
    Rotated { epoch: Epoch, members: BTreeSet<UserId> },
    Joined { user: UserId, key: KeyId },
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
    author: Person<'a>,
    standing: Standing,
}

/// Decides whether `act` may be the next entry of `channel`, at this log time.
///
/// # Errors
/// The reason for which it may not.
pub fn decide(
    world: World<'_>,
    channel: &Channel,
    act: VerifiedAct,
    log_time_ms: u64,
) -> Result<ChannelPermit, Reason> {
    let content = act.act().content();
    let header = &content.header;
    if header.channel != channel.id {
        return Err(Reason::OtherChannel);
    }
    let basis = header.basis.ok_or(Reason::BadBasis)?;
    let directory = world.directory.at_head(&basis.directory, log_time_ms).ok_or(Reason::BadBasis)?;
    let author = author(&directory, &act)?;
    let founding = founding_roster(channel, &content.statement);
    let roster = roster(world, channel, &basis, founding.as_ref())?;
    let standing = standing(channel, roster, &directory, &author)?;
    let item = match &content.statement {
        Statement::Post(post) => Some(post.kind),
        _ => None,
    };
    allows(world.mechanism, standing, channel.place.kind(), content.statement.kind(), item)?;
    // Asked after the standing, so that nobody outside learns which acts there are.
    if channel.acts.contains_key(&header.act_id) {
        return Err(Reason::ActIdUsed);
    }
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

fn author<'a>(directory: &DirectoryAt<'a>, act: &VerifiedAct) -> Result<Person<'a>, Reason> {
    let Author::Person { user, device } = act.act().content().header.author else {
        return Err(Reason::WrongChannel);
    };
    let person = directory.by_device(&device).filter(|person| person.user == user);
    let person = person.ok_or(Reason::UnknownDevice)?;
    let signs = person.device(&device).is_some_and(|device| device.sign == *act.key());
    if signs { Ok(person) } else { Err(Reason::WrongSigner) }
}

/// The roster that a review's first act brings itself.
fn founding_roster(channel: &Channel, statement: &Statement) -> Option<Roster> {
    match statement {
        Statement::OpenReview(act) if channel.place == Place::Review && channel.rosters.is_empty() => {
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
        return channel.roster().or(founding).ok_or(Reason::NotGenesis);
    }
    let review = world.review.filter(|review| Some(review.id) == channel.place.review());
    let review = review.ok_or(Reason::BadBasis)?;
    let head = basis.review.filter(|head| review.log.went_through(head)).ok_or(Reason::BadBasis)?;
    // The secretariat opens channels, in the review and nowhere else.
    if review.opened(&channel.id, head.size).as_ref() != Some(&channel.place) {
        return Err(Reason::NotGenesis);
    }
    review.roster_at(head.size).ok_or(Reason::NotGenesis)
}

pub(super) fn standing(
    channel: &Channel,
    roster: &Roster,
    directory: &DirectoryAt<'_>,
    author: &Person<'_>,
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
    let inside = channel.members.contains(&author.user)
        || (channel.awaits_founders(roster, directory)
            && roster.founders(&channel.place, directory).contains(&author.user));
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
        Statement::OpenReview(act) => opening::open_review(scene, act),
        Statement::OpenChannel(act) => opening::open_channel(scene, act),
        Statement::AmendReview(act) => opening::amend_review(scene, act),
        Statement::NewEpoch(act) => epochs::new_epoch(scene, act_id, act),
        Statement::AddMember(act) => epochs::add_member(scene, act),
        Statement::RemoveMember(user) => epochs::remove_member(scene, user),
        Statement::ShareEpoch(act) => epochs::share_epoch(scene, act),
        Statement::Post(act) => posts::post(scene, act_id, act),
        Statement::Disclose(act) => disclosure::disclose(scene, act),
        Statement::Withdraw(act) => disclosure::withdraw(scene, act),
        Statement::Complain(act) => epochs::complain(scene, act),
        directory_statement!() => Err(Reason::WrongChannel),
    }
}
