//! What the demo keeps count of: ids for going on by hand, and markers that must be found nowhere on the
//! server's side but in what was made public.

use std::collections::BTreeMap;

use chancery_seal::random::make_bytes;
use serde_json::{Value, json};

use super::DemoError;

/// Ids and markers.
#[derive(Debug)]
pub(super) struct Ledger {
    run: String,
    ids: BTreeMap<&'static str, String>,
    markers: Vec<Marker>,
}

/// A word that stands in one title, text or file name and nowhere else.
#[derive(Debug)]
struct Marker {
    word: String,
    place: &'static str,
    public: bool,
}

impl Ledger {
    pub(super) fn new() -> Result<Self, DemoError> {
        Ok(Self { run: hex::encode(make_bytes::<4>()?), ids: BTreeMap::new(), markers: Vec::new() })
    }

    /// A new marker for a place that stays closed to the server.
    pub(super) fn marker(&mut self, place: &'static str) -> String {
        self.plant(place, false)
    }

    /// A new marker for a place that is made public later.
    pub(super) fn public_marker(&mut self, place: &'static str) -> String {
        self.plant(place, true)
    }

    fn plant(&mut self, place: &'static str, public: bool) -> String {
        let word = format!("ref{}n{:02}", self.run, self.markers.len());
        self.markers.push(Marker { word: word.clone(), place, public });
        word
    }

    /// Notes an id under a name.
    pub(super) fn note(&mut self, name: &'static str, id: &str) {
        self.ids.insert(name, id.to_owned());
    }

    /// A noted id.
    pub(super) fn id(&self, name: &'static str) -> Result<&str, DemoError> {
        self.ids.get(name).map(String::as_str).ok_or(DemoError::Answer(name))
    }

    /// For `demo.json`.
    pub(super) fn ids(&self) -> Value {
        json!(self.ids)
    }

    /// For `demo.json`.
    pub(super) fn markers(&self) -> Value {
        let each = self
            .markers
            .iter()
            .map(|marker| json!({ "word": marker.word, "place": marker.place, "public": marker.public }));
        Value::Array(each.collect())
    }
}
