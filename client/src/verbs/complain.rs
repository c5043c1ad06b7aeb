//! A reader's word that what stands beside an act does not open: never sent by itself.

use chancery_core::act::{Fault, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, FileId};

use crate::keyring::{Alert, OpenedPost};
use crate::sync::{Sent, Session, SessionError};
use crate::verbs::find::{self, Prefix};

/// What does not open, as the person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaint {
    /// Whatever this client has found.
    Found,
    /// A file.
    File(FileId),
}

/// An alert with the channel it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// The channel.
    pub channel: ChannelId,
    /// What does not open.
    pub alert: Alert,
}

/// Everything that does not open for this person in what the session has read: every body is opened anew,
/// whatever is kept of it.
#[must_use]
pub fn alarms(session: &Session) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for copy in session.channels() {
        let Some(keys) = session.keys(copy.id()) else { continue };
        let bodies = keys.open_posts(copy);
        let found = keys.alerts.iter().copied().chain(bodies.iter().filter_map(OpenedPost::alert));
        alarms.extend(found.map(|alert| Alarm { channel: copy.id(), alert }));
    }
    alarms
}

/// Appends a complaint about an act. Without a file, it names what this client found.
///
/// # Errors
/// [`SessionError::NotFound`] if everything of that act opens.
pub async fn complain(
    session: &mut Session,
    prefix: &Prefix,
    complaint: Complaint,
) -> Result<(Alarm, Sent), SessionError> {
    session.sync_all().await?;
    let (channel, act) = find::act(session, prefix)?;
    let alert = match complaint {
        Complaint::File(file) => Alert { act, fault: Fault::File(file) },
        Complaint::Found => found(session, channel, act)?,
    };
    let signed = session.sign(channel, Statement::Complain(alert.complaint()))?;
    let sent = match session.append(channel, vec![signed.into()]).await {
        Err(error) if error.reason() == Some(Reason::StaleEpoch) => {
            session.sync_channel(channel).await?;
            let again = session.sign(channel, Statement::Complain(alert.complaint()))?;
            session.append(channel, vec![again.into()]).await?
        }
        sent => sent?,
    };
    Ok((Alarm { channel, alert }, sent))
}

fn found(session: &Session, channel: ChannelId, act: ActId) -> Result<Alert, SessionError> {
    let alarms = alarms(session);
    let alarm = alarms.iter().find(|alarm| alarm.channel == channel && alarm.alert.act == act);
    alarm
        .map(|alarm| alarm.alert)
        .ok_or_else(|| SessionError::NotFound { what: "fault in act", name: act.to_string() })
}
