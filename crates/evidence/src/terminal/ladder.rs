//! Ladders and other tables as aligned columns.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle, Width};

use super::paint::{self, BOLD, DIM, paint};
use crate::text::letters;
use crate::{Cell, RungKind};

/// Space between columns.
const GAP: usize = 2;
/// Narrower than this, names of rungs become columns of syllables.
const NARROWEST_NAME: usize = 16;
/// Room for `123 456 789`, the widest count that is still read at a glance.
const USUAL_CELL: usize = 11;

/// The columns of a ladder, fixed when its first rung arrives so that later rungs line up below
/// it: rows are printed as they are measured, not when the whole table is known.
pub(super) struct Columns {
    headers: Vec<String>,
    widths: Vec<usize>,
    alignments: Vec<CellAlignment>,
}

impl Columns {
    pub(super) fn new(headers: &[String], name: &str, cells: &[Cell], room: usize) -> Self {
        let wanted = |header: &String, cell: &Cell| {
            letters(header).max(letters(&cell_text(cell))).max(USUAL_CELL)
        };
        let mut widths: Vec<usize> =
            headers.iter().zip(cells).map(|(header, cell)| wanted(header, cell)).collect();
        let least: Vec<usize> =
            headers.iter().zip(cells).map(|(header, cell)| least_width(header, cell)).collect();
        let name_wanted = letters(name).max(28);
        shrink(&mut widths, &least, room.saturating_sub(name_wanted));
        let taken: usize = widths.iter().map(|width| width + GAP).sum();
        let name = room.saturating_sub(taken).clamp(NARROWEST_NAME, 44);
        let mut alignments = vec![CellAlignment::Left];
        alignments.extend(cells.iter().map(alignment));
        widths.insert(0, name);
        Self { headers: headers.to_vec(), widths, alignments }
    }

    /// The header with a rule below it.
    pub(super) fn header(&self) -> String {
        let mut texts = vec![String::new()];
        texts.extend(self.headers.iter().cloned());
        let mut text = String::new();
        for line in self.lines(texts) {
            text.push_str(&format!("  {}\n", paint(BOLD, &line)));
        }
        let width: usize = self.widths.iter().map(|width| width + GAP).sum();
        text + &paint(DIM, &"─".repeat(width)) + "\n"
    }

    /// One rung; its mark stands before the name in the colour of its kind.
    pub(super) fn rung(&self, kind: RungKind, name: &str, cells: &[Cell]) -> String {
        let mut texts = vec![name.to_owned()];
        texts.extend(cells.iter().map(cell_text));
        let mut text = String::new();
        for (index, line) in self.lines(texts).into_iter().enumerate() {
            let mark =
                if index == 0 { paint(paint::of(Some(kind)), kind.mark()) } else { " ".into() };
            let line = if kind == RungKind::Right { paint(BOLD, &line) } else { line };
            text.push_str(&format!("{mark} {line}\n"));
        }
        text
    }

    fn lines(&self, texts: Vec<String>) -> Vec<String> {
        let mut table = bare_table();
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(u16::MAX / 2);
        let row: Vec<comfy_table::Cell> = texts
            .into_iter()
            .zip(&self.alignments)
            .map(|(text, alignment)| comfy_table::Cell::new_owned(text).set_alignment(*alignment))
            .collect();
        table.add_row(row);
        let widths = self.widths.iter().map(|width| {
            ColumnConstraint::Absolute(Width::Fixed(u16::try_from(width + GAP).unwrap_or(u16::MAX)))
        });
        table.set_constraints(widths);
        tidy(&mut table);
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

/// A ladder whose rungs are all known, without colour: for recordings.
pub(crate) fn whole_ladder(
    columns: &[String],
    rungs: &[(RungKind, String, Vec<Cell>)],
    room: usize,
) -> String {
    let mut table = bare_table();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
    let right = |index: usize| {
        rungs.iter().any(|(_, _, cells)| matches!(cells.get(index), Some(Cell::Quantity(_))))
    };
    let header = columns.iter().enumerate().map(|(index, column)| {
        let side = if right(index) { CellAlignment::Right } else { CellAlignment::Left };
        comfy_table::Cell::new(column).set_alignment(side)
    });
    table.add_row(std::iter::once(comfy_table::Cell::new("")).chain(header).collect::<Vec<_>>());
    for (kind, name, cells) in rungs {
        let name = comfy_table::Cell::new_owned(format!("{} {name}", kind.mark()));
        let cells = cells.iter().map(|cell| {
            comfy_table::Cell::new_owned(cell_text(cell)).set_alignment(alignment(cell))
        });
        table.add_row(std::iter::once(name).chain(cells).collect::<Vec<_>>());
    }
    tidy(&mut table);
    trimmed(&table)
}

/// A plain table with its first row as header, for the summary of several runs; its last column is
/// the one that wraps.
pub(crate) fn summary_table(rows: Vec<Vec<String>>, right: &[usize], room: usize) -> String {
    let mut table = bare_table();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let content = |_| ColumnConstraint::ContentWidth;
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
    table.set_constraints((1..columns).map(content));
    for row in rows {
        table.add_row(row);
    }
    tidy(&mut table);
    for &index in right {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    trimmed(&table)
}

fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table
}

fn tidy(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn alignment(cell: &Cell) -> CellAlignment {
    match cell {
        Cell::Quantity(_) => CellAlignment::Right,
        Cell::Text(_) => CellAlignment::Left,
    }
}

fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Quantity(quantity) => quantity.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// The longest word of a header may not be broken, and a number neither.
fn least_width(header: &str, cell: &Cell) -> usize {
    let word = header.split(' ').map(letters).max().unwrap_or(0);
    let cell = match cell {
        Cell::Quantity(quantity) => letters(&quantity.to_string()),
        Cell::Text(text) => text.split(' ').map(letters).max().unwrap_or(0),
    };
    word.max(cell).max(7)
}

/// Takes from the widest column first until all fit, but from none below its least width.
fn shrink(widths: &mut [usize], least: &[usize], room: usize) {
    loop {
        let taken: usize = widths.iter().map(|width| width + GAP).sum();
        if taken <= room {
            return;
        }
        let widest = (0..widths.len())
            .filter(|&index| widths[index] > least[index])
            .max_by_key(|&index| widths[index] - least[index]);
        match widest {
            Some(index) => widths[index] -= 1,
            None => return,
        }
    }
}
