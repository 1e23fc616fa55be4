//! Several holders of one PostgreSQL: threads, processes, and processes that are killed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::thread;

use local_services::{Postgres, Purpose, stop};
use support::{Project, ask, eventually, is_alive};

#[test]
fn a_second_holder_attaches_and_the_first_ones_drop_does_not_stop_it() {
    let project = Project::new();
    let first = project.postgres();
    let second = project.postgres();
    assert!(first.started_here() && !second.started_here());
    assert_eq!(first.pid(), second.pid());

    drop(first);

    assert_eq!(ask(&second, "select 1"), "1");
}

#[test]
fn the_last_one_out_stops_it() {
    let project = Project::new();
    let (first, second) = (project.postgres(), project.postgres());
    let pid = first.pid();

    drop(second);
    assert!(is_alive(pid));
    drop(first);

    assert!(!is_alive(pid));
}

#[test]
fn purposes_do_not_share_a_server() {
    let project = Project::new();
    let test = project.postgres();
    let demo = Postgres::acquire(project.path(), Purpose::Demo).unwrap();

    assert!(demo.started_here());
    assert_ne!(test.pid(), demo.pid());
    assert_ne!(test.data_dir(), demo.data_dir());
}

#[test]
fn holders_that_arrive_together_share_one_server() {
    let project = Project::new();
    let holders: Vec<Postgres> = thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| project.postgres())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    assert_eq!(holders.iter().filter(|holder| holder.started_here()).count(), 1);
    assert!(holders.iter().all(|holder| holder.pid() == holders[0].pid()));
}

#[test]
fn whoever_arrives_while_it_stops_gets_a_server_that_works() {
    let project = Project::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..6 {
                    assert_eq!(ask(&project.postgres(), "select 1"), "1");
                }
            });
        }
    });
}

#[test]
fn another_process_attaches_and_keeps_it_running() {
    let project = Project::new();
    let first = project.postgres();
    let pid = first.pid();
    let holder = project.holder();

    drop(first);
    assert!(is_alive(pid), "the other process still holds it");
    holder.finish();

    assert!(!is_alive(pid));
}

#[test]
fn a_holder_killed_with_9_leaves_nothing_running() {
    let project = Project::new();
    let holder = project.holder();
    let observer = project.postgres();
    let pid = observer.pid();
    assert!(!observer.started_here());
    drop(observer);
    assert!(is_alive(pid));

    holder.kill();

    eventually("the server stops", || !is_alive(pid));
}

#[test]
fn a_holder_killed_with_9_does_not_take_the_server_from_others() {
    let project = Project::new();
    let holder = project.holder();
    let survivor = project.postgres();
    assert!(!survivor.started_here());

    holder.kill();
    let running = || local_services::status(project.path()).unwrap();
    eventually("the dead holder is off the list", || running()[0].holders == 1);

    assert_eq!(ask(&survivor, "select 1"), "1");
}

#[test]
fn a_server_that_died_is_replaced_for_the_next_holder() {
    let project = Project::new();
    let first = project.postgres();
    local_services::send_signal(first.pid(), local_services::Signal::Kill).unwrap();
    eventually("the server dies", || !is_alive(first.pid()));

    let second = project.postgres();

    assert!(second.started_here());
    drop(first);
    assert_eq!(ask(&second, "select 1"), "1", "the first holder's guardian leaves it alone");
}

#[test]
fn stop_stops_it_although_somebody_holds_it_and_the_next_one_starts_it_again() {
    let project = Project::new();
    let first = project.postgres();

    assert_eq!(stop(project.path(), Purpose::Test).unwrap(), 1);

    assert!(!is_alive(first.pid()));
    let second = project.postgres();
    assert!(second.started_here());
    drop(first);
    assert_eq!(ask(&second, "select 1"), "1");
}
