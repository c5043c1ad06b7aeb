//! `chancery root admit-state STATE`.

use chancery_core::act::{RegionalGroup, Standing};
use chancery_core::id::{InstrumentCode, StateCode};
use serde_json::json;

use super::act_file::ActFile;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::{parse, session};
use crate::verbs::root_admit_state::admit_state;
use crate::verbs::root_state::Stated;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The State, by the two letters of ISO 3166-1
    state: StateCode,
    /// Its regional group
    #[arg(long, value_parser = parse::group)]
    group: RegionalGroup,
    /// The instruments to which it is a party, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "CODE,..")]
    party: Vec<InstrumentCode>,
    /// The instruments of which it is a signatory
    #[arg(long, value_delimiter = ',', value_name = "CODE,..")]
    signatory: Vec<InstrumentCode>,
    #[command(flatten)]
    act_file: ActFile,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    if !args.state.is_listed() {
        let message = format!("{} is the code of no State", args.state);
        return Err(Failure::usage(
            message,
            "Give the two letters that ISO 3166-1 has for it; EU for the Union.",
        ));
    }
    let standings = standings(&args.party, &args.signatory)?;
    let mut session = session::open(context).await?;
    let stated = admit_state(&mut session, args.state, args.group, standings, args.act_file.way()).await?;
    if let Stated::Filed(acts) = stated {
        return args.act_file.write(&acts, context);
    }
    let fields = json!({ "state": args.state, "party": args.party, "signatory": args.signatory });
    context.out.show("state", &fields, format!("{} is in the roster.", args.state))
}

/// The standing that the two lists name.
pub(super) fn standings(
    party: &[InstrumentCode],
    signatory: &[InstrumentCode],
) -> Result<Vec<(InstrumentCode, Standing)>, Failure> {
    if let Some(both) = party.iter().find(|code| signatory.contains(code)) {
        let message = format!("{both} is named both under --party and under --signatory");
        return Err(Failure::usage(message, "Name it once."));
    }
    let of = |codes: &[InstrumentCode], standing| -> Vec<_> {
        codes.iter().map(|code| (code.clone(), standing)).collect()
    };
    Ok([of(party, Standing::Party), of(signatory, Standing::Signatory)].concat())
}
