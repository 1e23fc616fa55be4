//! Turns the findings of the `validator` crate into pointers a client can use.

use std::borrow::Cow;

use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::{InvalidField, Problem};

/// Checks a value that arrived in a body.
///
/// # Errors
/// 422 with one entry for each refused member.
pub fn validated<T: Validate>(value: T) -> Result<T, Problem> {
    match value.validate() {
        Ok(()) => Ok(value),
        Err(errors) => {
            let mut fields = Vec::new();
            collect(&errors, "", &mut fields);
            Err(Problem::invalid(fields))
        }
    }
}

/// Depth-first, so that the pointers come out in the order of the document's nesting.
fn collect(errors: &ValidationErrors, prefix: &str, fields: &mut Vec<InvalidField>) {
    for (member, kind) in errors.errors() {
        let pointer = format!("{prefix}/{member}");
        match kind {
            ValidationErrorsKind::Field(findings) => {
                let field = |finding: &ValidationError| {
                    let detail = finding.message.clone().unwrap_or(Cow::from("Not acceptable."));
                    InvalidField::body(&pointer, finding.code.clone(), detail)
                };
                fields.extend(findings.iter().map(field));
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, &pointer, fields),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{pointer}/{index}"), fields);
                }
            }
        }
    }
}
