//! `chancery upkeep`

use super::admit::show_teams;
use super::context::Context;
use super::failure::Failure;
use super::session::{self, all_in_order, tell_upkept};

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let (teams, done) = all_in_order(&mut session).await?;
    show_teams(&teams, context)?;
    for one in &done {
        tell_upkept(&session, context, one)?;
    }
    if done.is_empty() && teams.is_empty() {
        context.out.say("Everything is in order.")?;
    }
    Ok(())
}
