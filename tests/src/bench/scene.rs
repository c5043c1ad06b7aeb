//! The stage of the benchmark: Chile under review, Kenya reviewing, one strand, many writers in it.

use chancery_client::compose::RecipientKey;
use chancery_client::compose::{NewRevision, Signer, add_member, post};
use chancery_client::entry::Outgoing;
use chancery_client::home::{Keys, ServerAddress};
use chancery_client::link::Link;
use chancery_client::sync::{Prepared, Session};
use chancery_client::verbs::open_review::{NewReview, open_review};
use chancery_client::verbs::upkeep::upkeep;
use chancery_core::act::{Binding, Opening, PersonCard, PostBody, Role, ThreadStep};
use chancery_core::id::ChannelId;
use chancery_core::limits::ACTS_PER_APPEND_MAX;
use chancery_core::mechanism::{ItemKind, Language};

use crate::field::{Field, identity};
use crate::{instrument, random, state};

/// A deployment with a strand and its writers.
#[derive(Debug)]
pub struct Scene {
    /// The processes.
    pub field: Field,
    /// Chile's focal point.
    pub focal: Session,
    /// The strand.
    pub strand: ChannelId,
    /// Chile's experts, members of the strand.
    pub writers: Vec<Keys>,
}

impl Scene {
    /// The review is opened, the strand begun, and so many experts write in it.
    pub async fn set(writers: usize) -> Self {
        let mut field = Field::start().await;
        for code in ["CL", "KE"] {
            field.admit_state(code).await;
        }
        let mut officer = field.officer("officer").await;
        let mut focal = Box::pin(field.focal_point("chile", "CL")).await;
        Box::pin(field.focal_point("kenya", "KE")).await;
        officer.sync_all().await.unwrap();
        let review = NewReview {
            state: state("CL"),
            instruments: vec![instrument("firearms")],
            reviewers: vec![(state("KE"), vec![instrument("firearms")])],
            languages: vec![Language::En],
            again: false,
        };
        let opened = open_review(&mut officer, &review).await.unwrap();
        let is_strand = |(_, opening): &&(ChannelId, Opening)| matches!(opening, Opening::Strand(_));
        let strand = opened.channels.iter().find(is_strand).unwrap().0;
        upkeep(&mut focal).await.unwrap();
        let writers = field.people(&mut focal, Role::Expert, writers).await;
        let mut scene = Self { field, focal, strand, writers };
        for keys in 0..scene.writers.len().div_ceil(ACTS_PER_APPEND_MAX) {
            let first = keys * ACTS_PER_APPEND_MAX;
            let acts = scene.writers.iter().skip(first).take(ACTS_PER_APPEND_MAX);
            let acts: Vec<Prepared> = acts.map(|keys| scene.membership(keys)).collect();
            scene.focal.append(strand, acts).await.unwrap();
        }
        scene
    }

    /// One more reader, whose home has nothing in it yet.
    pub async fn reader(&mut self) -> Keys {
        let mut readers = self.field.people(&mut self.focal, Role::Expert, 1).await;
        let keys = readers.pop().unwrap();
        self.focal.sync_all().await.unwrap();
        let review = self.focal.channel(self.strand).unwrap().state.place.review().unwrap();
        for channel in [review, self.strand] {
            let act = self.membership_in(channel, &keys);
            self.focal.append(channel, vec![act]).await.unwrap();
        }
        keys
    }

    /// Questions by a writer, each in a section of its own, sealed and signed: none rests on another.
    #[must_use]
    pub fn posts(&self, writer: usize, count: usize) -> Vec<Outgoing> {
        let identity = identity(&self.writers[writer]);
        let mut standpoint = self.focal.standpoint(self.strand).unwrap();
        standpoint.author = identity.author();
        let secret = self.focal.keyring(self.strand).unwrap().secret(standpoint.epoch).unwrap();
        let signer = Signer { key: &identity.sign, root: self.field.root() };
        let one = |number| {
            let body = question(number);
            let revision = NewRevision {
                state: state("CL"),
                section: random(),
                previous: None,
                kind: ItemKind::Clarification,
                body: &body,
                clears: None,
            };
            let post = post(signer, &standpoint, random(), secret, &revision).unwrap();
            Outgoing {
                act: post.act.bytes().clone(),
                body: post.body,
                wraps: Vec::new(),
                previous_box: None,
                releases: Vec::new(),
            }
        };
        (0..count).map(one).collect()
    }

    /// The first writers' links to a server.
    pub async fn links(&self, server: &ServerAddress, writers: usize) -> Vec<Link> {
        let mut links = Vec::with_capacity(writers);
        for keys in &self.writers[..writers] {
            links.push(Link::connect(server, &keys.tls).await.unwrap());
        }
        links
    }

    fn membership(&self, keys: &Keys) -> Prepared {
        self.membership_in(self.strand, keys)
    }

    fn membership_in(&self, channel: ChannelId, keys: &Keys) -> Prepared {
        let person = identity(keys).public_keys();
        let key = RecipientKey { id: identity(keys).user_kem.key_id(), public: person.user_kem };
        let card = PersonCard { name: "An Expert".into(), post: String::new(), contact: String::new() };
        let standpoint = self.focal.standpoint(channel).unwrap();
        let secret = self.focal.keyring(channel).unwrap().secret(standpoint.epoch).unwrap();
        let signer = self.focal.signer().unwrap();
        add_member(signer, &standpoint, random(), secret, (person.user, key), &card).unwrap().into()
    }
}

/// A question whose sealed body takes 1 KiB before it is sealed.
fn question(number: usize) -> PostBody {
    PostBody {
        language: Language::En,
        title: format!("Question {number}"),
        text: "Please describe the measures taken. ".repeat(24),
        binding: Some(Binding {
            instrument: instrument("firearms"),
            article: "5".into(),
            question: "firearms-5-1".into(),
            about: None,
        }),
        step: Some(ThreadStep::Question),
        attachments: Vec::new(),
        reason: String::new(),
    }
}
