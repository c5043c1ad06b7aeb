//! `chancery whoami`: what this home knows of itself, and what the directory says.

use chancery_core::error::WireReason;
use chancery_seal::sign::SigningKey;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::replacement;
use super::time::rfc3339;
use crate::home::{Holder, Home};
use crate::link::LinkError;
use crate::second::SecondLine;
use crate::sync::SessionError;
use crate::verbs::join::{Enrolled, JoinError, enrol, own_fingerprint};
use crate::verbs::replacement::Pending;

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let home = context.open_home()?;
    match &home.keys().holder {
        Holder::Custodian { .. } => custodians(&home, context),
        Holder::Second { key } => second(&home, key, context),
        Holder::Person(_) => person(home, context).await,
    }
}

fn second(home: &Home, key: &SigningKey, context: &Context) -> Result<(), Failure> {
    let (root, line) = (home.keys().root, SecondLine::make(key, home.keys().root).text());
    let fields = json!({ "holder": "second-custodian", "root": root, "key": key.key_id(), "line": line });
    let text = format!("The second custodian of the root {root}, key {}.\n{line}", key.key_id());
    context.out.show("whoami", &fields, text)
}

fn custodians(home: &Home, context: &Context) -> Result<(), Failure> {
    let keys = home.keys();
    let address = keys.server.as_ref().map(|server| &server.address);
    let fields = json!({ "holder": "custodians", "root": keys.root, "server": address });
    let server = address.map_or_else(|| "no server yet".to_owned(), |address| format!("server {address}"));
    context.out.show("whoami", &fields, format!("The custodians of the root {}, {server}.", keys.root))
}

async fn person(home: Home, context: &Context) -> Result<(), Failure> {
    let person = home.person()?;
    let mut fields = json!({
        "holder": "person",
        "user": person.identity.user,
        "device": person.identity.device,
        "role": person.role.as_str(),
        "state": person.state,
        "root": home.keys().root,
        "server": home.server()?.address,
        "fingerprint": own_fingerprint(&home)?,
    });
    let state = person.state.map(|state| format!(" of {state}")).unwrap_or_default();
    let mut text = format!(
        "{}, {}{state}\nkeys    {}\nroot    {}\nserver  {}",
        person.identity.user,
        person.role.as_str().replace('-', " "),
        own_fingerprint(&home)?,
        home.keys().root,
        home.server()?.address,
    );
    let (word, more, replaced) = standing(home).await?;
    fields["enrolment"] = json!(word);
    let own = fields["role"].clone();
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    text.push_str(match word {
        "admitted" => "\nin the directory with exactly these keys",
        "waiting" => "\nwaiting to be admitted by the one who invited you",
        "gone" => "\nno longer in the directory: nobody can work from here any more",
        "void" => "\nthe invitation was used by somebody else or closed; ask for another",
        "expired" => "\nthe invitation's time is over; ask for another",
        _ => "\nthe server does not answer, so this is only what the home knows",
    });
    // The home knows what one was invited as; the directory has the last word.
    if let Some(role) = fields["role"].as_str().filter(|role| own.as_str() != Some(role)) {
        text.push_str(&format!("\nyou are {} now", role.replace('-', " ")));
    }
    if let Some(until) = fields["until"].as_str() {
        text.push_str(&format!("\nuntil {until}"));
    }
    context.out.show("whoami", &fields, text)?;
    replacement::tell(&replaced, context)
}

/// The server being away is no failure here: the home has something to say by itself.
async fn standing(home: Home) -> Result<(&'static str, Value, Vec<Pending>), Failure> {
    let (word, more) = match enrol(home).await {
        Ok(Enrolled::Waiting) => ("waiting", json!({})),
        Ok(Enrolled::Void) => ("void", json!({})),
        Ok(Enrolled::Expired) => ("expired", json!({})),
        Ok(Enrolled::Admitted { membership, .. }) => {
            let more = json!({
                "role": membership.role.as_str(),
                "until": membership.expires_ms.map(rfc3339),
                "instruments": membership.instruments,
                "team": membership.secretariat_team,
                "state_key": membership.state_key,
                "team_key": membership.team_key,
            });
            return Ok(("admitted", more, membership.replacement.into_iter().collect()));
        }
        Err(
            JoinError::Link(LinkError::Unavailable(_))
            | JoinError::Session(SessionError::Link(LinkError::Unavailable(_))),
        ) => ("unknown", json!({})),
        Err(JoinError::NotListed) => ("gone", json!({})),
        Err(JoinError::Session(SessionError::Link(error))) if error.reason() == Some(NOT_ENROLLED) => {
            ("gone", json!({}))
        }
        Err(error) => return Err(error.into()),
    };
    Ok((word, more, Vec::new()))
}

/// The server's word for a key that the directory does not know.
const NOT_ENROLLED: &str = WireReason::NotEnrolled.code();
