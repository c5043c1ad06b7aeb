//! Withdrawing what was opened: serving stops, and a dated tombstone stays. What was read cannot be unread.

use chancery_core::act::{Audience, PostRef, SignedAct, Statement, Withdraw};
use chancery_core::id::ActId;
use chancery_core::limits::POSTS_PER_DISCLOSURE_MAX;

use super::disclose::{Done, Plan, Wanted, make_plan, named, speaker, state_signer};
use crate::sync::{Prepared, Session, SessionError, with_current_state_key};
use crate::verbs::find;

/// How often an act is made anew before the person is told that others were faster.
const ATTEMPTS: usize = 4;

/// What withdrawing would do, and whether the rules would refuse it. Changes nothing, but for a State's key that owes a
/// successor.
///
/// # Errors
/// [`SessionError`].
pub async fn preview(session: &mut Session, wanted: &Wanted) -> Result<Plan, SessionError> {
    with_current_state_key(session, async |session| {
        session.sync_all().await?;
        let plan = plan(session, wanted)?;
        session.decide_here(plan.channel, &prepare(session, &plan)?)?;
        Ok(plan)
    })
    .await
}

/// Withdraws.
///
/// # Errors
/// [`SessionError`].
pub async fn withdraw(session: &mut Session, wanted: &Wanted) -> Result<Done, SessionError> {
    with_current_state_key(session, async |session| attempt(session, wanted).await).await
}

async fn attempt(session: &mut Session, wanted: &Wanted) -> Result<Done, SessionError> {
    session.sync_all().await?;
    let mut attempts = ATTEMPTS;
    loop {
        attempts -= 1;
        let plan = plan(session, wanted)?;
        let acts = prepare(session, &plan)?;
        match session.append(plan.channel, acts).await {
            Ok(sent) => return Ok(Done { plan, sent }),
            Err(error) if attempts > 0 && error.is_stale() => session.sync_all().await?,
            Err(error) => return Err(error),
        }
    }
}

/// Every post of the section that is open to the audience, or the one revision.
fn plan(session: &Session, wanted: &Wanted) -> Result<Plan, SessionError> {
    let (channel, section) = find::section(session, &wanted.section)?;
    let named = named(session, channel, section, wanted.revision.as_ref(), |_| false)?;
    let is_open = |act: &ActId| {
        let post = session.channel(channel).and_then(|copy| copy.state.posts.get(act));
        post.is_some_and(|post| post.audiences.contains(&wanted.audience))
    };
    let posts = named.into_iter().filter(is_open).collect();
    make_plan(session, channel, section, wanted.audience, posts)
}

fn prepare(session: &Session, plan: &Plan) -> Result<Vec<Prepared>, SessionError> {
    let (state, _) = speaker(session, plan.channel)?;
    let copy = session.channel(plan.channel).ok_or(SessionError::NoSuchChannel(plan.channel))?;
    let (channel, section, audience): (_, _, Audience) = (plan.channel, plan.section, plan.audience);
    let chunks = plan.posts.chunks(POSTS_PER_DISCLOSURE_MAX);
    chunks
        .map(|posts| {
            let mut withdrawals = Vec::with_capacity(posts.len());
            for act_id in posts {
                let record = copy.state.posts.get(act_id);
                let record = record.ok_or(SessionError::Bug("a post that was found is not there"))?;
                let (kind, body) = (record.kind, record.body);
                let post = PostRef { state, channel, section, act_id: *act_id, kind, body };
                withdrawals.push(state_signer(session)?.withdrawal(&post, audience)?);
            }
            let statement = Statement::Withdraw(Withdraw { section, audience, withdrawals });
            let act: SignedAct = session.sign(channel, statement)?;
            Ok(act.into())
        })
        .collect()
}
