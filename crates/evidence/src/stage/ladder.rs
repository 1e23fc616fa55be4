//! Variants under one load, from wrong to costly.

use crate::{Cell, Event, Quantity, RungKind, Stage};

/// A ladder of variants under one load.
#[derive(Debug)]
pub struct Ladder<'stage> {
    stage: &'stage Stage,
    ladder: u32,
    width: usize,
}

impl<'stage> Ladder<'stage> {
    pub(super) fn begin(
        stage: &'stage Stage,
        ladder: u32,
        title: String,
        columns: &[&str],
    ) -> Self {
        let width = columns.len();
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        stage.emit(&Event::Ladder { ladder, title, columns });
        Self { stage, ladder, width }
    }

    /// Adds a measured rung.
    ///
    /// # Panics
    /// In debug builds, when the number of cells is not the number of columns.
    pub fn rung(&self, kind: RungKind, name: impl Into<String>, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.width, "one cell for each column");
        self.stage.emit(&Event::Rung { ladder: self.ladder, kind, name: name.into(), cells });
    }
}

impl From<Quantity> for Cell {
    fn from(quantity: Quantity) -> Self {
        Self::Quantity(quantity)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
