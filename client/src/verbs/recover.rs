//! Recovery with a sheet, from a new machine: the sheet brings in a new device and opens the person's key, and the
//! device shuts out those that are lost and makes the next key.

use chancery_core::act::{AddDevice, Author, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, DeviceId, UserId};
use chancery_core::log::Tree;
use chancery_core::name::{Namespace, directory_channel};
use chancery_seal::random::make_bytes;
use chancery_seal::secret::RecoverySecret;

use super::{devices, user_key};
use crate::clock;
use crate::compose::{Signer, Standpoint};
use crate::home::{Holder, Home, HomeError, Keys, Person, TlsIdentity};
use crate::identity::Identity;
use crate::link::Link;
use crate::sheet::SheetLine;
use crate::sync::{Session, SessionError};

/// Which devices are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Every one but the new one.
    All,
    /// Those whose ids begin so; none at all if nothing is named.
    These(Vec<String>),
}

/// A person is back.
#[derive(Debug)]
pub struct Recovered {
    /// The session of the new device.
    pub session: Session,
    /// The person.
    pub user: UserId,
    /// The new device.
    pub device: DeviceId,
    /// The devices that were shut out.
    pub lost: Vec<DeviceId>,
}

/// The keys of a new device for the person whose sheet this is.
///
/// # Errors
/// [`HomeError`] if the machine gives no random bytes.
pub fn device_keys(line: &SheetLine) -> Result<Keys, HomeError> {
    let tls = TlsIdentity::make()?;
    let person = Person {
        identity: Identity::make_for(line.user, tls.key_id())?,
        role: line.role,
        state: line.state,
        state_key: None,
    };
    let server = Some(line.server.clone());
    Ok(Keys { root: line.root, server, tls, holder: Holder::Person(Box::new(person)) })
}

/// Brings this home's device into the directory by the sheet.
///
/// # Errors
/// [`SessionError::Link`] if the server refuses it.
pub async fn bring_in(home: &Home, secret: &RecoverySecret) -> Result<(), SessionError> {
    let (root, identity) = (&home.keys().root, &home.person()?.identity);
    let keys = identity.device_keys();
    let keys_bytes = keys.encode();
    let possession = identity.sign.sign(Namespace::DevicePossession, root, &keys_bytes);
    let statement =
        Statement::AddDevice(AddDevice { keys, keys_bytes: keys_bytes.into(), possession, handed: None });
    let standpoint = Standpoint {
        channel: directory_channel(root),
        author: Author::Person { user: identity.user, device: identity.device },
        clock_ms: clock::now_ms(),
        seen: Tree::default().head(),
        epoch: 0,
        basis: None,
    };
    let key = secret.signing_key()?;
    let act = Signer { key: &key, root }.act(&standpoint, ActId::new(make_bytes()?), statement)?;
    let link = Link::connect(home.server()?, &home.keys().tls).await?;
    link.recover(act.bytes().clone()).await?;
    Ok(())
}

/// Opens the person's key with the sheet, shuts out what is lost and makes the next key, in one append. After a
/// crash, doing it again finishes it.
///
/// # Errors
/// [`Reason::NoCurrentKey`] if the sheet does not open the person's key.
pub async fn recover(home: Home, secret: &RecoverySecret, lost: &Lost) -> Result<Recovered, SessionError> {
    let mut session = Session::open(home).await?;
    session.use_sheet(secret.kem()?);
    let identity = &session.person()?.identity;
    let (user, device) = (identity.user, identity.device);
    let lost = match lost {
        Lost::All => {
            let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
            person.devices().map(|one| one.id).filter(|one| *one != device).collect()
        }
        Lost::These(names) => {
            let mut found = Vec::new();
            for name in names {
                found.push(devices::find(&mut session, None, name).await?);
            }
            found
        }
    };
    user_key::replace(&mut session, &lost).await?;
    Ok(Recovered { session, user, device, lost })
}
