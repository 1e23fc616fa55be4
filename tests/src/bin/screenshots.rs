//! `make screenshots`: the pictures of the study site that README and documentation show.
//!
//! Taken by the browser that the tests drive, from a backend of its own, so that they are made again
//! after every change of a page instead of being kept by hand.

use std::error::Error;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use end_to_end::browser::{Browser, Look, Site};
use serde_json::json;

/// All pictures together: every clone of the repository carries each version of them.
const MOST_BYTES: usize = 2_000_000;

/// Word in a picture's name, and the window.
const LOOKS: [(&str, Look); 2] = [("wide", Look::DESKTOP), ("phone", Look::PHONE)];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(program), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: screenshots BACKEND FOLDER".into());
    };
    let site = Site::of(&program).ok_or("pictures need Chromium and chromedriver")?;
    let place = tempfile::tempdir()?;
    let report = recorded_report(&program, place.path())?;
    take(&site, &report, Album { folder, pictures: Vec::new() }).keep()
}

/// The pictures taken so far.
struct Album {
    folder: PathBuf,
    pictures: Vec<(String, Vec<u8>)>,
}

impl Album {
    fn take(&mut self, name: &str, browser: &Browser) {
        browser.js("for (const image of document.images) image.loading = 'eager'");
        browser.wait("the charts", "[...document.images].every((image) => image.complete)");
        // Whatever a script marks as seen is marked within two frames.
        browser.js(
            "requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true; }))",
        );
        browser.wait("the last frame", "window.drawn");
        browser.devtools("Emulation.setScrollbarsHidden", &json!({"hidden": true}));
        self.pictures.push((format!("{name}.png"), browser.picture()));
    }

    /// Writes them, and removes pictures of earlier times.
    fn keep(self) -> Result<(), Box<dyn Error>> {
        let bytes: usize = self.pictures.iter().map(|(_, picture)| picture.len()).sum();
        if bytes > MOST_BYTES {
            return Err(format!("{bytes} bytes of pictures are more than {MOST_BYTES}").into());
        }
        fs::create_dir_all(&self.folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("png")) {
                fs::remove_file(path)?;
            }
        }
        for (name, picture) in &self.pictures {
            fs::write(self.folder.join(name), picture)?;
        }
        println!("{} pictures, {} kB", self.pictures.len(), bytes / 1000);
        Ok(())
    }
}

fn take(site: &Site, report: &str, mut album: Album) -> Album {
    for (width, look) in LOOKS {
        site.visit(look, |browser| {
            for (theme, look) in [("", look), ("-dark", look.dark())] {
                browser.set_look(look);
                browser.open("/answers/log-partitions");
                album.take(&format!("answer-{width}{theme}"), browser);
            }
            browser.set_look(look);
            run(browser);
            album.take(&format!("run-{width}"), browser);
            practise(browser);
            album.take(&format!("practice-{width}"), browser);
            flip(browser);
            album.take(&format!("interviewer-{width}"), browser);
            browser.open("/");
            if look == Look::DESKTOP {
                println!("first paint of the front page: {} ms", first_paint(browser));
            }
            album.take(&format!("index-{width}"), browser);
            browser.open(report);
            album.take(&format!("report-{width}"), browser);
        });
    }
    album
}

/// A demo that has just run, at its ladder.
fn run(browser: &Browser) {
    browser.open("/answers/log-partitions");
    browser.write("#predict .predict-card input", "300");
    browser.click("#run-start");
    browser.wait("the run", "document.querySelector('#demo[data-running]')");
    browser.wait_for("#live-ending .verdict.passed");
    browser.wait("the end", "!document.querySelector('#demo[data-running]')");
    show(browser, "#live .prediction");
}

/// A question while the clock runs, two points ticked.
fn practise(browser: &Browser) {
    browser.open("/practice/log-partitions");
    browser.click("#clock-start");
    browser.wait_for("#practice.speaking");
    for point in 0..2 {
        browser.js(&format!("document.querySelectorAll('[name=heard]')[{point}].click()"));
    }
}

/// What broke when the index was dropped.
fn flip(browser: &Browser) {
    browser.open("/interviewer/slow-query");
    browser.click("#index-dropped form.flip button.primary");
    // The pictures taken before may have left a result.
    browser.wait("the runs", "document.querySelector('#index-dropped[data-running]')");
    browser.wait("their end", "!document.querySelector('#index-dropped[data-running]')");
    browser.wait_for("#changed-index-dropped .expectation.held");
    show(browser, "#index-dropped");
}

fn show(browser: &Browser, selector: &str) {
    browser.js(&format!("document.querySelector({selector:?}).scrollIntoView({{block: 'start'}})"));
}

/// Milliseconds until something of the page was seen, the median of five.
fn first_paint(browser: &Browser) -> u64 {
    let mut times: Vec<u64> = (0..5)
        .filter_map(|_| {
            browser.open("/");
            let painted = "performance.getEntriesByName('first-contentful-paint')[0]";
            browser.wait("the first paint", painted);
            browser.js(&format!("return Math.round({painted}.startTime)")).as_u64()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// The address of a report of the recorded runs.
fn recorded_report(program: &Path, folder: &Path) -> Result<String, Box<dyn Error>> {
    let file = folder.join("report.html");
    let status =
        Command::new(program).args(["report", "--recorded", "--out"]).arg(&file).status()?;
    if !status.success() {
        return Err("the report was not written".into());
    }
    Ok(format!("file://{}", file.display()))
}
