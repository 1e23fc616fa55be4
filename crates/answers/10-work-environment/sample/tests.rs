use super::{Bill, Order};

fn total(quantity: u64, piece: u64) -> u64 {
    Bill::of(&Order { number: 1, quantity, piece }).total()
}

#[test]
fn a_small_order_pays_its_sum_and_shipping() {
    assert_eq!(total(2, 300), 600 + 490);
}

#[test]
fn ten_pieces_are_enough_for_the_discount() {
    assert_eq!(total(10, 1_000), 10_000 - 1_500);
}

#[test]
fn half_a_cent_of_discount_goes_to_the_customer() {
    assert_eq!(total(11, 1_010), 11_110 - 1_667);
}

#[test]
fn shipping_is_free_by_what_is_left_to_pay() {
    assert_eq!(total(12, 430), 5_160 - 774 + 490);
}
