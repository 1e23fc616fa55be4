//! What the process itself uses: memory, threads and descriptors, as Linux tells.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Error, IntGauge};

/// Read when somebody asks, instead of by a timer: between two scrapes nobody would see it.
///
/// Under the names that Prometheus gives these for every language, and by two files of `/proc`: its
/// own collector wants a whole library for the same.
pub(crate) struct ProcessMetrics {
    resident: IntGauge,
    threads: IntGauge,
    open: IntGauge,
    most: IntGauge,
}

impl ProcessMetrics {
    /// None where there is no `/proc`, such as on macOS.
    ///
    /// # Errors
    /// Never: the names are valid.
    pub(crate) fn new() -> Result<Option<Self>, Error> {
        if fs::metadata("/proc/self/status").is_err() {
            return Ok(None);
        }
        let gauge = IntGauge::new;
        Ok(Some(Self {
            resident: gauge("process_resident_memory_bytes", "Memory in use, without swap")?,
            threads: gauge("process_threads", "Threads")?,
            open: gauge("process_open_fds", "Files, sockets and pipes that are open")?,
            most: gauge("process_max_fds", "As many may be open")?,
        }))
    }

    fn all(&self) -> [&IntGauge; 4] {
        [&self.resident, &self.threads, &self.open, &self.most]
    }
}

impl Collector for ProcessMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.all().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        self.resident.set(number(&status, "VmRSS:").saturating_mul(1_024));
        self.threads.set(number(&status, "Threads:"));
        self.most.set(number(&limits, "Max open files"));
        self.open.set(open_descriptors());
        self.all().into_iter().flat_map(Collector::collect).collect()
    }
}

/// The first number after `name`, 0 when it is not there or has no end.
fn number(text: &str, name: &str) -> i64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Linux 6.2 and later tell the count as the folder's size; earlier ones make us count ten thousand
/// names, at the worst, on a thread that serves.
fn open_descriptors() -> i64 {
    let told = fs::metadata("/proc/self/fd").map_or(0, |folder| folder.len());
    let count = if told > 0 { told } else { counted() };
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn counted() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |names| names.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_after_its_name_and_an_endless_limit_reads_zero() {
        let status = "Name:\tbackend\nVmRSS:\t   51200 kB\nThreads:\t19\n";
        assert_eq!(number(status, "VmRSS:"), 51_200);
        assert_eq!(number(status, "Threads:"), 19);
        assert_eq!(number(status, "VmSwap:"), 0);
        let limits = "Max open files            1024                 524288               files\n";
        assert_eq!(number(limits, "Max open files"), 1_024);
        assert_eq!(number("Max open files  unlimited  unlimited  files", "Max open files"), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_open_file_is_counted() {
        let before = counted();
        let _file = fs::File::open("/proc/self/status").unwrap();
        assert!(counted() > 0 && before > 0 && open_descriptors() > 0);
    }
}
