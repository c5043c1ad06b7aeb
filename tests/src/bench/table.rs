//! Rows, what may be concluded from them, and how they are shown.

use std::fmt::Write as _;

use serde::Serialize;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Speeds.
    More,
    /// Times and sizes.
    Less,
}

/// What was asked of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// At least this, in the row's unit.
    AtLeast(f64),
    /// Less than this, in the row's unit.
    Under(f64),
    /// At least this part of the bare limit.
    OfBare(f64),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The goal is met.
    Met,
    /// It is not.
    Missed,
    /// The bare limit moved more than twofold during the run: the machine was busy with something else.
    NotJudged,
}

/// Ours and the bare path, one after the other.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Pair {
    /// The real programs.
    pub ours: f64,
    /// The bare path.
    pub bare: f64,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// The unit of the numbers.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// Every pair, in the order of the run.
    pub pairs: Vec<Pair>,
    /// Where there is no bare path: every measurement.
    pub alone: Vec<f64>,
    /// What was asked.
    pub goals: Vec<Goal>,
}

impl Row {
    /// A row of pairs.
    #[must_use]
    pub fn pairs(work: &str, unit: &'static str, better: Better, pairs: Vec<Pair>, goals: &[Goal]) -> Self {
        Self { work: work.to_owned(), unit, better, pairs, alone: Vec::new(), goals: goals.to_vec() }
    }

    /// A row without a bare path.
    #[must_use]
    pub fn alone(work: &str, unit: &'static str, better: Better, alone: Vec<f64>, goals: &[Goal]) -> Self {
        Self { work: work.to_owned(), unit, better, pairs: Vec::new(), alone, goals: goals.to_vec() }
    }

    /// The median of ours.
    #[must_use]
    pub fn ours(&self) -> f64 {
        let all = if self.pairs.is_empty() { self.alone.clone() } else { self.each(|pair| pair.ours) };
        median(all)
    }

    /// The median of the bare path.
    #[must_use]
    pub fn bare(&self) -> Option<f64> {
        (!self.pairs.is_empty()).then(|| median(self.each(|pair| pair.bare)))
    }

    /// Median, least and greatest of ours over bare, pair by pair.
    #[must_use]
    pub fn ratio(&self) -> Option<(f64, f64, f64)> {
        let ratios = self.each(|pair| pair.ours / pair.bare);
        let (least, most) =
            (ratios.iter().copied().reduce(f64::min)?, ratios.iter().copied().reduce(f64::max)?);
        Some((median(ratios), least, most))
    }

    /// What came of each goal.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        let bare = self.each(|pair| pair.bare);
        let moved = match (bare.iter().copied().reduce(f64::min), bare.iter().copied().reduce(f64::max)) {
            (Some(least), Some(most)) => most > least * BARE_MOVED_MAX,
            _ => false,
        };
        let judge = |goal: &Goal| {
            let met = match *goal {
                Goal::AtLeast(least) => self.ours() >= least,
                Goal::Under(most) => self.ours() < most,
                Goal::OfBare(part) => self.ratio().is_some_and(|(median, ..)| median >= part),
            };
            match (moved, met) {
                (true, _) => Verdict::NotJudged,
                (false, true) => Verdict::Met,
                (false, false) => Verdict::Missed,
            }
        };
        self.goals.iter().map(judge).collect()
    }

    fn each(&self, number: impl Fn(&Pair) -> f64) -> Vec<f64> {
        self.pairs.iter().map(number).collect()
    }
}

/// The rows as a table in Markdown, which also reads well in a terminal.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut lines = vec![["work", "ours", "bare", "ours / bare (least to most)", "goal"].map(str::to_owned)];
    lines.extend(rows.iter().map(line));
    let widths: Vec<usize> = (0..5)
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

/// One row as a line of JSON.
#[must_use]
pub fn json(row: &Row) -> String {
    let ratio = row.ratio().map(|(median, least, most)| [median, least, most]);
    serde_json::json!({
        "schema": 1,
        "kind": "bench-row",
        "row": row,
        "ours": row.ours(),
        "bare": row.bare(),
        "ratio": ratio,
        "verdicts": row.verdicts(),
    })
    .to_string()
}

/// The middle one.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() % 2 {
        0 if numbers.is_empty() => f64::NAN,
        0 => f64::midpoint(numbers[middle - 1], numbers[middle]),
        _ => numbers[middle],
    }
}

/// The number below which this many in a thousand lie.
#[must_use]
pub fn permille(numbers: &mut [f64], permille: usize) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[(numbers.len() * permille / 1_000).min(numbers.len() - 1)]
}

fn line(row: &Row) -> [String; 5] {
    let ratio = row
        .ratio()
        .map_or_else(String::new, |(median, least, most)| format!("{median:.2} ({least:.2} to {most:.2})"));
    let bare = row.bare().map_or_else(String::new, |bare| shown(bare, row.unit));
    let goals: Vec<String> = row
        .goals
        .iter()
        .zip(row.verdicts())
        .map(|(goal, verdict)| {
            let verdict = match verdict {
                Verdict::Met => "met",
                Verdict::Missed => "MISSED",
                Verdict::NotJudged => "not judged: the bare limit moved",
            };
            match *goal {
                Goal::AtLeast(least) => format!("≥ {}: {verdict}", shown(least, row.unit)),
                Goal::Under(most) => format!("< {}: {verdict}", shown(most, row.unit)),
                Goal::OfBare(part) => format!("≥ {part:.2} of bare: {verdict}"),
            }
        })
        .collect();
    [row.work.clone(), shown(row.ours(), row.unit), bare, ratio, goals.join("; ")]
}

fn shown(number: f64, unit: &str) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0} {unit}"),
        number if number >= 10.0 => format!("{number:.1} {unit}"),
        number => format!("{number:.2} {unit}"),
    }
}

/// More than this between the slowest and the fastest bare measurement, and nothing is concluded.
const BARE_MOVED_MAX: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_judged_by_medians_and_only_on_a_quiet_machine() {
        let check = |pairs: &[(f64, f64)], goal: Goal, expected: Verdict| {
            let pairs = pairs.iter().map(|&(ours, bare)| Pair { ours, bare }).collect();
            let row = Row::pairs("work", "per s", Better::More, pairs, &[goal]);
            assert_eq!(row.verdicts(), [expected], "{row:?}");
        };
        let quiet = [(80.0, 100.0), (95.0, 110.0), (10.0, 100.0)];
        check(&quiet, Goal::OfBare(0.8), Verdict::Met);
        check(&quiet, Goal::OfBare(0.81), Verdict::Missed);
        check(&quiet, Goal::AtLeast(80.0), Verdict::Met);
        check(&quiet, Goal::Under(80.0), Verdict::Missed);
        check(&[(80.0, 100.0), (80.0, 201.0)], Goal::OfBare(0.1), Verdict::NotJudged);
    }

    #[test]
    fn ratios_are_of_pairs_and_places_are_by_rank() {
        let pairs = vec![Pair { ours: 1.0, bare: 2.0 }, Pair { ours: 3.0, bare: 4.0 }];
        let row = Row::pairs("work", "ms", Better::Less, pairs, &[]);
        assert_eq!(row.ratio(), Some((0.625, 0.5, 0.75)));
        let mut numbers: Vec<f64> = (0..1_000).rev().map(f64::from).collect();
        assert_eq!((permille(&mut numbers, 500), permille(&mut numbers, 990)), (500.0, 990.0));
        assert!((median(numbers) - 499.5).abs() < f64::EPSILON);
        let shown = table(&[Row::alone("start", "ms", Better::Less, vec![12.0], &[Goal::Under(100.0)])]);
        assert!(shown.contains("| start | 12.0 ms |"), "{shown}");
        assert!(shown.contains("< 100 ms: met"), "{shown}");
    }
}
