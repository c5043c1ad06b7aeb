//! The closed set of values that a statement binds.

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

/// A value to bind. It borrows, so that a caller allocates nothing; each engine copies bytes once.
#[derive(Clone, Copy)]
pub enum Value<'v> {
    /// A `bigint`: numbers, times in milliseconds, and booleans as 0 or 1.
    I64(i64),
    /// A `text`.
    Text(&'v str),
    /// A `blob`.
    Blob(&'v [u8]),
    /// No value, in a column of this kind (PostgreSQL types its parameters).
    Null(Kind),
}

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `bigint`
    I64,
    /// `text`
    Text,
    /// `blob`
    Blob,
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::I64(value.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::I64(value.into())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(value)
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(value: &'v [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'v, const N: usize> From<&'v [u8; N]> for Value<'v> {
    fn from(value: &'v [u8; N]) -> Self {
        Self::Blob(value)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::Null(Kind::I64), Self::I64)
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(value: Option<&'v str>) -> Self {
        value.map_or(Self::Null(Kind::Text), Self::Text)
    }
}

impl<'v> From<Option<&'v [u8]>> for Value<'v> {
    fn from(value: Option<&'v [u8]>) -> Self {
        value.map_or(Self::Null(Kind::Blob), Self::Blob)
    }
}

/// Both engines take the same calls on different types.
macro_rules! arguments {
    ($name:ident, $arguments:ty) => {
        pub(super) fn $name(values: &[Value<'_>]) -> Result<$arguments, sqlx::Error> {
            let mut arguments = <$arguments>::default();
            let bytes = values.iter().map(Value::size_bytes).sum();
            arguments.reserve(values.len(), bytes);
            for value in values {
                match *value {
                    Value::I64(number) => arguments.add(number),
                    Value::Text(text) => arguments.add(text),
                    Value::Blob(bytes) => arguments.add(bytes),
                    Value::Null(Kind::I64) => arguments.add(None::<i64>),
                    Value::Null(Kind::Text) => arguments.add(None::<&str>),
                    Value::Null(Kind::Blob) => arguments.add(None::<&[u8]>),
                }
                .map_err(sqlx::Error::Encode)?;
            }
            Ok(arguments)
        }
    };
}

arguments!(sqlite_arguments, SqliteArguments);
arguments!(postgres_arguments, PgArguments);

impl Value<'_> {
    /// Bytes in PostgreSQL's encoding, with the four of the length.
    fn size_bytes(&self) -> usize {
        4 + match self {
            Self::I64(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
            Self::Null(_) => 0,
        }
    }
}
