//! Counting the words of a text, the same for every reader.

/// The number of words: runs of letters and digits, joined by apostrophes and hyphens; where a script writes no
/// spaces, every ideograph is one.
#[must_use]
pub fn count_words(text: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    let mut after_joint = false;
    for c in text.chars() {
        if is_ideograph(c) {
            count += 1;
            inside = false;
        } else if c.is_alphanumeric() || is_mark(c) {
            count += usize::from(!inside && !after_joint);
            inside = true;
        } else {
            after_joint = inside && matches!(c, '\'' | '\u{2019}' | '-' | '\u{2011}');
            inside = false;
            continue;
        }
        after_joint = false;
    }
    count
}

/// Han, Hiragana and Katakana.
const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Marks that stand on a letter, and the Arabic tatweel.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_six_languages() {
        let check = |text: &str, expected: usize| assert_eq!(count_words(text), expected, "{text}");
        check("", 0);
        check("The State under review, in 2026, well-known; the State's own.", 10);
        check("L\u{2019}article 5 de la Convention", 5);
        check("¿Qué medidas adoptó Chile?", 4);
        check("Какие меры приняты?", 3);
        check("ما هي التدابيرُ المتَّخذة؟", 4);
        check("请说明第5条。", 6);
    }
}
