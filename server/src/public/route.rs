//! The closed list of addresses.

use chancery_core::id::StateCode;

/// An address of a public page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// `/`
    Front,
    /// `/state/CL` and `/state/CL/12`: what one State has opened, from an index of the log on.
    State { state: StateCode, start: u64 },
    /// `/item/7`
    Item(u64),
    /// `/file/7/0`
    File { index: u64, position: u32 },
    /// `/bundle/7`
    Bundle(u64),
    /// `/checkpoint`
    Checkpoint,
    /// `/about`
    About,
    /// `/style.css`
    Style,
}

impl Route {
    /// The route of a path; none for everything that is not exactly one.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        Some(match parts {
            [Some(""), None, ..] => Self::Front,
            [Some("checkpoint"), None, ..] => Self::Checkpoint,
            [Some("about"), None, ..] => Self::About,
            [Some("style.css"), None, ..] => Self::Style,
            [Some("state"), Some(state), start, None] => {
                Self::State { state: state.parse().ok()?, start: start.map_or(Some(0), number)? }
            }
            [Some("item"), Some(index), None, _] => Self::Item(number(index)?),
            [Some("bundle"), Some(index), None, _] => Self::Bundle(number(index)?),
            [Some("file"), Some(index), Some(position), None] => {
                Self::File { index: number(index)?, position: number(position)?.try_into().ok()? }
            }
            _ => return None,
        })
    }
}

/// A number in its one form: no sign, no leading zero.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_addresses_are_routes() {
        let chile = "CL".parse().unwrap();
        for (path, expect) in [
            ("/", Some(Route::Front)),
            ("/about", Some(Route::About)),
            ("/checkpoint", Some(Route::Checkpoint)),
            ("/style.css", Some(Route::Style)),
            ("/state/CL", Some(Route::State { state: chile, start: 0 })),
            ("/state/CL/12", Some(Route::State { state: chile, start: 12 })),
            ("/item/0", Some(Route::Item(0))),
            ("/bundle/18446744073709551615", Some(Route::Bundle(u64::MAX))),
            ("/file/7/0", Some(Route::File { index: 7, position: 0 })),
            ("", None),
            ("*", None),
            ("//", None),
            ("/About", None),
            ("/about/", None),
            ("/state/cl", None),
            ("/state/CL/", None),
            ("/state/CL/1/2", None),
            ("/item/", None),
            ("/item/-1", None),
            ("/item/+1", None),
            ("/item/01", None),
            ("/item/1/", None),
            ("/item/1/2", None),
            ("/item/18446744073709551616", None),
            ("/item/٣", None),
            ("/file/7", None),
            ("/file/7/0/0", None),
            ("/file/7/4294967296", None),
            ("/file/../../etc/passwd", None),
            ("/%2e%2e/about", None),
        ] {
            assert_eq!(Route::parse(path), expect, "{path}");
        }
    }
}
