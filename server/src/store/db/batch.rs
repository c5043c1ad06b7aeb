//! Statements that go to the database together.

use std::fmt::Write as _;

use super::{DbError, InsertRows, Statement, Value};

/// Statements that run one after another, each of which must touch as many rows as it says. On SQLite they are
/// handed to sqlx's thread in one go: a post waits for every hand-over, and a busy machine makes each a long one.
pub struct Batch<'v> {
    name: &'static str,
    steps: Vec<Step<'v>>,
}

pub(super) struct Step<'v> {
    pub(super) statement: Statement,
    pub(super) values: Vec<Value<'v>>,
    pub(super) rows: u64,
}

impl<'v> Batch<'v> {
    /// An empty one, under the name that logs and errors give it.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, steps: Vec::new() }
    }

    /// Adds a statement that must touch so many rows.
    pub fn push(&mut self, statement: Statement, values: Vec<Value<'v>>, rows: u64) {
        self.steps.push(Step { statement, values, rows });
    }

    /// Adds the rows that lie one after another in `values`, in as few statements as may be.
    pub fn insert(&mut self, insert: &'static InsertRows, values: &[Value<'v>]) -> Result<(), DbError> {
        for (statement, values) in insert.statements(values)? {
            self.push(statement, values.to_vec(), (values.len() / insert.columns()) as u64);
        }
        Ok(())
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn steps(&self) -> &[Step<'v>] {
        &self.steps
    }

    /// One text of all statements, whose variables are numbered through.
    pub(super) fn text(&self, first: &str) -> String {
        let mut text = String::from(first);
        let mut before = 0;
        for step in &self.steps {
            let mut parts = step.statement.sql.split('$');
            text.push_str(parts.next().unwrap_or_default());
            for part in parts {
                let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = part.split_at(digits);
                // Every text of ours counts its variables from $1; writing into a String cannot fail.
                let _ = write!(text, "${}{rest}", before + number.parse().unwrap_or(0_usize));
            }
            text.push(';');
            before += step.values.len();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_numbered_through() {
        static INSERT: InsertRows = InsertRows::new("t", "INSERT INTO t (a, b)", 2, "");
        let mut batch = Batch::new("t");
        batch.push(
            Statement::new("u", "UPDATE t SET a = $2 WHERE b = $1"),
            vec![Value::I64(1), Value::I64(2)],
            1,
        );
        batch.insert(&INSERT, &[Value::I64(3), Value::I64(4), Value::I64(5), Value::I64(6)]).unwrap();
        assert_eq!(
            batch.text("BEGIN;"),
            "BEGIN;UPDATE t SET a = $2 WHERE b = $1;INSERT INTO t (a, b) VALUES ($3,$4),($5,$6);"
        );
        assert_eq!(batch.steps().iter().map(|step| step.rows).collect::<Vec<_>>(), [1, 2]);
        assert!(matches!(batch.insert(&INSERT, &[Value::I64(7)]), Err(DbError::Values { .. })));
    }
}
