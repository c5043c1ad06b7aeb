//! The custodians certify a server: the first act of the deployment's directory.

use bytes::Bytes;
use chancery_core::act::{
    ActError, Author, FoundDirectory, SecondCustodian, ServerRequest, SignedAct, Statement, TreeHead,
};
use chancery_core::id::ActId;
use chancery_core::log::Tree;
use chancery_core::mechanism::{Mechanism, MechanismError};
use chancery_core::name::directory_channel;
use chancery_seal::random::make_bytes;

use crate::clock;
use crate::compose::{ComposeError, Signer, Standpoint};
use crate::home::{Family, Home, HomeError, ServerAddress};
use crate::invitation::is_address;
use crate::second::SecondLine;

/// A server was not certified.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The request is not one, or was altered.
    #[error("the server's request does not read: {0}")]
    Request(ActError),
    /// The request asks another root.
    #[error("the request asks another root than this home's")]
    OtherRoot,
    /// The mechanism file is not well-formed.
    #[error("the mechanism file does not read: {0}")]
    Mechanism(#[from] MechanismError),
    /// The server holds another mechanism file than the custodians.
    #[error("the server holds another mechanism file than this one")]
    OtherMechanism,
    /// The request has no address at which people will find the server.
    #[error("there is no address, host and port, at which people will find the server")]
    NoAddress,
    /// A root founds one deployment.
    #[error("this root has founded a deployment with another server already")]
    Founded,
    /// The line is of another root's second custodian.
    #[error("this line is of the second custodian of another root")]
    OtherSecond,
    /// The founding act is made, and names another second custodian, or none.
    #[error("this root has founded the deployment on other terms for a second custodian")]
    OtherTerms,
    /// The act could not be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

/// A server's certificate.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The signed act, as the server installs it.
    pub certificate: Bytes,
    /// What it founds.
    pub founded: FoundDirectory,
    /// Where people will find the server.
    pub server: ServerAddress,
}

/// Somebody whose signature the root needs, too.
#[derive(Debug, Clone, Copy)]
pub struct Second {
    /// The key, shown to be held for this root.
    pub line: SecondLine,
    /// Whether every act of the root needs it; if not, only a replacement to which a State objects.
    pub always: bool,
}

/// Checks a server's request against the mechanism file that the custodians agreed on, and certifies it. The
/// same request, with the same second custodian, gets the same certificate again; `address` stands for the request's, if it is given.
///
/// # Errors
/// [`CertifyError`].
pub fn certify(
    home: &mut Home,
    request: &str,
    mechanism: &str,
    address: Option<String>,
    second: Option<Second>,
) -> Result<Certified, CertifyError> {
    home.root_key()?;
    let root = home.keys().root;
    let request = ServerRequest::read(request).map_err(CertifyError::Request)?;
    if request.root != root {
        return Err(CertifyError::OtherRoot);
    }
    Mechanism::parse(mechanism)?;
    if Mechanism::digest(mechanism) != request.mechanism {
        return Err(CertifyError::OtherMechanism);
    }
    let address = address.unwrap_or_else(|| request.address.clone());
    if !is_address(address.as_bytes()) {
        return Err(CertifyError::NoAddress);
    }
    if second.is_some_and(|second| second.line.root != root) {
        return Err(CertifyError::OtherSecond);
    }
    let second = second.map(|second| SecondCustodian { key: second.line.key, always: second.always });
    let act = if let Some(act) = kept(home, &request)? {
        act
    } else {
        let act = found(home, &request, second)?;
        home.put(Family::Certificate, &request.log_key, act.bytes())?;
        act
    };
    let Statement::FoundDirectory(founded) = act.content().statement.clone() else {
        return Err(CertifyError::Founded);
    };
    if founded.second != second {
        return Err(CertifyError::OtherTerms);
    }
    let server = ServerAddress { address, tls_key: request.server_tls_key };
    home.update_keys(|keys| keys.server = Some(server.clone()))?;
    Ok(Certified { certificate: act.bytes().clone(), founded, server })
}

/// The certificate that this root has given, if it was for this very server.
fn kept(home: &Home, request: &ServerRequest) -> Result<Option<SignedAct>, CertifyError> {
    let Some(bytes) = home.get(Family::Certificate, &request.log_key)? else {
        let others = !home.names(Family::Certificate)?.is_empty();
        return if others { Err(CertifyError::Founded) } else { Ok(None) };
    };
    let act = SignedAct::decode(bytes.to_vec()).map_err(|error| CertifyError::Compose(error.into()))?;
    match &act.content().statement {
        Statement::FoundDirectory(founded)
            if founded.mechanism == request.mechanism && founded.server_tls_key == request.server_tls_key =>
        {
            Ok(Some(act))
        }
        _ => Err(CertifyError::Founded),
    }
}

fn found(
    home: &Home,
    request: &ServerRequest,
    second: Option<SecondCustodian>,
) -> Result<SignedAct, CertifyError> {
    let (key, root) = (home.root_key()?, &home.keys().root);
    let standpoint = Standpoint {
        channel: directory_channel(root),
        author: Author::Root,
        clock_ms: clock::now_ms(),
        seen: empty(),
        epoch: 0,
        basis: None,
    };
    let statement = Statement::FoundDirectory(FoundDirectory {
        root_key: key.public(),
        mechanism: request.mechanism,
        log_key: request.log_key,
        server_tls_key: request.server_tls_key,
        custodian_tls_key: home.keys().tls.key_id(),
        second,
    });
    let act_id = ActId::new(make_bytes().map_err(HomeError::from)?);
    Ok(Signer { key, root }.act(&standpoint, act_id, statement)?)
}

fn empty() -> TreeHead {
    Tree::default().head()
}

#[cfg(test)]
mod tests {
    use chancery_core::act::VerifiedAct;
    use chancery_core::id::KeyId;
    use chancery_core::mechanism::UNTOC;
    use chancery_core::policy::decide_directory;
    use chancery_core::state::Directory;
    use chancery_seal::sign::SigningKey;

    use super::*;
    use crate::verbs::root_init::root_keys;

    fn request(log: &SigningKey, root: KeyId, mechanism: &str, address: &str) -> String {
        let request = ServerRequest {
            root,
            log_key: log.public(),
            server_tls_key: KeyId::new([2; 32]),
            mechanism: Mechanism::digest(mechanism),
            address: address.into(),
        };
        let key = ring::signature::Ed25519KeyPair::from_seed_unchecked(log.seed().as_bytes()).unwrap();
        request.line(key.sign(&request.signing_input()).as_ref().try_into().unwrap())
    }

    #[test]
    fn a_server_is_certified_once_and_the_policy_takes_the_act() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("root");
        let mut home = Home::create(&dir, "correct horse", root_keys().unwrap()).unwrap();
        let (root, log) = (home.keys().root, SigningKey::make().unwrap());
        let line = request(&log, root, UNTOC, "localhost:4433");

        let check = |home: &mut Home, line: &str, mechanism: &str, expected: &str| {
            let refused = certify(home, line, mechanism, None, None).unwrap_err();
            assert!(format!("{refused:?}").starts_with(expected), "{refused:?}");
        };
        check(&mut home, &line[..line.len() - 6], UNTOC, "Request");
        check(&mut home, &line, "[", "Mechanism");
        check(&mut home, &line, &format!("{UNTOC}\n"), "OtherMechanism");
        check(&mut home, &request(&log, KeyId::new([9; 32]), UNTOC, "h:1"), UNTOC, "OtherRoot");
        check(&mut home, &request(&log, root, UNTOC, ""), UNTOC, "NoAddress");
        assert!(home.server().is_err(), "a refusal changes nothing");

        let made = certify(&mut home, &line, UNTOC, None, None).unwrap();
        assert_eq!(home.server().unwrap(), &made.server);
        let act = SignedAct::decode(made.certificate.clone()).unwrap();
        let act = VerifiedAct::new(act, home.root_key().unwrap().public(), &root).unwrap();
        let mut directory = Directory::new(root);
        let permit = decide_directory(&Mechanism::parse(UNTOC).unwrap(), &directory, act, 1).unwrap();
        directory.apply(permit, 1);
        assert_eq!(directory.foundation.unwrap().log_key, log.public());

        let again = certify(&mut home, &line, UNTOC, Some("example.org:1".into()), None).unwrap();
        assert_eq!(again.certificate, made.certificate);
        assert_eq!(home.server().unwrap().address, "example.org:1");
        let other = SigningKey::make().unwrap();
        check(&mut home, &request(&other, root, UNTOC, "h:1"), UNTOC, "Founded");
    }

    #[test]
    fn a_second_custodian_is_named_once_and_for_this_root() {
        let folder = tempfile::tempdir().unwrap();
        let mut home =
            Home::create(&folder.path().join("root"), "correct horse", root_keys().unwrap()).unwrap();
        let (root, key) = (home.keys().root, SigningKey::make().unwrap());
        let log = SigningKey::make().unwrap();
        let request = request(&log, root, UNTOC, "localhost:4433");
        let second = |always| Some(Second { line: SecondLine::make(&key, root), always });
        let mut ask = |second| certify(&mut home, &request, UNTOC, None, second);

        let other = SecondLine::make(&key, KeyId::new([9; 32]));
        let refused = ask(Some(Second { line: other, always: true }));
        assert!(matches!(refused, Err(CertifyError::OtherSecond)));
        let made = ask(second(true)).unwrap();
        assert_eq!(made.founded.second, Some(SecondCustodian { key: key.public(), always: true }));
        for terms in [None, second(false)] {
            assert!(matches!(ask(terms), Err(CertifyError::OtherTerms)));
        }
        assert_eq!(ask(second(true)).unwrap().certificate, made.certificate);
    }
}
