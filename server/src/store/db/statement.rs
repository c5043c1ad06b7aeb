//! Statements: named, constant texts.

use std::fmt::Write as _;
use std::sync::OnceLock;

use super::{DbError, Value};

/// One statement, the same text for both engines. Every one is a `const`.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

impl Statement {
    /// A statement under the name that logs and errors give it.
    #[must_use]
    pub const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql }
    }

    /// The name in logs and errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text.
    #[must_use]
    pub const fn sql(&self) -> &'static str {
        self.sql
    }
}

/// An insert of many rows at once. Every one is a `static`, for it keeps the texts it has built.
///
/// sqlx costs about 0.08 ms for each statement in front of SQLite, so a batch is one statement; and a
/// prepared statement is found again by its text, so there are few texts: 1 to 32 rows, and powers of two up
/// to 512. Other numbers are split, 70 for example into 64 and 6.
#[derive(Debug)]
pub struct InsertRows {
    name: &'static str,
    head: &'static str,
    columns: usize,
    tail: &'static str,
    texts: [OnceLock<String>; TEXTS],
}

impl InsertRows {
    /// `head` is `INSERT INTO table (column, ..)`, with `columns` columns; `tail` follows the rows, for
    /// example `ON CONFLICT DO NOTHING`, and may be empty.
    ///
    /// # Panics
    /// At compile time, when the largest batch would have more variables than SQLite takes (32,766).
    #[must_use]
    pub const fn new(name: &'static str, head: &'static str, columns: usize, tail: &'static str) -> Self {
        assert!(columns > 0 && columns * ROWS_MAX <= SQLITE_VARIABLES_MAX);
        Self { name, head, columns, tail, texts: [const { OnceLock::new() }; TEXTS] }
    }

    /// The name in logs and errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Values of one row.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// The statement for one row, for the test that prepares every statement.
    #[must_use]
    pub fn one(&'static self) -> Statement {
        self.next(1).0
    }

    /// The statement for the next rows of `remaining`, and how many rows it takes.
    fn next(&'static self, remaining: usize) -> (Statement, usize) {
        let (place, rows) = size_class(remaining);
        let sql = self.texts[place].get_or_init(|| self.text(rows));
        (Statement { name: self.name, sql }, rows)
    }

    /// The statements for the rows that lie one after another in `values`, each with its part of them.
    pub(super) fn statements<'a, 'v>(
        &'static self,
        values: &'a [Value<'v>],
    ) -> Result<impl Iterator<Item = (Statement, &'a [Value<'v>])>, DbError> {
        if !values.len().is_multiple_of(self.columns) {
            return Err(DbError::Values { statement: self.name, values: values.len() });
        }
        let mut rest = values;
        Ok(std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (statement, rows) = self.next(rest.len() / self.columns);
            let (batch, after) = rest.split_at(rows * self.columns);
            rest = after;
            Some((statement, batch))
        }))
    }

    fn text(&self, rows: usize) -> String {
        let mut sql = String::with_capacity(self.head.len() + self.tail.len() + 8 + rows * self.columns * 7);
        sql.push_str(self.head);
        sql.push_str(" VALUES ");
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ",(" });
            for column in 1..=self.columns {
                let comma = if column == 1 { "" } else { "," };
                // Writing into a String cannot fail.
                let _ = write!(sql, "{comma}${}", row * self.columns + column);
            }
            sql.push(')');
        }
        if !self.tail.is_empty() {
            sql.push(' ');
            sql.push_str(self.tail);
        }
        sql
    }
}

/// Place among the texts and number of rows: exact up to 32, else the largest power of two within.
const fn size_class(remaining: usize) -> (usize, usize) {
    if remaining <= EXACT_MAX {
        let rows = if remaining == 0 { 1 } else { remaining };
        return (rows - 1, rows);
    }
    let remaining = if remaining > ROWS_MAX { ROWS_MAX } else { remaining };
    let power = remaining.ilog2() as usize;
    let rows = 1 << power;
    if rows == EXACT_MAX { (EXACT_MAX - 1, rows) } else { (EXACT_MAX + power - 6, rows) }
}

const EXACT_MAX: usize = 32;
const ROWS_MAX: usize = 512;
const TEXTS: usize = EXACT_MAX + 4; // 1 to 32, then 64, 128, 256, 512
const SQLITE_VARIABLES_MAX: usize = 32_766;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_split_into_few_sizes() {
        for (rows, expect) in [
            (1, vec![1]),
            (8, vec![8]),
            (31, vec![31]),
            (16, vec![16]),
            (37, vec![32, 5]),
            (63, vec![32, 31]),
            (64, vec![64]),
            (1_100, vec![512, 512, 64, 12]),
        ] {
            let mut left = rows;
            let mut sizes = Vec::new();
            while left > 0 {
                let (place, size) = size_class(left);
                assert!(place < TEXTS);
                sizes.push(size);
                left -= size;
            }
            assert_eq!(sizes, expect, "{rows} rows");
        }
    }

    #[test]
    fn sizes_have_texts_of_their_own() {
        let mut rows_at = [0; TEXTS];
        for remaining in 1..=ROWS_MAX {
            let (place, rows) = size_class(remaining);
            assert!(rows_at[place] == 0 || rows_at[place] == rows);
            rows_at[place] = rows;
        }
        let expect: Vec<usize> = (1..=32).chain([64, 128, 256, 512]).collect();
        assert_eq!(rows_at[..], expect);
    }

    #[test]
    fn the_text_numbers_its_variables() {
        static INSERT: InsertRows = InsertRows::new("t", "INSERT INTO t (a, b)", 2, "ON CONFLICT DO NOTHING");
        let (statement, rows) = INSERT.next(2);
        assert_eq!(rows, 2);
        assert_eq!(statement.sql(), "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) ON CONFLICT DO NOTHING");
        assert!(std::ptr::eq(statement.sql(), INSERT.next(2).0.sql()), "built once");
    }
}
