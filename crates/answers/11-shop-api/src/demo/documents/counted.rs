//! A catalogue, and what its questions move.

use std::cell::Cell;

use error_handling::Problem;

use crate::catalogue::Catalogue;
use crate::model::{Product, Sku};

/// Documents of one page.
const PAGE: u16 = 100;

/// A catalogue that notes what crosses the wire.
pub(super) struct Counted<C> {
    catalogue: C,
    calls: Cell<u64>,
    documents: Cell<u64>,
}

/// Calls and documents of one question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) calls: u64,
    pub(super) documents: u64,
}

impl<C: Catalogue> Counted<C> {
    pub(super) fn new(catalogue: C) -> Self {
        Self { catalogue, calls: Cell::new(0), documents: Cell::new(0) }
    }

    fn note(&self, documents: usize) {
        self.calls.set(self.calls.get() + 1);
        self.documents.set(self.documents.get() + documents as u64);
    }

    pub(super) fn taken(&self) -> Moved {
        Moved { calls: self.calls.take(), documents: self.documents.take() }
    }

    pub(super) async fn find(&self, sku: &Sku) -> Result<Option<Product>, Problem> {
        let found = self.catalogue.find(sku).await?;
        self.note(usize::from(found.is_some()));
        Ok(found)
    }

    pub(super) async fn page(&self, after: Option<&Sku>) -> Result<Vec<Product>, Problem> {
        let page = self.catalogue.page(after, PAGE).await?;
        self.note(page.len());
        Ok(page)
    }

    pub(super) async fn put(&self, products: Vec<Product>) -> Result<(), Problem> {
        self.note(products.len());
        self.catalogue.put(products).await
    }

    /// Whatever answers a question that the store itself cannot answer: every document, looked at.
    pub(super) async fn scan(&self, mut look: impl FnMut(Product)) -> Result<(), Problem> {
        let mut last = None;
        loop {
            let page = self.page(last.as_ref()).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.sku.clone());
            page.into_iter().for_each(&mut look);
        }
    }
}
