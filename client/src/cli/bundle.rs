//! `chancery verify bundle`

use std::path::PathBuf;

use chancery_core::id::KeyId;
use serde_json::json;

use super::context::Context;
use super::disclosed::words;
use super::failure::{Exit, Failure};
use super::time::rfc3339;
use crate::render;
use crate::verbs::verify_bundle::{VerifyBundleError, verify_bundle};

/// Verify the bundle of a public item: no network, no account.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle
    file: PathBuf,
    /// The fingerprint of the deployment's root, from another source than the bundle
    #[arg(long, value_name = "FINGERPRINT")]
    root: KeyId,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let shown = verify_bundle(&args.file, &args.root)?;
    let rendition = &shown.rendition;
    let files: Vec<_> = rendition
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "media_type": file.media_type, "length": file.length, "sha256": file.sha256 }))
        .collect();
    let about = rendition.about.as_ref().map(|(instrument, article, question)| {
        json!({ "instrument": instrument, "article": article, "question": question })
    });
    context.out.record(
        "bundle-verified",
        &json!({
            "state": shown.state, "item": shown.kind, "channel": shown.channel, "section": shown.section,
            "act": shown.act, "index": shown.index, "log_time": rfc3339(shown.log_time_ms),
            "language": rendition.language, "title": rendition.title, "text": rendition.text, "about": about,
            "files": files,
        }),
    )?;
    if context.out.json() {
        return Ok(());
    }
    let text = format!(
        "Verified: {} of {}, opened to the public on {}.\n{}Its State says, under a key that this root certified, \
         that this is what was exchanged. Whether it has been withdrawn since, a bundle cannot show.\n",
        render::kind(shown.kind),
        shown.state,
        render::date(shown.log_time_ms),
        words(rendition),
    );
    context.out.bytes(text.as_bytes())
}

impl From<VerifyBundleError> for Failure {
    fn from(error: VerifyBundleError) -> Self {
        match error {
            VerifyBundleError::File(error) => error.into(),
            VerifyBundleError::Bundle(error) => {
                let message = format!("the bundle does not hold: {}", error.fault);
                let next = "Do not rely on it. Get it again from the public page.";
                Self { at: Some(error.at), ..Self::new(Exit::Verification, "BUNDLE", message, next) }
            }
        }
    }
}
