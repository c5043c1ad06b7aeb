//! `chancery admit` and `chancery root admit`: who has answered, and letting them in.

use chancery_core::act::Team;
use chancery_core::id::UserId;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::invite::meant;
use super::output::isolated;
use super::root::act_file::ActFile;
use super::session::{self, show_state_key};
use super::time::rfc3339;
use crate::invitation::Meant;
use crate::verbs::admit::{Admitted, Candidate, Standing, admit, admit_by_file, candidates, refuse, reject};
use crate::verbs::invite::Terms;
use crate::verbs::root_state::Way;
use crate::verbs::teams::TeamKept;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Admit these, by the first digits that the list shows [default: list them only]
    #[arg(value_name = "WHO")]
    who: Vec<String>,
    /// Admit everyone who has answered
    #[arg(long, conflicts_with = "who")]
    all: bool,
    /// Close the invitations of those named, and admit nobody
    #[arg(long, requires = "who")]
    refuse: bool,
    /// Reject the forged answers of those named: their invitations wait for others
    #[arg(long, requires = "who", conflicts_with = "refuse")]
    reject: bool,
}

/// `by_file`: the custodians' way by the second of them.
pub(super) async fn run(args: Args, by_file: Option<&ActFile>, context: &Context) -> Result<(), Failure> {
    let by_file = by_file.filter(|file| file.way() == Way::File);
    if by_file.is_some() && (args.refuse || args.reject || args.who.is_empty() && !args.all) {
        let message = "only those who are admitted go into a file";
        return Err(Failure::usage(message, "Name them, or give --all; without --refuse and --reject."));
    }
    let mut session = session::open(context).await?;
    let all = candidates(&mut session).await?;
    if args.who.is_empty() && !args.all {
        return list(&all, context);
    }
    let ready = |one: &Candidate| matches!(one.standing, Standing::Ready(_));
    let replacements = all.iter().filter(|one| ready(one) && one.terms.replaces).count();
    let chosen = choose(all, &args)?;
    if args.refuse {
        for candidate in &chosen {
            refuse(&session, candidate).await?;
            let fields = json!({ "lookup": hex::encode(candidate.lookup), "done": "refused" });
            context.out.show(
                "invitation",
                &fields,
                format!("Closed the invitation {}.", short(candidate)),
            )?;
        }
        return Ok(());
    }
    if args.reject {
        for candidate in &chosen {
            let left = reject(&session, candidate).await?;
            let fields =
                json!({ "lookup": hex::encode(candidate.lookup), "done": "rejected", "attempts_left": left });
            let text = format!("Rejected the answer to {}. It takes {left} more.", short(candidate));
            context.out.show("invitation", &fields, text)?;
        }
        return Ok(());
    }
    if chosen.is_empty() {
        return context.out.say(if replacements == 0 {
            "Nobody has answered yet."
        } else {
            "Nobody has answered but who is to take a focal point's place: `chancery root replace announce WHO`."
        });
    }
    if let Some(file) = by_file {
        return match admit_by_file(&mut session, &chosen).await? {
            Some(acts) => file.write(&acts, context),
            None => context.out.say("All of them were admitted before; their invitations are closed now."),
        };
    }
    for candidate in chosen {
        show(&admit(&mut session, candidate).await?, context)?;
    }
    // A newcomer of the State is brought into its channels at once.
    if session.home.person().is_ok() { session::keep_up(&mut session, context).await } else { Ok(()) }
}

/// Lets in one's own devices that have answered.
pub(super) async fn devices(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let all = candidates(&mut session).await?;
    let ready =
        |one: &Candidate| matches!((&one.standing, one.terms.meant), (Standing::Ready(_), Meant::Device(_)));
    let chosen: Vec<Candidate> = all.into_iter().filter(ready).collect();
    if chosen.is_empty() {
        return context.out.say("No device of yours has answered yet.");
    }
    for candidate in chosen {
        show(&admit(&mut session, candidate).await?, context)?;
    }
    session::keep_up(&mut session, context).await
}

fn choose(all: Vec<Candidate>, args: &Args) -> Result<Vec<Candidate>, Failure> {
    if args.all {
        return Ok(all
            .into_iter()
            .filter(|one| matches!(one.standing, Standing::Ready(_)) && !one.terms.replaces)
            .collect());
    }
    for who in &args.who {
        let found = all.iter().filter(|candidate| is_meant(candidate, who)).count();
        if found != 1 || who.len() < 4 {
            let message = match found {
                0 => format!("there is no invitation {who}"),
                _ => format!("{who} does not name one invitation"),
            };
            return Err(Failure::not_found(message, "See `chancery admit` without arguments."));
        }
    }
    Ok(all.into_iter().filter(|one| args.who.iter().any(|who| is_meant(one, who))).collect())
}

pub(super) fn is_meant(candidate: &Candidate, who: &str) -> bool {
    hex::encode(candidate.lookup).starts_with(&who.to_ascii_lowercase())
}

fn list(all: &[Candidate], context: &Context) -> Result<(), Failure> {
    for candidate in all {
        let (word, fingerprint) = standing(candidate);
        let fields = json!({
            "lookup": hex::encode(candidate.lookup),
            "standing": word,
            "meant": meant(candidate.terms.meant),
            "user": for_whom(candidate.terms.meant),
            "fingerprint": fingerprint,
            "role": candidate.terms.role.as_str(),
            "state": candidate.terms.state,
            "instruments": candidate.terms.instruments,
            "team": candidate.terms.team,
            "name": candidate.card.as_ref().map(|card| &card.name),
            "expires": rfc3339(candidate.expires_ms),
        });
        let name = candidate.card.as_ref().filter(|card| !card.name.is_empty());
        let name = name.map(|card| format!(", {}", isolated(&card.name))).unwrap_or_default();
        let shown = fingerprint.map(|digits| format!("\n          keys {digits}")).unwrap_or_default();
        let as_what = match candidate.terms.meant {
            Meant::Newcomer => terms(&candidate.terms),
            Meant::Device(_) => "a further device of yours".to_owned(),
            Meant::Again(user) => format!("{user} anew, {}", terms(&candidate.terms)),
        };
        let line = format!("{}  {word}: {as_what}{name}{shown}", short(candidate));
        context.out.show("candidate", &fields, line)?;
    }
    if all.is_empty() {
        return context.out.say("There are no invitations.");
    }
    if all.iter().any(|candidate| matches!(candidate.standing, Standing::Forged)) {
        context.out.advise(
            "Someone has answered who was not given the invitation: `admit WHO --reject` makes room for the person.",
        );
    }
    if all.iter().any(|candidate| matches!(candidate.standing, Standing::Ready(_))) {
        context.out.advise(
            "The keys of those who have answered come from whoever was given the invitation. To be sure of more,\n\
             compare the digits with the person; then admit them with `admit WHO` or `admit --all`.",
        );
    }
    Ok(())
}

/// The person of the directory whom an invitation names; none of a newcomer.
const fn for_whom(meant: Meant) -> Option<UserId> {
    match meant {
        Meant::Newcomer => None,
        Meant::Device(user) | Meant::Again(user) => Some(user),
    }
}

fn standing(candidate: &Candidate) -> (&'static str, Option<&str>) {
    match &candidate.standing {
        Standing::Waiting => ("waiting", None),
        Standing::Ready(newcomer) => ("ready", Some(&newcomer.fingerprint)),
        Standing::Forged => ("forged", None),
        Standing::Void => ("closed", None),
        Standing::Expired => ("expired", None),
    }
}

fn short(candidate: &Candidate) -> String {
    hex::encode(&candidate.lookup[..4])
}

/// What a person is, in words.
pub(super) fn terms(terms: &Terms) -> String {
    let role = terms.role.as_str().replace('-', " ");
    let state = terms.state.map(|state| format!(" of {state}")).unwrap_or_default();
    let codes: Vec<&str> = terms.instruments.iter().map(chancery_core::id::InstrumentCode::as_str).collect();
    let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    let until = terms.expires_ms.map(|end| format!(", until {}", rfc3339(end))).unwrap_or_default();
    format!("{role}{state}{codes}{until}")
}

fn show(admitted: &Admitted, context: &Context) -> Result<(), Failure> {
    let fields = json!({
        "user": admitted.user,
        "device": admitted.device,
        "meant": meant(admitted.terms.meant),
        "role": admitted.terms.role.as_str(),
        "state": admitted.terms.state,
        "instruments": admitted.terms.instruments,
        "team": admitted.terms.team,
        "fingerprint": admitted.fingerprint,
        "state_key": admitted.state_key,
        "until": admitted.terms.expires_ms.map(rfc3339),
    });
    let key = if admitted.state_key { ", and certified the State's key" } else { "" };
    let text = match admitted.terms.meant {
        Meant::Newcomer => format!("Admitted {}, {}{key}.", admitted.user, terms(&admitted.terms)),
        Meant::Device(_) => format!("Added your device {}.", admitted.device),
        Meant::Again(_) => format!("Certified {} anew, {}.", admitted.user, terms(&admitted.terms)),
    };
    context.out.show("admitted", &fields, text)?;
    show_state_key(&admitted.state_keys, context)?;
    show_teams(&admitted.teams, context)
}

/// What was done for teams.
pub(super) fn show_teams(teams: &[TeamKept], context: &Context) -> Result<(), Failure> {
    for kept in teams {
        let (team, generation, recipients, done) = match *kept {
            TeamKept::Made { team, generation, recipients, .. } => {
                (team, generation, Some(recipients), "made")
            }
            TeamKept::Shared { team, generation, recipients } => {
                (team, generation, Some(recipients), "shared")
            }
            TeamKept::Awaited { team, generation } => (team, generation, None, "awaited"),
        };
        let fields = json!({
            "team": team_code(team), "generation": generation, "recipients": recipients, "done": done,
            "lost": matches!(kept, TeamKept::Made { lost: true, .. }),
        });
        context.out.record("team", &fields)?;
        context.out.advise(team_text(kept));
    }
    Ok(())
}

fn team_text(kept: &TeamKept) -> String {
    match *kept {
        TeamKept::Made { team, generation, recipients, lost } => {
            let made = format!("Made key {generation} of {} for {recipients}.", team_name(team));
            if !lost {
                return made;
            }
            format!(
                "{made} Nobody who could hand on the key before holds it any more: what it opens stays open to those \
                 who have it, and closed to whoever comes later."
            )
        }
        TeamKept::Shared { team, generation, recipients } => {
            format!("Shared key {generation} of {} for {recipients}.", team_name(team))
        }
        TeamKept::Awaited { team, generation } => format!(
            "Key {generation} of {} waits for one who holds it: it is handed on with that person's next command.",
            team_name(team)
        ),
    }
}

/// A team in JSON: a State's code, the id of a team of the secretariat, or `all-parties`.
fn team_code(team: Team) -> String {
    match team {
        Team::State(state) => state.to_string(),
        Team::Secretariat(id) => id.to_string(),
        Team::AllParties => "all-parties".to_owned(),
    }
}

fn team_name(team: Team) -> String {
    match team {
        Team::State(state) => format!("the team of {state}"),
        Team::Secretariat(id) => format!("the secretariat's team {id}"),
        Team::AllParties => "all parties".to_owned(),
    }
}
