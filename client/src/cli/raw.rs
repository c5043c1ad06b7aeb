//! `chancery raw RPC`: any rpc with JSON, over the device's link and without the rules on this side, so that
//! anyone can see what the server refuses.

use std::io::{IsTerminal as _, Read as _};

use chancery_core::limits::MESSAGE_BYTES_MAX;

use super::context::Context;
use super::failure::Failure;
use crate::link::{Link, RawRpc, rpcs};

/// JSON spells bytes in base64, and a request may be several messages.
const JSON_BYTES_MAX: usize = 16 * MESSAGE_BYTES_MAX;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rpc: `chancery.v1.LogService/Append`, `LogService/Append` or `Append`
    #[arg(required_unless_present = "list")]
    rpc: Option<String>,
    /// The request in protobuf's JSON, bytes in base64 [default: standard input, if it is not a terminal]
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Stop after this many answers of a stream
    #[arg(long, value_name = "N")]
    take: Option<u64>,
    /// List the rpcs
    #[arg(long, conflicts_with_all = ["rpc", "data", "take"])]
    list: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let Some(rpc) = args.rpc else {
        for rpc in rpcs()? {
            context.out.show("rpc", &serde_json::json!({ "rpc": rpc }), &rpc)?;
        }
        return Ok(());
    };
    let home = match args.data {
        // Standard input may carry the passphrase first, and then the request.
        None => Some(context.open_home()?),
        Some(_) => None,
    };
    let rpc = RawRpc::new(&rpc, &request(args.data)?)?;
    let home = home.map_or_else(|| context.open_home(), Ok)?;
    let link = Link::connect(home.server()?, &home.keys().tls).await?;
    let mut left = args.take.unwrap_or(u64::MAX);
    let mut printed = Ok(());
    link.raw(rpc, |answer| {
        let text = serde_json::to_string_pretty(&answer).unwrap_or_default();
        printed = context.out.show("answer", &serde_json::json!({ "answer": answer }), text);
        left = left.saturating_sub(1);
        left > 0 && printed.is_ok()
    })
    .await?;
    printed
}

fn request(data: Option<String>) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if let Some(data) = data {
        return Ok(data);
    }
    if stdin.is_terminal() {
        return Ok(String::new());
    }
    let mut text = String::new();
    let limited = stdin.lock().take(JSON_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    match limited {
        Ok(_) if text.len() <= JSON_BYTES_MAX => Ok(text),
        Ok(_) => Err(Failure::usage("the request on standard input is too large", "Send less at a time.")),
        Err(_) => Err(Failure::usage("the request on standard input is not text", "Send JSON in UTF-8.")),
    }
}
