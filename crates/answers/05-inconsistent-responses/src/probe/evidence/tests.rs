use super::super::headers::Headers;
use super::{Bisection, Evidence, Sighting};

const INSTANCE: &str = "x-instance";

/// Bisects responses given as (variant, instance, release, age), in the order of their requests.
fn evidence(responses: &[(usize, &str, &str, &str)]) -> Vec<Evidence> {
    let mut headers = Headers::default();
    let seen: Vec<_> = responses
        .iter()
        .map(|(_, instance, release, age)| {
            let named = [(INSTANCE, instance), ("x-release", release), ("age", age)];
            headers.see(&named.map(|(name, value)| (name.to_owned(), (*value).to_owned())))
        })
        .collect();
    let sightings: Vec<Sighting<'_>> = (1..)
        .zip(responses)
        .zip(&seen)
        .map(|((place, (variant, ..)), headers)| Sighting { place, variant: *variant, headers })
        .collect();
    let variants = responses.iter().map(|(variant, ..)| variant + 1).max().unwrap();
    Bisection { headers: &headers, instance: INSTANCE, concurrency: 1 }
        .evidence(&sightings, variants)
}

fn header(name: &str, values: [&str; 2]) -> Evidence {
    Evidence::Header { name: name.to_owned(), values: values.map(str::to_owned).to_vec() }
}

#[test]
fn a_header_separates_when_none_of_its_values_came_with_two_variants() {
    let turn = [(0, "a", "1.5.0", "0"), (1, "b", "1.4.0", "0")];
    let both = [header(INSTANCE, ["a", "b"]), header("x-release", ["1.5.0", "1.4.0"])];
    assert_eq!(evidence(&turn.repeat(8)), both);
}

#[test]
fn ages_separate_by_range_also_when_they_are_many() {
    let mut turn = Vec::new();
    let ages = ["0", "1", "240", "241"].repeat(6);
    for (index, age) in ages.into_iter().enumerate() {
        turn.push((usize::from(age.len() == 3), ["a", "b"][index / 2 % 2], "1", age));
    }
    let found = evidence(&turn);
    assert!(found.contains(&header("age", ["0 to 1", "240 to 241"])), "{found:?}");
}

#[test]
fn one_change_everywhere_is_told_by_its_request() {
    let mut responses = [(0, "a", "1", "0"), (0, "b", "1", "0")].repeat(8);
    responses.extend([(1, "a", "1", "0"), (1, "b", "1", "0")].repeat(8));
    assert_eq!(evidence(&responses), [Evidence::Time { from_response: 17 }]);
}

#[test]
fn a_change_on_one_instance_alone_is_told_with_the_instance() {
    let mut responses = [(1, "a", "1", "0"), (0, "b", "1", "0")].repeat(8);
    responses.extend([(0, "a", "1", "0"), (0, "b", "1", "0")].repeat(8));
    let values = vec!["a".to_owned()];
    let found = [
        Evidence::Confined { variant: 1, name: INSTANCE.to_owned(), values },
        Evidence::TimeWithin { instance: "a".to_owned(), from_response: 17 },
    ];
    assert_eq!(evidence(&responses), found);
}

#[test]
fn what_is_mixed_is_separated_by_nothing() {
    let turn = [(0, "a", "1", "0"), (1, "a", "1", "0"), (0, "b", "1", "0"), (1, "b", "1", "0")];
    assert_eq!(evidence(&turn.repeat(8)), []);
}

#[test]
fn a_header_that_is_new_each_time_proves_nothing() {
    let numbers: Vec<String> = (0..32).map(|number: u32| number.to_string()).collect();
    let responses: Vec<_> = numbers
        .iter()
        .enumerate()
        .map(|(index, number)| (index % 2, "a", number.as_str(), "0"))
        .collect();
    assert_eq!(evidence(&responses), []);
}

#[test]
fn a_few_responses_from_one_instance_prove_nothing() {
    let mut responses = [(0, "a", "1", "0"), (0, "b", "1", "0")].repeat(20);
    for place in [10, 20, 30] {
        responses[place].0 = 1;
    }
    assert_eq!(evidence(&responses), []);
}
