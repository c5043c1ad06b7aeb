//! `chancery root certify REQUEST`.

use std::path::{Path, PathBuf};

use chancery_core::act::SecondCustodian;
use chancery_core::limits::MECHANISM_BYTES_MAX;
use serde_json::json;

use super::act_file::second_id;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::second::SecondLine;
use crate::verbs::root_certify::{Second, certify};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The line that `chancery-server init` printed, or a file with it
    request: String,
    /// The mechanism file that the custodians agreed on
    #[arg(long, value_name = "FILE")]
    mechanism: PathBuf,
    /// Where people will find the server [default: as the request says]
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// The second custodian: the line that `chancery root init --second` printed, or a file with it
    #[arg(long, value_name = "LINE")]
    second: Option<String>,
    /// Every later act of the root needs the second custodian's signature; without it, only a replacement to which a
    /// State objects does
    #[arg(long, requires = "second")]
    second_always: bool,
    /// Where to write the certificate for `chancery-server certify`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let request = line(args.request, "chancery-request-")?;
    let second = args.second.map(|second| read_second(second, args.second_always)).transpose()?;
    let mechanism = files::read_text(&args.mechanism, MECHANISM_BYTES_MAX)?;
    let mut home = context.open_home()?;
    let made = certify(&mut home, &request, &mechanism, args.address, second)?;
    files::write_new(&args.out, &made.certificate)?;
    let fields = json!({
        "root": home.keys().root,
        "server": made.server.address,
        "server_key": made.server.tls_key,
        "mechanism": made.founded.mechanism,
        "second": made.founded.second.map(|second| second_id(&second.key)),
        "second_always": made.founded.second_always(),
        "file": args.out,
    });
    context.out.show(
        "certificate",
        &fields,
        format!(
            "Certified the server at {}, key {}.{}\nNext: `chancery-server certify --data DIR {}` there.",
            made.server.address,
            made.server.tls_key,
            told(made.founded.second),
            args.out.display()
        ),
    )
}

/// An argument that is a line, or names a file with it.
fn line(argument: String, prefix: &str) -> Result<String, Failure> {
    if argument.starts_with(prefix) {
        return Ok(argument);
    }
    files::read_text(Path::new(&argument), MECHANISM_BYTES_MAX)
}

fn read_second(argument: String, always: bool) -> Result<Second, Failure> {
    let parsed = line(argument, "chancery-second-")?.parse::<SecondLine>();
    let line = parsed.map_err(|error| {
        let next = "Copy the whole line that `chancery root init --second` printed; `chancery whoami` there shows it.";
        Failure::usage(format!("{error}."), next)
    })?;
    Ok(Second { line, always })
}

fn told(second: Option<SecondCustodian>) -> String {
    let Some(second) = second else { return String::new() };
    let when = if second.always {
        "every act of the root from here on"
    } else {
        "a replacement to which a State objects"
    };
    format!("\nThe second custodian, key {}, signs {when}, too.", second_id(&second.key))
}
