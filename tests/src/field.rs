//! A deployment of real processes in a temporary folder: `chancery-server` on a free port of the loopback, and
//! homes with real keys that reach it over the link. Who is admitted here was never invited: the acts are
//! those that an invitation ends with, made directly.
//!
//! What is not here: the command line, which tests of the program start themselves (with [`Field::home`] and
//! [`PASSPHRASE`]).

mod server;

use std::path::{Path, PathBuf};

use chancery_client::compose::Signer;
use chancery_client::home::{Holder, Home, Keys, Person, ServerAddress, TlsIdentity};
use chancery_client::identity::Identity;
use chancery_client::sync::{Prepared, Session};
use chancery_client::verbs::root_admit_state::admit_state;
use chancery_client::verbs::root_certify::certify;
use chancery_client::verbs::root_init::root_keys;
use chancery_client::verbs::root_state::Way;
use chancery_client::verbs::teams::keep_teams;
use chancery_core::act::{
    AdmitPerson, CertifyStateKey, Membership, RegionalGroup, Role, Standing, StateStatement, Statement,
};
use chancery_core::id::{Digest, InstrumentCode, KeyId, StateCode, TeamId};
use chancery_core::mechanism::UNTOC;
use chancery_seal::sign::SigningKey;
use tempfile::TempDir;

use crate::{instrument, random, state};

pub use server::{Server, program};

/// The passphrase of every home.
pub const PASSPHRASE: &str = "a passphrase of the field";
/// The instruments that every State is party to.
pub const INSTRUMENTS: [&str; 4] = ["firearms", "som", "tip", "untoc"];

/// The deployment. Dropped, it stops the server and removes the folder.
#[derive(Debug)]
pub struct Field {
    /// The server; `None` while a test has it stopped.
    pub server: Option<Server>,
    /// The custodians at work.
    pub custodians: Session,
    address: ServerAddress,
    root: KeyId,
    team: TeamId,
    folder: TempDir,
}

impl Field {
    /// A server that is certified and serves, and the custodians of its root; nobody else.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mechanism = path.join("untoc.toml");
        std::fs::write(&mechanism, UNTOC).unwrap();
        let mut home =
            Home::create(&path.join("homes/custodians"), PASSPHRASE, root_keys().unwrap()).unwrap();
        let root = home.keys().root;
        let data = path.join("server");
        let request = server::init(&data, &root, &mechanism);
        // The port is chosen when the server starts; the certificate names only its keys.
        let certified = certify(&mut home, &request, UNTOC, Some("127.0.0.1:1".into()), None).unwrap();
        let certificate = path.join("certificate");
        std::fs::write(&certificate, &certified.certificate).unwrap();
        server::certify(&data, &certificate);
        let server = Server::start(&data, &path.join("server.log"), None);
        let address = ServerAddress { address: server.address().to_string(), ..certified.server };
        home.update_keys(|keys| keys.server = Some(address.clone())).unwrap();
        let custodians = Session::open(home).await.unwrap();
        Self { server: Some(server), custodians, address, root, team: random(), folder }
    }

    /// The folder of everything.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the server writes: its data, and its log beside it.
    #[must_use]
    pub fn server_data(&self) -> PathBuf {
        self.path().join("server")
    }

    /// Where people find the server.
    #[must_use]
    pub const fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Fingerprint of the root.
    #[must_use]
    pub const fn root(&self) -> &KeyId {
        &self.root
    }

    /// The folder of a person's home.
    #[must_use]
    pub fn home(&self, name: &str) -> PathBuf {
        self.path().join("homes").join(name)
    }

    /// Ends the server without warning, as a failing machine would.
    pub fn kill_server(&mut self) {
        drop(self.server.take());
    }

    /// Starts the server again, at the address that people know.
    pub fn restart_server(&mut self) {
        let address =
            self.server.as_ref().map_or_else(|| self.address.address.clone(), |s| s.address().to_string());
        self.kill_server();
        let log = self.path().join("server.log");
        self.server = Some(Server::start(&self.server_data(), &log, Some(&address)));
    }

    /// A State that is party to every instrument.
    pub async fn admit_state(&mut self, code: &str) {
        let standings = INSTRUMENTS.map(|code| (instrument(code), Standing::Party)).to_vec();
        admit_state(&mut self.custodians, state(code), RegionalGroup::Africa, standings, Way::Send)
            .await
            .unwrap();
    }

    /// A State's only focal point, with the State's key, at work.
    pub async fn focal_point(&mut self, name: &str, code: &str) -> Session {
        let state_key = SigningKey::make().unwrap();
        let certified = CertifyStateKey { state: state(code), key: state_key.public(), generation: 0 };
        let keys = self.newcomer(Role::FocalPoint, Some(state(code)), Some(state_key));
        let admitted = admit_person(&keys, Vec::new(), None, None);
        self.custodians.sync_directory().await.unwrap();
        state_in_directory(&mut self.custodians, admitted).await;
        state_in_directory(&mut self.custodians, Statement::CertifyStateKey(certified)).await;
        let mut focal = self.session(name, keys).await;
        keep_teams(&mut focal).await.unwrap();
        focal
    }

    /// The first officer of the secretariat, with the team's key, at work.
    pub async fn officer(&mut self, name: &str) -> Session {
        let keys = self.newcomer(Role::Officer, None, None);
        let admitted = admit_person(&keys, Vec::new(), Some(self.team), None);
        self.custodians.sync_directory().await.unwrap();
        state_in_directory(&mut self.custodians, admitted).await;
        let mut officer = self.session(name, keys).await;
        keep_teams(&mut officer).await.unwrap();
        officer
    }

    /// People of the focal point's State, for every instrument: in the directory, in no channel yet.
    pub async fn people(&self, focal: &mut Session, role: Role, count: usize) -> Vec<Keys> {
        let code = focal.person().unwrap().state.unwrap();
        let people: Vec<Keys> = (0..count).map(|_| self.newcomer(role, Some(code), None)).collect();
        focal.sync_directory().await.unwrap();
        let instruments: Vec<InstrumentCode> = INSTRUMENTS.iter().map(|code| instrument(code)).collect();
        let acts: Vec<Prepared> = people
            .iter()
            .map(|keys| {
                let person = focal.person().unwrap();
                let membership = Membership {
                    state: code,
                    role,
                    instruments: instruments.clone(),
                    keys: Digest::of(&identity(keys).public_keys().encode()),
                    expires_ms: None,
                };
                let signer = Signer { key: person.state_key.as_ref().unwrap(), root: &self.root };
                let membership = signer.statement(&StateStatement::Membership(membership)).unwrap();
                let statement = admit_person(keys, instruments.clone(), None, Some(membership));
                focal.sign(focal.directory().id(), statement).unwrap().into()
            })
            .collect();
        let directory = focal.directory().id();
        for acts in acts.chunks(ACTS_AT_ONCE) {
            focal.append(directory, acts.to_vec()).await.unwrap();
        }
        people
    }

    /// Makes a person's home, and a session in it.
    pub async fn session(&self, name: &str, keys: Keys) -> Session {
        let home = Home::create(&self.home(name), PASSPHRASE, keys).unwrap();
        Session::open(home).await.unwrap()
    }

    fn newcomer(&self, role: Role, state: Option<StateCode>, state_key: Option<SigningKey>) -> Keys {
        let tls = TlsIdentity::make().unwrap();
        let identity = Identity::make(tls.key_id()).unwrap();
        let person = Person { identity, role, state, state_key };
        let server = Some(self.address.clone());
        Keys { root: self.root, server, tls, holder: Holder::Person(Box::new(person)) }
    }
}

/// The person in a home's keys.
#[must_use]
pub fn identity(keys: &Keys) -> &Identity {
    match &keys.holder {
        Holder::Person(person) => &person.identity,
        Holder::Custodian { .. } | Holder::Second { .. } => panic!("custodians are no person"),
    }
}

async fn state_in_directory(session: &mut Session, statement: Statement) {
    let directory = session.directory().id();
    let act = session.sign(directory, statement).unwrap();
    session.append(directory, vec![act.into()]).await.unwrap();
}

fn admit_person(
    keys: &Keys,
    instruments: Vec<InstrumentCode>,
    secretariat_team: Option<TeamId>,
    membership: Option<chancery_core::act::SignedMembership>,
) -> Statement {
    let Holder::Person(person) = &keys.holder else { panic!("custodians are no person") };
    let public = person.identity.public_keys();
    Statement::AdmitPerson(AdmitPerson {
        keys_bytes: public.encode().into(),
        keys: public,
        possession: person.identity.possession(&keys.root),
        role: person.role,
        state: person.state,
        instruments,
        secretariat_team,
        membership,
        expires_ms: None,
    })
}

/// Acts in one append.
const ACTS_AT_ONCE: usize = chancery_core::limits::ACTS_PER_APPEND_MAX;
