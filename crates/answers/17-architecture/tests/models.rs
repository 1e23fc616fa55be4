//! The same orders as tables and as documents.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use architecture::models::{LINES, MODELS, Model, PRODUCTS};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use foundation::scratch::{Scratch, number};
use local_services::Purpose;

const ORDERS: u64 = 200;

fn made(scratch: &Scratch, model: &Model) -> PgConnection {
    let mut connection = scratch.connect().unwrap();
    let place = format!("CREATE SCHEMA {0}; SET search_path = {0}", model.schema);
    connection.batch_execute(&place).unwrap();
    connection.batch_execute(&model.tables(ORDERS)).unwrap();
    connection
}

fn execute(connection: &mut PgConnection, statement: &str) -> QueryResult<usize> {
    diesel::sql_query(statement).execute(connection)
}

#[test]
fn a_rename_is_one_row_in_tables_and_one_for_each_order_in_copies() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let with_it = ORDERS * LINES / PRODUCTS;
    for (model, expected) in MODELS.iter().zip([with_it + 1, 1, 1, with_it + 1]) {
        let mut connection = made(&scratch, model);
        assert!(number(&mut connection, model.old_names).unwrap() > 0, "{}", model.name);
        let written = model.rename.iter().map(|one| execute(&mut connection, one).unwrap() as u64);
        assert_eq!(written.sum::<u64>(), expected, "{}", model.name);
        assert_eq!(number(&mut connection, model.old_names).unwrap(), 0, "{}", model.name);
    }
}

#[test]
fn tables_refuse_what_leaves_an_order_without_its_product_and_documents_do_not() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    for (model, refuses) in MODELS.iter().zip([false, false, true, true]) {
        let mut connection = made(&scratch, model);
        assert_eq!(number(&mut connection, model.orphans).unwrap(), 0, "{}", model.name);
        for statement in [model.delete, model.place_unknown] {
            let outcome = execute(&mut connection, statement);
            let refused = matches!(
                outcome,
                Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
            );
            assert_eq!(refused, refuses, "{}: {outcome:?}", model.name);
        }
        let orphans = number(&mut connection, model.orphans).unwrap();
        assert_eq!(orphans > 0, !refuses, "{}: {orphans} orphans", model.name);
    }
}

#[test]
fn every_model_reads_the_same_five_products() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    for model in &MODELS {
        let mut connection = made(&scratch, model);
        let last = model.read.last().unwrap();
        let names = format!(
            "SELECT count(DISTINCT found) FROM ({last}) AS row, regexp_matches(to_jsonb(row)::text, \
             'product (?:8|21|34|47|60)\\M', 'g') AS found"
        );
        assert_eq!(number(&mut connection, &names).unwrap(), LINES, "{}", model.name);
    }
}
