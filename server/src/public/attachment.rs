//! Attachments in clear.

use std::fmt::Write as _;

use chancery_core::act::{Audience, Rendition};
use http::HeaderValue;

use super::response::{self, Response};
use crate::app::download::Wanted;
use crate::app::{App, AppError};
use crate::store::db::Source;
use crate::store::{files, publications};

/// An attachment of a live item, to be saved.
pub(super) async fn open(app: &App, index: u64, position: u32) -> Result<Option<Response>, AppError> {
    let publication = app.world().publication_id(Audience::Public);
    let Some(id) = publications::attachment(app.pool(), &publication, index, position).await? else {
        return Ok(None);
    };
    let Some((_, Some(opened))) = publications::find(app.pool(), &publication, index).await? else {
        return Ok(None);
    };
    let rendition = rendition(opened.rendition.as_deref())?;
    let Some(named) = usize::try_from(position).ok().and_then(|at| rendition.files.get(at)) else {
        return Ok(None);
    };
    // A withdrawal may have come in between, and the file gone.
    let Some(file) = files::find(&mut Source::Pool(app.pool()), &id).await? else { return Ok(None) };
    let whole = app.file_store().download(&file, Wanted { offset_bytes: 0, length_bytes: 0 })?;
    let length = whole.remaining_bytes();
    let pieces = whole.stream();
    Ok(Some(response::download(
        safe_media_type(&named.media_type),
        disposition(&named.name),
        Some(length),
        pieces,
    )))
}

/// The rendition of a public item.
pub(super) fn rendition(bytes: Option<&[u8]>) -> Result<Rendition, AppError> {
    let bytes = bytes.ok_or(AppError::Bug("a public item without its rendition"))?;
    Rendition::decode(bytes).map_err(|_| AppError::Bug("a stored rendition that does not decode"))
}

/// What a browser may be told of a file that someone else wrote: nothing that it would run.
fn safe_media_type(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "application/pdf",
        "text/plain" => "text/plain; charset=utf-8",
        "image/png" => "image/png",
        "image/jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
}

/// RFC 6266 with the name in both forms: ASCII for old programs, RFC 8187 for all others.
pub(super) fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_inside_its_header() {
        for (name, expect) in [
            ("law.pdf", "attachment; filename=\"law.pdf\"; filename*=UTF-8''law.pdf"),
            ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
            ("x\"; y=\"z", "attachment; filename=\"x__ y=_z\"; filename*=UTF-8''x%22%3B%20y%3D%22z"),
            ("ق.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%D9%82.pdf"),
            ("a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
            ("%41", "attachment; filename=\"_41\"; filename*=UTF-8''%2541"),
        ] {
            let expect = expect.replace("y=_z", "y__z");
            assert_eq!(disposition(name).to_str().unwrap(), expect);
        }
    }

    #[test]
    fn a_browser_is_told_only_of_types_that_it_does_not_run() {
        for (told, expect) in [
            ("application/pdf", "application/pdf"),
            ("image/png", "image/png"),
            ("text/html", "application/octet-stream"),
            ("image/svg+xml", "application/octet-stream"),
            ("text/plain; charset=utf-7", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(safe_media_type(told), expect);
        }
    }
}
