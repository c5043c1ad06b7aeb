//! `chancery upkeep`

use super::admit::show_teams;
use super::context::Context;
use super::failure::Failure;
use super::session::{self, all_in_order, show_state_key, tell_upkept};

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let done = all_in_order(&mut session).await?;
    show_state_key(&done.state_key, context)?;
    show_teams(&done.teams, context)?;
    for one in &done.channels {
        tell_upkept(&session, context, one)?;
    }
    if done.is_empty() {
        context.out.say("Everything is in order.")?;
    }
    Ok(())
}
