//! What a window looks like.

/// Colours that the reader's system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Size and theme of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Height of what is seen at once, in CSS pixels.
    pub height: u32,
    /// Whether it is a phone: touch, and a page that fits its viewport.
    pub phone: bool,
    /// Light or dark.
    pub theme: Theme,
    /// Whether scripts run.
    pub scripts: bool,
}

impl Look {
    /// A window on a desk.
    pub const DESKTOP: Self =
        Self { width: 1280, height: 900, phone: false, theme: Theme::Light, scripts: true };
    /// A phone held upright.
    pub const PHONE: Self = Self { width: 390, height: 844, phone: true, ..Self::DESKTOP };

    /// The same in dark colours.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { theme: Theme::Dark, ..self }
    }

    /// The same with scripts switched off.
    #[must_use]
    pub const fn without_scripts(self) -> Self {
        Self { scripts: false, ..self }
    }
}
