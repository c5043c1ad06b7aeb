//! The frame of every page, its style, and the one way of text into it.

use std::fmt;

use bytes::Bytes;
use chancery_core::mechanism::Language;

/// What every page says of the site.
pub(super) struct Site<'a> {
    /// The mechanism's title.
    pub(super) mechanism: &'a str,
}

/// Text that a State or a mechanism file wrote, on its way into HTML: no character of it is markup.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            f.write_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)
    }
}

/// The attributes of an element whose text is in this language.
pub(super) fn lang(language: Language) -> String {
    let direction = if language.right_to_left() { "rtl" } else { "ltr" };
    format!("lang=\"{}\" dir=\"{direction}\"", language.as_str())
}

/// A whole page around its content, which is HTML already.
pub(super) fn page(site: &Site<'_>, title: &str, content: &str) -> Bytes {
    let (title, mechanism) = (Text(title), Text(site.mechanism));
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - Chancery</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n\
         </head>\n\
         <body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header>\n\
         <p class=\"site\">{mechanism}</p>\n\
         <nav aria-label=\"Pages\"><ul>\
         <li><a href=\"/\">Public items</a></li>\
         <li><a href=\"/about\">How to verify</a></li>\
         </ul></nav>\n\
         </header>\n\
         <main id=\"content\" tabindex=\"-1\">\n\
         {content}\
         </main>\n\
         <footer><p>Served by Chancery. Everything here was opened to the public by the State named.</p></footer>\n\
         </body>\n\
         </html>\n"
    )
    .into()
}

/// The style: system fonts, both writing directions, light and dark, no resource from elsewhere.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark}
body{max-width:46rem;margin:0 auto;padding:0 1rem 3rem;font:1.0625rem/1.6 system-ui,sans-serif;overflow-wrap:anywhere}
header,footer{border-block:1px solid;padding-block:.5rem;margin-block:1rem}
footer{border-block-end:0;margin-block-start:3rem}
header ul{display:flex;flex-wrap:wrap;gap:1.5rem;list-style:none;padding:0;margin:0}
.site{margin:0;font-weight:600}
.skip{position:absolute;inset-inline-start:1rem;inset-block-start:-4rem;padding:.5rem 1rem;background:Canvas;border:2px solid}
.skip:focus{inset-block-start:1rem}
main:focus{outline:none}
a:focus-visible{outline:3px solid;outline-offset:2px}
h1{font-size:1.6rem;line-height:1.3}
h2{font-size:1.25rem;margin-block-start:2rem}
ul.items{padding-inline-start:1.25rem}
ul.items li{margin-block:.75rem}
.facts{display:block}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}
dt{font-weight:600}
dd{margin:0}
.text{border-inline-start:3px solid;padding-inline-start:1rem;margin-block:1.5rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{overflow-x:auto;padding:.75rem;border:1px solid}
@media (max-width:30rem){dl{grid-template-columns:1fr}}
@media print{header nav,footer,.skip{display:none}}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_text_is_markup() {
        for (text, expect) in [
            ("", ""),
            ("plain نص 中文", "plain نص 中文"),
            ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            ("\" onload=\"x", "&quot; onload=&quot;x"),
            ("&lt;", "&amp;lt;"),
            ("a&b<c>d\"e'f", "a&amp;b&lt;c&gt;d&quot;e&#39;f"),
        ] {
            assert_eq!(Text(text).to_string(), expect);
        }
    }

    #[test]
    fn arabic_runs_from_right_to_left() {
        assert_eq!(lang(Language::Ar), "lang=\"ar\" dir=\"rtl\"");
        assert_eq!(lang(Language::Zh), "lang=\"zh\" dir=\"ltr\"");
    }
}
