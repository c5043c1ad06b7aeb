//! `chancery root show`.

use chancery_core::act::{SecondCustodian, Standing};
use serde_json::json;

use super::act_file::second_id;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session;
use crate::verbs::deployment::{Deployment, State, deployment};

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let found = deployment(&mut session).await?;
    show(&found, context)?;
    found.states.iter().try_for_each(|state| show_state(state, context))
}

fn show(found: &Deployment, context: &Context) -> Result<(), Failure> {
    let fields = json!({
        "root": found.root,
        "server": found.address,
        "server_key": found.server_tls_key,
        "log_key": hex::encode(found.log_key),
        "second": found.second.map(|second| second_id(&second.key)),
        "second_always": found.second.is_some_and(|second| second.always),
        "mechanism": found.mechanism,
        "entries": found.entries,
        "officers": found.officers,
    });
    let text = format!(
        "root       {}\nserver     {}\n  its key  {}\n  log key  {}\nsecond     {}\nmechanism  {}\nentries    {}\nofficers   {}",
        found.root,
        found.address,
        found.server_tls_key,
        hex::encode(found.log_key),
        second(found.second),
        found.mechanism,
        found.entries,
        found.officers
    );
    context.out.show("deployment", &fields, text)
}

fn second(second: Option<SecondCustodian>) -> String {
    second.map_or_else(
        || "no second custodian".to_owned(),
        |second| {
            let when = if second.always { "every act" } else { "a replacement to which a State objects" };
            format!("{}, signs {when}", second_id(&second.key))
        },
    )
}

fn show_state(state: &State, context: &Context) -> Result<(), Failure> {
    let of = |wanted: Standing| -> Vec<&str> {
        let codes = state.standings.iter().filter(|(_, standing)| *standing == wanted);
        codes.map(|(code, _)| code.as_str()).collect()
    };
    let (party, signatory) = (of(Standing::Party), of(Standing::Signatory));
    let fields = json!({
        "state": state.state, "party": party, "signatory": signatory,
        "key": state.key, "people": state.people,
    });
    let key = if state.key { "its key is certified" } else { "no key yet" };
    let also =
        if signatory.is_empty() { String::new() } else { format!("; signatory of {}", signatory.join(", ")) };
    let party = if party.is_empty() { "no instrument".to_owned() } else { party.join(", ") };
    let text = format!("{}  party to {party}{also}; {key}; people: {}", state.state, state.people);
    context.out.show("state", &fields, text)
}
