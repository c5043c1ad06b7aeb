//! How to verify, in plain words.

use bytes::Bytes;

use super::super::html::{self, Site};
use crate::app::App;

/// The page about verification.
pub(in crate::public) fn about(app: &App, site: &Site<'_>) -> Bytes {
    let root = app.root();
    let content = format!(
        "<h1>How to verify</h1>\n\
         <p>You need not trust this server. For each public item you can download a <em>bundle</em>: one file \
         that proves, without the network and without an account, that</p>\n\
         <ul>\n\
         <li>the State named opened exactly this text and these attachments to the public;</li>\n\
         <li>this is the text that was exchanged in the review, and not one made for the public;</li>\n\
         <li>the State’s key was certified by the root of this mechanism;</li>\n\
         <li>the opening stands in the public log, at the time shown.</li>\n\
         </ul>\n\
         <h2>What to do</h2>\n\
         <ol>\n\
         <li>Get the fingerprint of the root from a source that you trust, a note verbale or a printed \
         document. This server says that it is:<pre tabindex=\"0\">{root}</pre>\n\
         If the two differ, stop: this is another deployment, or someone pretends to be it.</li>\n\
         <li>Download the bundle on the page of the item.</li>\n\
         <li>Run <code>chancery verify bundle FILE --root FINGERPRINT</code> with that fingerprint. It says what it proves, or names \
         the first thing that is wrong.</li>\n\
         </ol>\n\
         <p>The format of a bundle is published, so that you can check it with a program of your own.</p>\n\
         <h2>The public log</h2>\n\
         <p>Every opening and every withdrawal is an entry of one log that only grows. Its newest \
         <a href=\"/checkpoint\">checkpoint</a> is signed by this server. Keep it: a later log that does not \
         continue it shows that something was removed or rewritten.</p>\n\
         <h2>Withdrawals</h2>\n\
         <p>A State may withdraw an item. Then it is no longer served here, and its place stays, with the date. \
         What was downloaded before stays valid: a withdrawal cannot make it unread.</p>\n"
    );
    html::page(site, "How to verify", &content)
}
