//! Bundles: what proves one public item to anyone, offline (`docs/formats/bundle.md`).
//!
//! A verifier has the fingerprint of the root and nothing else: no account, no network, no home. Every byte of
//! a bundle is the server's, so nothing in it is believed until it is checked, and members are read in a fixed
//! order under fixed limits.

mod members;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use chancery_core::act::{
    ActError, AdmitState, Audience, Author, FoundDirectory, Grant, KeySuccession, PostBody, Rendition,
    SignedAct, SignedStatement, StateStatement, Statement,
};
use chancery_core::id::{ActId, ChannelId, Digest, KeyId, SectionId, StateCode};
use chancery_core::log::{EntryProof, EntryProofError, origin};
use chancery_core::mechanism::ItemKind;
use chancery_core::name::{KeyAlgorithm, directory_channel, key_id, publication_channel};
use chancery_seal::secret::RevisionKey;

use crate::keyring::{OpenError, SealedPost, open_with};
pub use members::ContainerFault;
use members::Members;

/// What a bundle that holds shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The State that speaks.
    pub state: StateCode,
    /// What the item is.
    pub kind: ItemKind,
    /// Where it stood.
    pub channel: ChannelId,
    /// Its section.
    pub section: SectionId,
    /// Its act.
    pub act: ActId,
    /// Its place in the publication log of the public.
    pub index: u64,
    /// When it was opened to the public.
    pub log_time_ms: u64,
    /// What it says. Its files are in the bundle and are those named here.
    pub rendition: Rendition,
}

/// A bundle does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct BundleError {
    /// The first member at fault.
    pub at: String,
    /// What is wrong with it.
    pub fault: BundleFault,
}

/// What is wrong with a member of a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleFault {
    /// The container or one of its members is not as the format wants it.
    #[error(transparent)]
    Container(#[from] ContainerFault),
    /// Another version, or no bundle at all.
    #[error("this is not a bundle of a version that this program knows")]
    UnknownFormat,
    /// An act or statement that does not parse, or whose signature does not hold.
    #[error(transparent)]
    Act(#[from] ActError),
    /// A well-formed act or statement, and not the one that belongs here.
    #[error("it is not {0}")]
    Other(&'static str),
    /// Its place in a log is not proved.
    #[error(transparent)]
    Proof(#[from] EntryProofError),
    /// The body does not open to what the grant says.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The text or a file is not the one that was exchanged.
    #[error("it is not what the sealed body holds")]
    NotAsExchanged,
}

/// Checks a bundle under the root of this fingerprint.
///
/// # Errors
/// The first member that is wrong.
pub fn verify<R: Read + Seek>(reader: R, root: &KeyId) -> Result<Shown, BundleError> {
    let mut members = Members::open(reader)?;
    let chain = Chain::read(&mut members, root)?;
    let (grant, proof) = chain.grant(&mut members)?;
    let body = open(&mut members, &grant)?;
    let rendition = rendition(&mut members, &grant, &body)?;
    members.check_attachments(&rendition.files)?;
    Ok(Shown {
        state: grant.post.state,
        kind: grant.post.kind,
        channel: grant.post.channel,
        section: grant.post.section,
        act: grant.post.act_id,
        index: proof.index,
        log_time_ms: proof.log_time_ms,
        rendition,
    })
}

/// The certificates of the State's key, from the root down.
struct Chain<'a> {
    root: &'a KeyId,
    log_key: [u8; 32],
    state: StateCode,
    state_key: [u8; 32],
    /// When the root certified the first key of the chain.
    since_ms: u64,
}

impl<'a> Chain<'a> {
    fn read<R: Read + Seek>(members: &mut Members<R>, root: &'a KeyId) -> Result<Self, BundleError> {
        let found = act(members, FOUND_DIRECTORY)?;
        let foundation = founded(&found, root).map_err(at(FOUND_DIRECTORY))?;
        let admit = act(members, ADMIT_STATE)?;
        let admitted = admitted(&admit, root, foundation).map_err(at(ADMIT_STATE))?;
        let certify = act(members, CERTIFY_STATE_KEY)?;
        let certified =
            certified(&certify, root, foundation, admitted.state).map_err(at(CERTIFY_STATE_KEY))?;
        let state_key = successor(members, root, &certified)?;

        let mut previous: Option<EntryProof> = None;
        let proofs = [(FOUND_DIRECTORY, &found), (ADMIT_STATE, &admit), (CERTIFY_STATE_KEY, &certify)];
        let mut proved = Vec::new();
        for (name, act) in proofs {
            let (name, proof) = proof(members, name)?;
            let first = previous.is_none();
            let follows = previous.as_ref().map_or(proof.index == 0, |last| {
                last.index < proof.index && last.log_time_ms <= proof.log_time_ms
            });
            if !follows {
                let what = if first { "the first entry of the directory" } else { "a later entry" };
                return Err(BundleError { at: name, fault: BundleFault::Other(what) });
            }
            previous = Some(proof.clone());
            proved.push((name, proof, act.bytes().clone()));
        }
        let since_ms = previous.as_ref().map_or(0, |last| last.log_time_ms);
        let size = previous.map_or(0, |last| last.index + 1);
        let origin = origin(root, &directory_channel(root));
        for (name, proof, signed) in proved {
            let checkpoint =
                proof.verify(&signed, &origin, &foundation.log_key).map_err(|fault| wrong(&name, fault))?;
            // Exactly this size: a bundle tells nobody how far the directory has grown.
            if checkpoint.head.size != size {
                return Err(wrong(
                    &name,
                    BundleFault::Other("under the checkpoint of the State key's entry"),
                ));
            }
        }
        Ok(Self { root, log_key: foundation.log_key, state: certified.state, state_key, since_ms })
    }

    fn grant<R: Read + Seek>(&self, members: &mut Members<R>) -> Result<(Grant, EntryProof), BundleError> {
        let bytes = members.read(GRANT)?;
        let signed = SignedStatement::decode(bytes).map_err(|fault| wrong(GRANT, fault))?;
        let grant = self.granted(&signed).map_err(at(GRANT))?;
        let (name, proof) = proof(members, GRANT)?;
        let origin = origin(self.root, &publication_channel(self.root, Audience::Public));
        proof.verify(signed.bytes(), &origin, &self.log_key).map_err(|fault| wrong(&name, fault))?;
        if proof.log_time_ms < self.since_ms {
            return Err(wrong(&name, BundleFault::Other("later than the State's key")));
        }
        Ok((grant, proof))
    }

    fn granted(&self, signed: &SignedStatement) -> Result<Grant, BundleFault> {
        signed.verify(&self.state_key, self.root)?;
        match signed.content() {
            StateStatement::Grant(grant)
                if grant.post.state == self.state && grant.audience == Audience::Public =>
            {
                Ok(grant.clone())
            }
            _ => Err(BundleFault::Other("a grant of this State to the public")),
        }
    }
}

fn founded<'a>(act: &'a SignedAct, root: &KeyId) -> Result<&'a FoundDirectory, BundleFault> {
    let Statement::FoundDirectory(found) = &act.content().statement else {
        return Err(BundleFault::Other("the founding of a directory"));
    };
    if key_id(KeyAlgorithm::Ed25519, &found.root_key) != *root {
        return Err(BundleFault::Other("of the root whose fingerprint was given"));
    }
    by_root(act, root, &found.root_key)?;
    Ok(found)
}

fn admitted<'a>(
    act: &'a SignedAct,
    root: &KeyId,
    founded: &FoundDirectory,
) -> Result<&'a AdmitState, BundleFault> {
    by_custodians(act, root, founded)?;
    match &act.content().statement {
        Statement::AdmitState(admitted) => Ok(admitted),
        _ => Err(BundleFault::Other("the admission of a State")),
    }
}

/// A key that the root certified for a State.
struct Certified {
    state: StateCode,
    key: [u8; 32],
    generation: u64,
}

/// The first key, or the one that replaced those before without their word.
fn certified(
    act: &SignedAct,
    root: &KeyId,
    founded: &FoundDirectory,
    state: StateCode,
) -> Result<Certified, BundleFault> {
    by_custodians(act, root, founded)?;
    let found = match &act.content().statement {
        Statement::CertifyStateKey(act) if act.generation == 0 => {
            Some(Certified { state: act.state, key: act.key, generation: 0 })
        }
        Statement::CompleteReplacement(act) if act.generation > 0 => {
            Some(Certified { state: act.state, key: act.key, generation: act.generation })
        }
        _ => None,
    };
    let found = found.filter(|found| found.state == state);
    found.ok_or(BundleFault::Other("the certificate of the State's key"))
}

/// The key to which the one that the root certified has led, each with the word of the one before.
fn successor<R: Read + Seek>(
    members: &mut Members<R>,
    root: &KeyId,
    certified: &Certified,
) -> Result<[u8; 32], BundleError> {
    let (mut key, mut generation) = (certified.key, certified.generation);
    for place in 0..members.successions()? {
        let name = members::succession(place);
        let signed = SignedStatement::decode(members.read(&name)?).map_err(|fault| wrong(&name, fault))?;
        let word = succeeded(&signed, root, &key).map_err(|fault| wrong(&name, fault))?;
        generation += 1;
        if (word.state, word.generation) != (certified.state, generation) {
            return Err(wrong(&name, BundleFault::Other("the word of the State's key for its next")));
        }
        key = word.key;
    }
    Ok(key)
}

fn succeeded(signed: &SignedStatement, root: &KeyId, key: &[u8; 32]) -> Result<KeySuccession, BundleFault> {
    signed.verify(key, root)?;
    match signed.content() {
        StateStatement::KeySuccession(word) => Ok(*word),
        _ => Err(BundleFault::Other("the word of the State's key for its next")),
    }
}

/// An act of the root after the founding, with the second custodian's signature where the founding demands it always.
fn by_custodians(act: &SignedAct, root: &KeyId, founded: &FoundDirectory) -> Result<(), BundleFault> {
    by_root(act, root, &founded.root_key)?;
    match founded.second {
        Some(second) if second.always && !act.is_signed_twice(&second.key, root) => {
            Err(BundleFault::Other("signed by both custodians, as the founding demands"))
        }
        _ => Ok(()),
    }
}

/// An act of the root in the directory. It names no person, because its author is none.
fn by_root(act: &SignedAct, root: &KeyId, key: &[u8; 32]) -> Result<(), BundleFault> {
    act.verify(key, root)?;
    let header = &act.content().header;
    if header.author != Author::Root || header.channel != directory_channel(root) {
        return Err(BundleFault::Other("an act of the root in its directory"));
    }
    Ok(())
}

fn open<R: Read + Seek>(members: &mut Members<R>, grant: &Grant) -> Result<PostBody, BundleError> {
    let post = &grant.post;
    let sealed = members.read(BODY)?;
    if post.body.length != sealed.len() as u64 || post.body.sha256 != Digest::of(&sealed) {
        return Err(wrong(BODY, BundleFault::Other("the sealed body that the grant names")));
    }
    let key: [u8; 32] = members
        .read(REVISION_KEY)?
        .try_into()
        .map_err(|_| wrong(REVISION_KEY, BundleFault::Other("a key of 32 bytes")))?;
    let sealed_post =
        SealedPost { section: post.section, act: post.act_id, kind: post.kind, body: post.body };
    // The ciphertext is the one named: if it does not open, the key is another, or its author sealed no body.
    open_with(&RevisionKey::from_bytes(key), post.channel, &sealed_post, &sealed)
        .map_err(|fault| wrong(REVISION_KEY, fault))
}

fn rendition<R: Read + Seek>(
    members: &mut Members<R>,
    grant: &Grant,
    body: &PostBody,
) -> Result<Rendition, BundleError> {
    let bytes = members.read(RENDITION)?;
    if grant.rendition != Some(Digest::of(&bytes)) {
        return Err(wrong(RENDITION, BundleFault::Other("the rendition that the grant names")));
    }
    let expected = Rendition::of(body);
    if expected.encode() != bytes {
        return Err(wrong(RENDITION, BundleFault::NotAsExchanged));
    }
    Ok(expected)
}

fn act<R: Read + Seek>(members: &mut Members<R>, name: &'static str) -> Result<SignedAct, BundleError> {
    SignedAct::decode(members.read(name)?).map_err(|fault| wrong(name, fault))
}

fn proof<R: Read + Seek>(
    members: &mut Members<R>,
    of: &'static str,
) -> Result<(String, EntryProof), BundleError> {
    let name = format!("{of}{PROOF}");
    let bytes = members.read(&name)?;
    let proof = EntryProof::decode(&bytes).map_err(|fault| wrong(&name, fault))?;
    Ok((name, proof))
}

fn wrong(at: &str, fault: impl Into<BundleFault>) -> BundleError {
    BundleError { at: at.to_owned(), fault: fault.into() }
}

fn at(name: &'static str) -> impl Fn(BundleFault) -> BundleError {
    move |fault| wrong(name, fault)
}

const FORMAT: &str = "format";
const FORMAT_CONTENT: &[u8] = b"chancery/v1/bundle\n";
const FOUND_DIRECTORY: &str = "found-directory";
const ADMIT_STATE: &str = "admit-state";
const CERTIFY_STATE_KEY: &str = "certify-state-key";
const SUCCESSIONS: &str = "successions/";
const GRANT: &str = "grant";
const BODY: &str = "body";
const REVISION_KEY: &str = "revision-key";
const RENDITION: &str = "rendition";
const ATTACHMENTS: &str = "attachments/";
const PROOF: &str = ".tlog-proof";
