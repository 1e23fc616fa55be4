//! An export as an old CMS gives it away, made from a seed, and its import.

use std::fmt::Write as _;
use std::sync::Arc;

use auth::testing::SignedIn;
use diesel::prelude::*;
use evidence::{Failure, Quantity, Scale, Stage};
use foundation::scratch::{Scratch, number};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::of;
use crate::import::Report;

/// Old addresses that are looked at: pages, and those that only led on.
pub(super) const ADDRESSES: usize = 500;
/// Those that led on.
const MOVED: usize = 100;
/// Steps of the longest chain.
const CHAIN: usize = 5;

/// Rows that cannot be taken, each for its own reason.
const BAD: [(&str, &str); 8] = [
    ("not_a_date", "900001,/cms/bad/1,Bad,bad-1,garden,1.00,31/12/2019,published,,text"),
    ("not_a_price", "900002,/cms/bad/2,Bad,bad-2,garden,free,2019-12-31,published,,text"),
    ("duplicate_slug", "900003,/cms/bad/3,Bad,Page 1,garden,1.00,2019-12-31,published,,text"),
    ("outside", "900004,https://elsewhere.example/,Bad,bad-4,garden,1,2019-12-31,published,,text"),
    ("another_width", "900005,/cms/bad/5,too short"),
    ("redirect_loop", ",/cms/bad/6,,,,,,moved,/cms/bad/6,"),
    ("target_missing", ",/cms/bad/7,,,,,,moved,/cms/nowhere,"),
    ("empty", "900008,/cms/bad/8,,bad-8,garden,1.00,2019-12-31,published,,text"),
];

const HEADER: &str = "id,url,title,slug,category,price,published,status,redirect_to,body\r\n";
const CATEGORIES: [&str; 8] =
    ["garden", "kitchen", "tools", "office", "toys", "books", "music", "sports"];
const WORDS: [&str; 12] = [
    "steel", "oak", "handle", "robust", "light", "blue", "classic", "sturdy", "folding", "long",
    "compact", "spare",
];

/// What was imported, and where each old address has to lead.
pub(super) struct Imported {
    /// Old address and slug of its page.
    pub(super) addresses: Vec<(String, String)>,
    /// Each step of the rules as the old site had them.
    pub(super) rules: Vec<(String, String)>,
    /// Slugs of live pages.
    pub(super) live: Vec<String>,
}

/// Pages of the export.
pub(super) fn pages(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 600,
        Scale::Default => 5_000,
        Scale::Full => 48_000,
    }
}

/// Makes an export, imports it twice, and checks what became of it.
pub(super) fn import(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    owner: &SignedIn,
) -> Result<Imported, Failure> {
    let pages = usize::try_from(pages(stage.scale()))?;
    stage.step(format!("Import an export of {} pages, twice", Quantity::count(pages as u64)));
    let (csv, imported) = write(pages, stage.seed())?;
    let mut connection = scratch.connect()?;
    let first = crate::import::import(&mut connection, of(owner), csv.as_bytes())?;
    let rows = number(&mut connection, ROWS)?;
    let second = import_again(&mut connection, owner, &csv)?;
    check(stage, pages, &first, &second, rows == number(&mut connection, ROWS)?);
    Ok(imported)
}

const ROWS: &str = "SELECT sum(hashtext(page::text)) FROM catalogue_pages AS page";

fn import_again(
    connection: &mut PgConnection,
    owner: &SignedIn,
    csv: &str,
) -> Result<Report, Failure> {
    Ok(crate::import::import(connection, of(owner), csv.as_bytes())?)
}

fn check(stage: &Stage, pages: usize, first: &Report, second: &Report, same: bool) {
    let mut codes: Vec<&str> = first.refusals.iter().map(|one| one.code.as_str()).collect();
    let mut expected = BAD.map(|(code, _)| code);
    codes.sort_unstable();
    expected.sort_unstable();
    stage.measure(
        "refused-rows",
        "rows refused with a reason",
        Quantity::count(first.refused as u64),
    );
    stage.check(
        "every-bad-row-is-named",
        format!(
            "{} of {} rows are refused, each with row, column and reason; the rest is imported",
            first.refused, first.rows
        ),
        codes == expected && first.inserted == pages,
    );
    stage.check(
        "a-second-import-changes-nothing",
        format!("the same file again inserts {}, updates {}", second.inserted, second.updated),
        same && second.inserted == 0 && second.updated == 0 && second.addresses == 0,
    );
}

/// With a byte order mark, quotes, line breaks, two kinds of dates and of prices.
fn write(pages: usize, seed: u64) -> Result<(String, Imported), Failure> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut csv = format!("\u{feff}{HEADER}");
    let mut imported = Imported { addresses: Vec::new(), rules: Vec::new(), live: Vec::new() };
    for page in 1..=pages {
        let address = match page % 2 {
            0 => format!("/cms/item.php?id={page}"),
            _ => format!("/cms/{}/page-{page}.html", CATEGORIES[page % CATEGORIES.len()]),
        };
        let draft = page > ADDRESSES && page % 50 == 0;
        let day = if page % 3 == 0 { "31.03.2019" } else { "2019-03-31" };
        let (euros, cents) = (random.random_range(1..200), random.random_range(0..100));
        let price = if page % 4 == 0 {
            format!("\"{euros},{cents:02}\"")
        } else {
            format!("{euros}.{cents:02}")
        };
        let words: Vec<&str> =
            (0..40).map(|_| WORDS[random.random_range(0..WORDS.len())]).collect();
        writeln!(
            csv,
            "{page},{address},\"Page \"\"{page}\"\"\",Page {page},{},{price},{day},{},,\"{}\n{}\"\r",
            CATEGORIES[page % CATEGORIES.len()],
            if draft { "Draft" } else { "published" },
            words[..20].join(" "),
            words[20..].join(" "),
        )?;
        let slug = format!("page-{page}");
        if page <= ADDRESSES - MOVED {
            imported.rules.push((address.clone(), format!("/catalogue/{slug}")));
            imported.addresses.push((address, slug.clone()));
        }
        if !draft {
            imported.live.push(slug);
        }
    }
    write_moved(&mut csv, &mut imported)?;
    for (_, row) in BAD {
        writeln!(csv, "{row}\r")?;
    }
    Ok((csv, imported))
}

/// Chains: each address leads to the one before, the first of five to a page.
fn write_moved(csv: &mut String, imported: &mut Imported) -> Result<(), Failure> {
    for one in 0..MOVED {
        let (from, slug) = (format!("/cms/old/{one}"), format!("page-{}", 1 + one / CHAIN));
        let to = match one % CHAIN {
            0 => imported.addresses[one / CHAIN].0.clone(),
            _ => format!("/cms/old/{}", one - 1),
        };
        writeln!(csv, ",{from},,,,,,moved,{to},\r")?;
        imported.rules.push((from.clone(), to));
        imported.addresses.push((from, slug));
    }
    Ok(())
}
