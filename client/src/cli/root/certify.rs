//! `chancery root certify REQUEST`.

use std::path::{Path, PathBuf};

use chancery_core::limits::MECHANISM_BYTES_MAX;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::verbs::root_certify::certify;

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
    /// Where to write the certificate for `chancery-server certify`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let request = if args.request.starts_with("chancery-request-") {
        args.request
    } else {
        files::read_text(Path::new(&args.request), MECHANISM_BYTES_MAX)?
    };
    let mechanism = files::read_text(&args.mechanism, MECHANISM_BYTES_MAX)?;
    let mut home = context.open_home()?;
    let made = certify(&mut home, &request, &mechanism, args.address)?;
    files::write_new(&args.out, &made.certificate)?;
    let fields = json!({
        "root": home.keys().root,
        "server": made.server.address,
        "server_key": made.server.tls_key,
        "mechanism": made.founded.mechanism,
        "file": args.out,
    });
    context.out.show(
        "certificate",
        &fields,
        format!(
            "Certified the server at {}, key {}.\nNext: `chancery-server certify --data DIR {}` there.",
            made.server.address,
            made.server.tls_key,
            args.out.display()
        ),
    )
}
