//! A tiny shop in a temporary folder, with a history in which one change breaks it.

use std::fs;
use std::path::{Path, PathBuf};

use evidence::{Failure, Interrupt};
use tempfile::TempDir;

use crate::desk::Desk;

/// The shop's source, as its first release has it.
pub const SHOP: &str = include_str!("../sample/shop.rs");

/// The shop's files, by their place in it.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../sample/shop.toml")),
    ("src/lib.rs", SHOP),
    ("src/tests.rs", include_str!("../sample/tests.rs")),
    ("src/main.rs", include_str!("../sample/main.rs")),
    ("run.sh", include_str!("../sample/run.sh")),
    (".gitignore", "/target\n/Cargo.lock\n/orders.txt\n/currency.txt\n/receipts\n"),
];

/// A change of one line that compiles, that no lint objects to, and that bills wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What it is, in a few words.
    pub name: &'static str,
    /// The text that it replaces.
    pub from: &'static str,
    /// What it puts there.
    pub to: &'static str,
    /// The step of a bill that it falsifies; also the function that holds it.
    pub step: &'static str,
}

/// The defects that a seed chooses from.
pub const DEFECTS: [Defect; 3] = [
    Defect {
        name: "the discount begins one piece late",
        from: "order.quantity >= BULK_FROM",
        to: "order.quantity > BULK_FROM",
        step: "discount",
    },
    Defect {
        name: "the discount is rounded down",
        from: "(sum * BULK_PERCENT + 50) / 100",
        to: "sum * BULK_PERCENT / 100",
        step: "discount",
    },
    Defect {
        name: "free shipping counts what the discount took off",
        from: "bill.sum - bill.discount >= FREE_SHIPPING_FROM",
        to: "bill.sum >= FREE_SHIPPING_FROM",
        step: "shipping",
    },
];

/// A copy of the shop; its folder goes with it.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
    interrupt: Interrupt,
}

impl Project {
    /// Writes the shop, commits it, and does what its first run needs.
    ///
    /// # Errors
    /// When a file cannot be written or git refuses.
    pub fn create(interrupt: &Interrupt) -> Result<Self, Failure> {
        let project = Self { folder: tempfile::tempdir()?, interrupt: interrupt.clone() };
        fs::create_dir_all(project.path("src"))?;
        for (path, text) in FILES {
            fs::write(project.path(path), text)?;
        }
        fs::write(project.path("orders.example"), orders())?;
        project.desk().line("git init --quiet --template= --initial-branch=main")?.expected()?;
        project.commit("The shop opens")?;
        fs::write(project.path("orders.txt"), orders())?;
        fs::write(project.path("currency.txt"), "EUR\n")?;
        fs::create_dir(project.path("receipts"))?;
        Ok(project)
    }

    /// A place in the project's folder.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join("shop").join(path)
    }

    /// A place beside the project, for other clones and for logs.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A desk in the project with nothing counted yet.
    #[must_use]
    pub fn desk(&self) -> Desk {
        Desk::new(self.path(""), &self.interrupt)
    }

    /// A desk in a folder beside the project.
    #[must_use]
    pub fn desk_beside(&self, name: &str) -> Desk {
        Desk::new(self.beside(name), &self.interrupt)
    }

    /// Replaces `from`, which has to occur, in the shop's source.
    ///
    /// # Errors
    /// When it does not occur, or the file cannot be written.
    pub fn edit(&self, from: &str, to: &str) -> Result<(), Failure> {
        let path = self.path("src/lib.rs");
        let text = fs::read_to_string(&path)?;
        if !text.contains(from) {
            return Err(format!("the shop holds no `{from}`").into());
        }
        Ok(fs::write(path, text.replacen(from, to, 1))?)
    }

    /// Commits everything and tells the commit.
    ///
    /// # Errors
    /// When git refuses.
    pub fn commit(&self, message: &str) -> Result<String, Failure> {
        let mut desk = self.desk();
        desk.line("git add --all")?.expected()?;
        desk.run(&["git", "commit", "--quiet", "--message", message])?.expected()?;
        Ok(desk.line("git rev-parse HEAD")?.expected()?.trim().to_owned())
    }

    /// Goes to a commit and drops what was not committed.
    ///
    /// # Errors
    /// When git refuses.
    pub fn go_to(&self, commit: &str) -> Result<(), Failure> {
        let command = ["git", "checkout", "--quiet", "--force", "--detach", commit];
        self.desk().run(&command)?.expected().map(drop)
    }

    /// Writes a history of `releases` commits after the first and gives them all. Every second one
    /// changes code, the others only notes; `defect` hides in the change of the release named.
    ///
    /// # Errors
    /// When a file cannot be written or git refuses.
    pub fn history(
        &self,
        releases: usize,
        defect: Option<(usize, Defect)>,
    ) -> Result<Vec<String>, Failure> {
        let first = self.desk().line("git rev-parse HEAD")?.expected()?.trim().to_owned();
        let mut commits = vec![first];
        for release in 1..=releases {
            self.harmless_change(release)?;
            if let Some((_, defect)) = defect.filter(|(guilty, _)| *guilty == release) {
                self.edit(defect.from, defect.to)?;
            }
            commits.push(self.commit(&format!("Release {release}"))?);
        }
        Ok(commits)
    }

    /// What most changes are: something that has nothing to do with the defect.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn harmless_change(&self, number: usize) -> Result<(), Failure> {
        let (path, text) = if number.is_multiple_of(2) {
            let text = format!("\npub fn offer_{number}() -> u64 {{\n    {number}\n}}\n");
            ("src/lib.rs", text)
        } else {
            ("NOTES.md", format!("Release {number} changes nothing that is billed.\n"))
        };
        let before = fs::read_to_string(self.path(path)).unwrap_or_default();
        Ok(fs::write(self.path(path), before + &text)?)
    }
}

/// One day's orders: every quantity up to 16 at three prices, so each rule has cases on both sides.
fn orders() -> String {
    let pieces = [290, 430, 1_010];
    let orders = (1..=16).flat_map(|quantity| pieces.map(|piece| (quantity, piece)));
    let line = |(number, (quantity, piece))| format!("{} {quantity} {piece}\n", number + 1);
    orders.enumerate().map(line).collect()
}
