//! `chancery root amend-state STATE`.

use chancery_core::act::Standing;
use chancery_core::id::{InstrumentCode, StateCode};
use serde_json::json;

use super::act_file::ActFile;
use super::admit_state::standings;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session;
use crate::verbs::root_amend_state::amend_state;
use crate::verbs::root_state::Stated;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The State, by the two letters of ISO 3166-1
    state: StateCode,
    /// The instruments to which it is a party from here on, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "CODE,..", required_unless_present_any = ["signatory", "none"])]
    party: Vec<InstrumentCode>,
    /// The instruments of which it is a signatory
    #[arg(long, value_delimiter = ',', value_name = "CODE,..")]
    signatory: Vec<InstrumentCode>,
    /// The State has no standing towards any instrument any more
    #[arg(long, conflicts_with_all = ["party", "signatory"])]
    none: bool,
    #[command(flatten)]
    act_file: ActFile,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let standings = standings(&args.party, &args.signatory)?;
    let mut session = session::open(context).await?;
    let parties = standings.iter().filter(|(_, standing)| *standing == Standing::Party).count();
    let stated = amend_state(&mut session, args.state, standings, args.act_file.way()).await?;
    if let Stated::Filed(acts) = stated {
        return args.act_file.write(&acts, context);
    }
    let fields = json!({ "state": args.state, "party": args.party, "signatory": args.signatory });
    let text = match parties {
        0 => format!("{} is party to no instrument any more.", args.state),
        _ => format!("Amended the standing of {}.", args.state),
    };
    context.out.show("state", &fields, text)
}
