//! Accounts: made, found, listed, and by whom.

use std::collections::BTreeSet;

use sealroom_api::error::ErrorAnswer;
use sealroom_api::operator::{CreateAccountInput, ListAccountsInput};

use crate::Mode;
use crate::testing::{House, Signed};

pub(super) fn named(id: Option<&str>, name: &str) -> CreateAccountInput {
    CreateAccountInput { account_id: id.map(str::to_owned), name: Some(name.to_owned()) }
}

pub(super) fn code(refused: Result<impl Sized, ErrorAnswer>) -> String {
    refused.err().map(|error| error.code.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn two_makers_of_one_account_do_not_both_win() {
    let house = House::new(Mode::Production).await;
    let cx = house.operator_call();
    let input = named(Some("111122223333"), "Payments");
    let (_, first) = house.identity.new_account(&cx, &input).await.unwrap();
    let (_, second) = house.identity.new_account(&cx, &input).await.unwrap();
    house.store.commit(first).await.unwrap();
    assert_eq!(house.store.commit(second).await.unwrap(), sealroom_store::Committed::Conflict);
}

#[tokio::test]
async fn accounts_exist_once_made_and_in_dev_mode_once_named() {
    let (house, dev) = (House::new(Mode::Production).await, House::new(Mode::Dev).await);
    let account = "111122223333".parse().unwrap();
    assert!(!house.identity.account_exists(account).await.unwrap());
    let (_, batch) =
        house.identity.new_account(&house.operator_call(), &named(Some("111122223333"), "a")).await.unwrap();
    house.store.commit(batch).await.unwrap();
    assert!(house.identity.account_exists(account).await.unwrap());
    assert!(dev.identity.account_exists(account).await.unwrap());
}

#[tokio::test]
async fn accounts_are_listed_page_by_page_each_once() {
    let house = House::new(Mode::Production).await;
    let cx = house.operator_call();
    let mut made = BTreeSet::new();
    for number in 0..7 {
        let (output, batch) = house.identity.new_account(&cx, &named(None, &format!("a{number}"))).await.unwrap();
        house.store.commit(batch).await.unwrap();
        made.insert(output.account.account_id);
    }
    assert_eq!(made.len(), 7, "seven different random ids");
    let (mut listed, mut pages, mut marker) = (Vec::new(), 0, None);
    loop {
        let page = house.identity.page(&cx, &ListAccountsInput { limit: Some(3), marker }).await.unwrap();
        assert_eq!(page.truncated, page.next_marker.is_some());
        listed.extend(page.accounts.into_iter().map(|account| account.account_id));
        pages += 1;
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((pages, listed), (3, made.into_iter().collect::<Vec<_>>()));
}

#[tokio::test]
async fn a_marker_is_good_for_a_day_and_only_as_it_was_given() {
    let house = House::new(Mode::Production).await;
    for number in 0..2 {
        let input = named(None, &format!("a{number}"));
        let (_, batch) = house.identity.new_account(&house.operator_call(), &input).await.unwrap();
        house.store.commit(batch).await.unwrap();
    }
    let ask = |marker: Option<String>| {
        let (identity, cx) = (house.identity.clone(), house.operator_call());
        async move { identity.page(&cx, &ListAccountsInput { limit: Some(1), marker }).await }
    };
    let marker = ask(None).await.unwrap().next_marker.unwrap();
    let mut damaged = marker.clone();
    let last = if damaged.pop() == Some('A') { 'B' } else { 'A' };
    damaged.insert(0, last);
    for wrong in ["x", "111122223333", damaged.as_str()] {
        assert_eq!(code(ask(Some(wrong.to_owned())).await), "InvalidMarkerException", "{wrong}");
    }
    house.clock.advance(24 * 3_600 - 1);
    assert!(ask(Some(marker.clone())).await.is_ok());
    house.clock.advance(1);
    assert_eq!(code(ask(Some(marker)).await), "InvalidMarkerException");
}

#[tokio::test]
async fn the_operators_operations_are_closed_to_everybody_else() {
    let house = House::new(Mode::Dev).await;
    let caller = house.authenticate(&Signed::with("test", b"test")).await.unwrap().caller;
    let cx = house.call(caller);
    assert_eq!(code(house.identity.new_account(&cx, &named(None, "a")).await), "AccessDeniedException");
    assert_eq!(code(house.identity.page(&cx, &ListAccountsInput::default()).await), "AccessDeniedException");
}
