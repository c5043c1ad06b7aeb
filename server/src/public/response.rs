//! Responses: bodies, and the headers that every one has.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Frame;
use tokio_stream::{Stream, StreamExt as _};

use crate::app::AppError;

/// A response; its body may end early, and then the connection ends with it, so that a reader notices.
pub(super) type Response = http::Response<UnsyncBoxBody<Bytes, AppError>>;

/// A page.
pub(super) fn page(status: StatusCode, html: Bytes) -> Response {
    whole(status, "text/html; charset=utf-8", html)
}

/// A short plain text.
pub(super) fn text(text: String) -> Response {
    whole(StatusCode::OK, "text/plain; charset=utf-8", text.into())
}

/// The style sheet.
pub(super) fn style(css: &'static str) -> Response {
    whole(StatusCode::OK, "text/css; charset=utf-8", Bytes::from_static(css.as_bytes()))
}

/// The answer to a method that is not for reading.
pub(super) fn method_not_allowed(html: Bytes) -> Response {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, html);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// The answer when too many of its kind are under way.
pub(super) fn busy() -> Response {
    let text = Bytes::from_static(b"Too many downloads at once. Please try again in a moment.\n");
    let mut response = whole(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// A file to be saved: its media type, its name as a `Content-Disposition`, its length where it is known.
pub(super) fn download(
    media_type: &'static str,
    disposition: HeaderValue,
    length_bytes: Option<u64>,
    pieces: impl Stream<Item = Result<Bytes, AppError>> + Send + 'static,
) -> Response {
    let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync();
    let mut response = respond(StatusCode::OK, media_type, body);
    response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    if let Some(length) = length_bytes {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}

/// The same without a body, as the answer to HEAD.
pub(super) fn head(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    drop(body);
    http::Response::from_parts(parts, Empty::new().map_err(never).boxed_unsync())
}

fn whole(status: StatusCode, media_type: &'static str, bytes: Bytes) -> Response {
    let length = bytes.len() as u64;
    let mut response = respond(status, media_type, Full::new(bytes).map_err(never).boxed_unsync());
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

fn respond(status: StatusCode, media_type: &'static str, body: UnsyncBoxBody<Bytes, AppError>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    for (name, value) in EVERYWHERE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn never(never: Infallible) -> AppError {
    match never {}
}

/// No script, no resource from elsewhere, no frame, no guess at a type, no copy kept: what is withdrawn must
/// not live on in a cache.
const EVERYWHERE: [(HeaderName, &str); 8] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];
