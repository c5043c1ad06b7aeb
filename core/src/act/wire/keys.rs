//! Encoding of what the directory states of devices, recovery and the keys of States.

use chancery_proto::act as proto;

use super::act::optional_statement;
use super::{
    ActError, DeviceKeys, KEM_BYTES, PersonKeys, array, code, exactly, id, instruments, optional_id,
    optional_time, parse_recipients, recipients, required, role_from_wire, role_to_wire, strings,
};
use crate::act::{
    AddDevice, AnnounceReplacement, CompleteReplacement, DepositShares, GiveShare, Handed, NewUserKey,
    ObjectToReplacement, Recertify, ReplaceStateKey, Reseat, SetRecovery, ShareStateKey, Signed,
    SignedStatement,
};
use crate::id::Digest;

pub(super) fn reseat(a: &Reseat) -> proto::Reseat {
    proto::Reseat {
        user: a.user.as_bytes().to_vec(),
        role: role_to_wire(a.role),
        instruments: strings(&a.instruments),
        expires_ms: a.expires_ms.unwrap_or_default(),
        membership: a.membership.bytes().to_vec(),
    }
}

pub(super) fn parse_reseat(m: proto::Reseat) -> Result<Reseat, ActError> {
    Ok(Reseat {
        user: id(&m.user, "user")?,
        role: role_from_wire(m.role)?,
        instruments: instruments(&m.instruments, "instruments")?,
        expires_ms: optional_time(m.expires_ms),
        membership: statement(m.membership)?,
    })
}

pub(super) fn add_device(a: &AddDevice) -> proto::AddDevice {
    proto::AddDevice {
        keys: a.keys_bytes.to_vec(),
        possession: a.possession.to_vec(),
        commitment: a.handed.as_ref().map(commitment).unwrap_or_default(),
        recipients: a.handed.as_ref().map(|handed| recipients(&handed.recipients)),
    }
}

pub(super) fn parse_add_device(m: proto::AddDevice) -> Result<AddDevice, ActError> {
    let handed = match (optional_id::<Digest>(&m.commitment, "commitment")?, m.recipients) {
        (None, None) => None,
        (Some(commitment), Some(list)) => Some(Handed { commitment, recipients: parse_recipients(&list)? }),
        _ => return Err(ActError::Field("commitment")),
    };
    Ok(AddDevice {
        keys: DeviceKeys::decode(&m.keys)?,
        keys_bytes: m.keys.into(),
        possession: array(&m.possession, "possession")?,
        handed,
    })
}

pub(super) fn new_user_key(a: &NewUserKey) -> proto::NewUserKey {
    proto::NewUserKey {
        generation: a.generation,
        kem: a.kem.to_vec(),
        commitment: a.commitment.as_bytes().to_vec(),
        previous_box_sha256: a.previous_box.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
        recipients: Some(recipients(&a.recipients)),
    }
}

pub(super) fn parse_new_user_key(m: proto::NewUserKey) -> Result<NewUserKey, ActError> {
    Ok(NewUserKey {
        generation: m.generation,
        kem: exactly(m.kem, KEM_BYTES, "kem")?,
        commitment: id(&m.commitment, "commitment")?,
        previous_box: optional_id(&m.previous_box_sha256, "previous_box_sha256")?,
        recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
    })
}

pub(super) fn set_recovery(a: &SetRecovery) -> proto::SetRecovery {
    proto::SetRecovery {
        sign: a.sign.to_vec(),
        kem: a.kem.to_vec(),
        commitment: commitment(&a.handed),
        recipients: Some(recipients(&a.handed.recipients)),
    }
}

pub(super) fn parse_set_recovery(m: proto::SetRecovery) -> Result<SetRecovery, ActError> {
    Ok(SetRecovery {
        sign: array(&m.sign, "sign")?,
        kem: exactly(m.kem, KEM_BYTES, "kem")?,
        handed: parse_handed(&m.commitment, m.recipients.as_ref())?,
    })
}

pub(super) fn recertify(a: &Recertify) -> proto::Recertify {
    proto::Recertify {
        keys: a.keys_bytes.to_vec(),
        possession: a.possession.to_vec(),
        membership: a.membership.as_ref().map(|signed| signed.bytes().to_vec()).unwrap_or_default(),
    }
}

pub(super) fn parse_recertify(m: proto::Recertify) -> Result<Recertify, ActError> {
    Ok(Recertify {
        keys: PersonKeys::decode(&m.keys)?,
        keys_bytes: m.keys.into(),
        possession: array(&m.possession, "possession")?,
        membership: optional_statement(m.membership)?,
    })
}

pub(super) fn replace_state_key(a: &ReplaceStateKey) -> proto::ReplaceStateKey {
    proto::ReplaceStateKey {
        state: a.state.to_string(),
        key: a.key.to_vec(),
        generation: a.generation,
        commitment: commitment(&a.handed),
        succession: a.succession.bytes().to_vec(),
        recipients: Some(recipients(&a.handed.recipients)),
    }
}

pub(super) fn parse_replace_state_key(m: proto::ReplaceStateKey) -> Result<ReplaceStateKey, ActError> {
    Ok(ReplaceStateKey {
        state: code(&m.state, "state")?,
        key: array(&m.key, "key")?,
        generation: m.generation,
        succession: statement(m.succession)?,
        handed: parse_handed(&m.commitment, m.recipients.as_ref())?,
    })
}

pub(super) fn share_state_key(a: &ShareStateKey) -> proto::ShareStateKey {
    proto::ShareStateKey {
        state: a.state.to_string(),
        generation: a.generation,
        commitment: commitment(&a.handed),
        recipients: Some(recipients(&a.handed.recipients)),
    }
}

pub(super) fn parse_share_state_key(m: &proto::ShareStateKey) -> Result<ShareStateKey, ActError> {
    Ok(ShareStateKey {
        state: code(&m.state, "state")?,
        generation: m.generation,
        handed: parse_handed(&m.commitment, m.recipients.as_ref())?,
    })
}

pub(super) fn deposit_shares(a: &DepositShares) -> proto::DepositShares {
    proto::DepositShares {
        state: a.state.to_string(),
        generation: a.generation,
        threshold: a.threshold,
        recipients: Some(recipients(&a.recipients)),
        commitments: a.commitments.iter().map(|digest| digest.as_bytes().to_vec()).collect(),
    }
}

pub(super) fn parse_deposit_shares(m: &proto::DepositShares) -> Result<DepositShares, ActError> {
    let recipients = parse_recipients(required(m.recipients.as_ref(), "recipients")?)?;
    // One commitment to each share: the list is as long as the other, and so as bounded.
    if m.commitments.len() != recipients.key_ids.len() {
        return Err(ActError::Field("commitments"));
    }
    Ok(DepositShares {
        state: code(&m.state, "state")?,
        generation: m.generation,
        threshold: m.threshold,
        recipients,
        commitments: m.commitments.iter().map(|d| id(d, "commitments")).collect::<Result<_, _>>()?,
    })
}

pub(super) fn give_share(a: &GiveShare) -> proto::GiveShare {
    proto::GiveShare {
        deposit: a.deposit.as_bytes().to_vec(),
        position: a.position,
        to: a.to.as_bytes().to_vec(),
        recipients: Some(recipients(&a.recipients)),
    }
}

pub(super) fn parse_give_share(m: &proto::GiveShare) -> Result<GiveShare, ActError> {
    Ok(GiveShare {
        deposit: id(&m.deposit, "deposit")?,
        position: m.position,
        to: id(&m.to, "to")?,
        recipients: parse_recipients(required(m.recipients.as_ref(), "recipients")?)?,
    })
}

pub(super) fn announce(a: &AnnounceReplacement) -> proto::AnnounceReplacement {
    proto::AnnounceReplacement {
        state: a.state.to_string(),
        keys: a.keys_bytes.to_vec(),
        possession: a.possession.to_vec(),
        key: a.key.to_vec(),
    }
}

pub(super) fn parse_announce(m: proto::AnnounceReplacement) -> Result<AnnounceReplacement, ActError> {
    Ok(AnnounceReplacement {
        state: code(&m.state, "state")?,
        keys: PersonKeys::decode(&m.keys)?,
        keys_bytes: m.keys.into(),
        possession: array(&m.possession, "possession")?,
        key: array(&m.key, "key")?,
    })
}

pub(super) fn object(a: &ObjectToReplacement) -> proto::ObjectToReplacement {
    proto::ObjectToReplacement {
        announcement: a.announcement.as_bytes().to_vec(),
        objection: a.objection.bytes().to_vec(),
    }
}

pub(super) fn parse_object(m: proto::ObjectToReplacement) -> Result<ObjectToReplacement, ActError> {
    Ok(ObjectToReplacement {
        announcement: id(&m.announcement, "announcement")?,
        objection: statement(m.objection)?,
    })
}

pub(super) fn complete(a: &CompleteReplacement) -> proto::CompleteReplacement {
    proto::CompleteReplacement {
        announcement: a.announcement.as_bytes().to_vec(),
        state: a.state.to_string(),
        key: a.key.to_vec(),
        generation: a.generation,
    }
}

pub(super) fn parse_complete(m: &proto::CompleteReplacement) -> Result<CompleteReplacement, ActError> {
    Ok(CompleteReplacement {
        announcement: id(&m.announcement, "announcement")?,
        state: code(&m.state, "state")?,
        key: array(&m.key, "key")?,
        generation: m.generation,
    })
}

fn commitment(handed: &Handed) -> Vec<u8> {
    handed.commitment.as_bytes().to_vec()
}

fn parse_handed(commitment: &[u8], list: Option<&proto::Recipients>) -> Result<Handed, ActError> {
    Ok(Handed {
        commitment: id(commitment, "commitment")?,
        recipients: parse_recipients(required(list, "recipients")?)?,
    })
}

fn statement(bytes: Vec<u8>) -> Result<SignedStatement, ActError> {
    Signed::decode(bytes)
}
