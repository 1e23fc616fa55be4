//! Characters that a person cannot see.

/// Whether a character shows nothing: `Default_Ignorable_Code_Point` (UAX #44) and the marks of
/// interlinear annotation. Zero-width spaces and joiners, soft hyphens, bidirectional controls,
/// variation selectors, fillers, tags.
///
/// A table of a few ranges instead of a crate of Unicode properties: new ones are added to
/// plane 14, which is in it whole.
pub(crate) fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character turns the direction of the text around it (UAX #9, section 2): in a list of
/// names it would turn its neighbours, too. The marks and joiners that Arabic, Persian and Indic
/// names need are not among these.
pub(crate) fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
