//! Encoding of [`StateStatement`].

use chancery_proto::act as proto;
use chancery_proto::act::state_statement::Statement as Oneof;

use super::{
    ActError, Wire, array, audience_from_wire, audience_to_wire, code, id, instruments, item_from_wire,
    item_to_wire, optional_id, optional_time, parse_sealed_body, required, role_from_wire, role_to_wire,
    sealed_body, strings,
};
use crate::act::{
    Audience, Clearance, Grant, KeySuccession, Membership, Objection, PostRef, StateStatement, Withdrawal,
};

impl Wire for StateStatement {
    type Proto = proto::StateStatement;

    fn to_proto(&self) -> Self::Proto {
        let statement = match self {
            Self::Grant(grant) => Oneof::Grant(proto::Grant {
                state: grant.post.state.to_string(),
                channel: grant.post.channel.as_bytes().to_vec(),
                section: grant.post.section.as_bytes().to_vec(),
                act_id: grant.post.act_id.as_bytes().to_vec(),
                kind: item_to_wire(grant.post.kind),
                body: Some(sealed_body(&grant.post.body)),
                audience: audience_to_wire(grant.audience),
                rendition_sha256: grant.rendition.map(|d| d.as_bytes().to_vec()).unwrap_or_default(),
            }),
            Self::Withdrawal(withdrawal) => Oneof::Withdrawal(proto::Withdrawal {
                state: withdrawal.state.to_string(),
                channel: withdrawal.channel.as_bytes().to_vec(),
                section: withdrawal.section.as_bytes().to_vec(),
                act_id: withdrawal.act_id.as_bytes().to_vec(),
                audience: audience_to_wire(withdrawal.audience),
            }),
            Self::Clearance(clearance) => Oneof::Clearance(proto::Clearance {
                state: clearance.post.state.to_string(),
                channel: clearance.post.channel.as_bytes().to_vec(),
                section: clearance.post.section.as_bytes().to_vec(),
                act_id: clearance.post.act_id.as_bytes().to_vec(),
                kind: item_to_wire(clearance.post.kind),
                body: Some(sealed_body(&clearance.post.body)),
            }),
            Self::Membership(membership) => Oneof::Membership(proto::Membership {
                state: membership.state.to_string(),
                role: role_to_wire(membership.role),
                instruments: strings(&membership.instruments),
                keys_sha256: membership.keys.as_bytes().to_vec(),
                expires_ms: membership.expires_ms.unwrap_or_default(),
            }),
            Self::KeySuccession(succession) => Oneof::KeySuccession(proto::KeySuccession {
                state: succession.state.to_string(),
                key: succession.key.to_vec(),
                generation: succession.generation,
            }),
            Self::Objection(objection) => Oneof::Objection(proto::Objection {
                state: objection.state.to_string(),
                announcement: objection.announcement.as_bytes().to_vec(),
            }),
        };
        proto::StateStatement { statement: Some(statement) }
    }

    fn from_proto(message: Self::Proto) -> Result<Self, ActError> {
        Ok(match message.statement.ok_or(ActError::UnknownKind)? {
            Oneof::Grant(m) => Self::Grant(parse_grant(&m)?),
            Oneof::Withdrawal(m) => Self::Withdrawal(Withdrawal {
                state: code(&m.state, "state")?,
                channel: id(&m.channel, "channel")?,
                section: id(&m.section, "section")?,
                act_id: id(&m.act_id, "act_id")?,
                audience: audience_from_wire(m.audience)?,
            }),
            Oneof::Clearance(m) => Self::Clearance(Clearance {
                post: PostRef {
                    state: code(&m.state, "state")?,
                    channel: id(&m.channel, "channel")?,
                    section: id(&m.section, "section")?,
                    act_id: id(&m.act_id, "act_id")?,
                    kind: item_from_wire(m.kind)?,
                    body: parse_sealed_body(&required(m.body, "body")?)?,
                },
            }),
            Oneof::Membership(m) => Self::Membership(Membership {
                state: code(&m.state, "state")?,
                role: role_from_wire(m.role)?,
                instruments: instruments(&m.instruments, "instruments")?,
                keys: id(&m.keys_sha256, "keys_sha256")?,
                expires_ms: optional_time(m.expires_ms),
            }),
            Oneof::KeySuccession(m) => Self::KeySuccession(KeySuccession {
                state: code(&m.state, "state")?,
                key: array(&m.key, "key")?,
                generation: m.generation,
            }),
            Oneof::Objection(m) => Self::Objection(Objection {
                state: code(&m.state, "state")?,
                announcement: id(&m.announcement, "announcement")?,
            }),
        })
    }
}

fn parse_grant(m: &proto::Grant) -> Result<Grant, ActError> {
    let audience = audience_from_wire(m.audience)?;
    let rendition = optional_id(&m.rendition_sha256, "rendition_sha256")?;
    // The public gets a rendition, all parties never do.
    if rendition.is_some() != (audience == Audience::Public) {
        return Err(ActError::Field("rendition_sha256"));
    }
    Ok(Grant {
        post: PostRef {
            state: code(&m.state, "state")?,
            channel: id(&m.channel, "channel")?,
            section: id(&m.section, "section")?,
            act_id: id(&m.act_id, "act_id")?,
            kind: item_from_wire(m.kind)?,
            body: parse_sealed_body(required(m.body.as_ref(), "body")?)?,
        },
        audience,
        rendition,
    })
}
