//! Names of members. A file's name is another person's word: it becomes a name that is safe in any folder.

use chancery_core::id::{ActId, FileId};

/// The manifest.
pub const MANIFEST: &str = "record.json";
/// The page for reading.
pub const PAGE: &str = "index.html";
/// The mechanism file.
pub const MECHANISM: &str = "mechanism.toml";

/// The logs of a record, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// The directory.
    Directory,
    /// The review.
    Review,
    /// The channel itself.
    Channel,
}

impl Log {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Directory, Self::Review, Self::Channel];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Review => "review",
            Self::Channel => "channel",
        }
    }

    /// The member with its entries.
    #[must_use]
    pub fn entries(self) -> String {
        format!("logs/{}.log", self.as_str())
    }

    /// The member with its checkpoint.
    #[must_use]
    pub fn checkpoint(self) -> String {
        format!("logs/{}.checkpoint", self.as_str())
    }

    /// The member with its acts for reading.
    #[must_use]
    pub fn acts(self) -> String {
        format!("logs/{}.jsonl", self.as_str())
    }
}

/// The member with a post's key and sealed body.
#[must_use]
pub fn body(act: &ActId) -> String {
    format!("bodies/{act}")
}

/// The member with a cited file.
#[must_use]
pub fn attachment(file: &FileId, name: &str) -> String {
    format!("attachments/{file}/{}", safe(name))
}

/// `name` as a plain file name on any system.
#[must_use]
pub fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let mut chars: Vec<char> = name.chars().map(plain).collect();
    for dot in chars.iter_mut().take_while(|c| **c == '.') {
        *dot = '_';
    }
    if let Some(last) = chars.last_mut().filter(|last| **last == '.') {
        *last = '_';
    }
    if chars.len() > NAME_CHARS_MAX {
        let ending = chars.split_off(chars.len() - ENDING_CHARS);
        chars.truncate(NAME_CHARS_MAX - ENDING_CHARS);
        chars.extend(ending);
    }
    let name: String = chars.into_iter().collect();
    if is_reserved(&name) { format!("_{name}") } else { name }
}

/// Names that mean a device on Windows, whatever follows the first dot.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |word: &str| {
        stem.strip_prefix(word).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

const NAME_CHARS_MAX: usize = 100;
const ENDING_CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_safe_and_stay_readable() {
        for (name, expect) in [
            ("law.pdf", "law.pdf"),
            ("Закон № 5.pdf", "Закон___5.pdf"),
            ("..", "__"),
            (".htaccess", "_htaccess"),
            ("a:b*c?.txt", "a_b_c_.txt"),
            ("x\u{202e}fdp.exe", "x_fdp.exe"),
            ("name.", "name_"),
            ("CON.txt", "_CON.txt"),
            ("lpt1", "_lpt1"),
            ("lpt10", "lpt10"),
            ("console.log", "console.log"),
        ] {
            assert_eq!(safe(name), expect);
        }
        let long = format!("{}.pdf", "n".repeat(200));
        assert!(safe(&long).chars().count() == 100 && safe(&long).ends_with("nnn.pdf"));
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(name in "\\PC{1,255}") {
            let safe = safe(&name);
            prop_assert!(!safe.is_empty() && safe != "." && safe != "..");
            prop_assert!(!safe.contains(['/', '\\', ':', '\0']) && !safe.starts_with('.'));
            prop_assert!(attachment(&FileId::new([1; 16]), &name).len() <= super::super::container::NAME_BYTES_MAX);
        }
    }
}
