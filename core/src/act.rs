//! Acts (being written).

/// Kinds of acts (being written).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A post.
    Post,
}

impl Kind {
    /// Signature namespace.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        "chancery/v1/sign/act/post"
    }
}
