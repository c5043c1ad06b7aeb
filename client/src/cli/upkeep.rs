//! `chancery upkeep`

use super::context::Context;
use super::failure::Failure;
use super::session::{self, tell_upkept};
use crate::verbs::upkeep::upkeep;

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let done = upkeep(&mut session).await?;
    for one in &done {
        tell_upkept(&session, context, one)?;
    }
    if done.is_empty() {
        context.out.say("Everything is in order.")?;
    }
    Ok(())
}
