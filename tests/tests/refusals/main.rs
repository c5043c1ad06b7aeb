//! Every reason for which the policy refuses an act, provoked by real signed acts; and nothing is changed.

mod channels;
mod content;
mod directory;
mod keys;
mod turnover;

use std::collections::BTreeSet;

use chancery_core::error::Reason;
use chancery_tests::stage::Stage;

/// The act that is refused.
type Attempt = Box<dyn FnOnce(&mut Stage) -> Result<(), Reason>>;

/// What is done before, which is allowed, and then the act that is refused.
struct Row {
    reason: Reason,
    what: &'static str,
    setup: Box<dyn Fn(&mut Stage) -> Attempt>,
}

/// A row whose act needs nothing before it.
fn row(
    reason: Reason,
    what: &'static str,
    act: impl Fn(&mut Stage) -> Result<(), Reason> + Clone + 'static,
) -> Row {
    after(reason, what, move |_| Box::new(act.clone()))
}

/// A row whose act comes after others.
fn after(reason: Reason, what: &'static str, setup: impl Fn(&mut Stage) -> Attempt + 'static) -> Row {
    Row { reason, what, setup: Box::new(setup) }
}

fn rows() -> Vec<Row> {
    [
        directory::rows(),
        keys::rows(),
        turnover::rows(),
        channels::epochs(),
        channels::members(),
        content::rows(),
        content::disclosure(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_reason_is_given_and_nothing_is_changed() {
    let mut wrong = Vec::new();
    for Row { reason, what, setup } in rows() {
        let mut stage = Stage::open();
        let attempt = setup(&mut stage);
        let before = stage.picture();
        let verdict = attempt(&mut stage);
        if verdict != Err(reason) || stage.picture() != before {
            wrong.push(format!("{what}: {verdict:?} in place of {reason:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_has_every_reason() {
    let given: BTreeSet<Reason> = rows().into_iter().map(|row| row.reason).collect();
    let missing: Vec<&Reason> = Reason::ALL.iter().filter(|reason| !given.contains(reason)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
