//! What a caller is and shows.

use crate::testing::{House, Signed};
use crate::{Mode, Service};

#[tokio::test]
async fn the_root_user_is_shown_as_cloudtrail_shows_it() {
    let house = House::new(Mode::Dev).await;
    let caller = house.authenticate(&Signed::with("111122223333", b"test")).await.unwrap().caller;
    assert_eq!(
        *caller.user_identity_json(),
        *r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"111122223333"}"#
    );
    assert_eq!(
        *caller.user_identity_elsewhere_json(),
        *r#"{"type":"AWSAccount","principalId":"111122223333","accountId":"111122223333"}"#
    );
    assert!(!caller.is_operator() && !caller.is_service());
    assert_eq!(caller.user_id(), "111122223333");
}

#[tokio::test]
async fn a_hop_is_added_and_leaves_the_caller_who_it_was() {
    let house = House::new(Mode::Dev).await;
    let caller = house.authenticate(&Signed::with("test", b"test")).await.unwrap().caller;
    assert_eq!(caller.via(), []);
    let far = caller.through(Service::Rds).through(Service::S3);
    assert_eq!(far.via(), [Service::Rds, Service::S3]);
    assert_eq!(far.arn(), caller.arn());
    let json = far.user_identity_json();
    assert!(json.ends_with(r#""accessKeyId":"test","invokedBy":"s3.amazonaws.com"}"#), "{json}");
    assert!(!caller.user_identity_json().contains("invokedBy"));
    assert_eq!(Service::S3.endpoint("eu-west-1".parse().unwrap()), "s3.eu-west-1.amazonaws.com");
}

#[tokio::test]
async fn a_call_through_a_service_comes_from_that_service() {
    let house = House::new(Mode::Dev).await;
    let caller = house.authenticate(&Signed::with("test", b"test")).await.unwrap().caller;
    let call = house.call(caller);
    assert_eq!(call.event_context().origin, sealroom_audit::Origin::Address(call.request().source_ip));
    let through = call.through(Service::S3);
    assert_eq!(through.event_context().origin, sealroom_audit::Origin::Service("s3.amazonaws.com"));
    assert_eq!(&*through.event_context().user_agent, "s3.amazonaws.com");
    assert_eq!(through.request().id, call.request().id);
    assert_eq!(through.caller().account(), call.caller().account());
}

#[tokio::test]
async fn a_service_by_itself_acts_in_the_resources_account() {
    let house = House::new(Mode::Production).await;
    let s3 = house.identity.service(Service::S3);
    let caller = s3.caller_for("arn:aws:kms:us-east-1:111122223333:key/k").unwrap();
    assert_eq!(caller.account().as_str(), "111122223333");
    assert_eq!(caller.arn(), "s3.amazonaws.com");
    assert!(caller.is_service() && !caller.is_root() && !caller.is_operator());
    assert_eq!(*caller.user_identity_json(), *r#"{"type":"AWSService","invokedBy":"s3.amazonaws.com"}"#);
    assert_eq!(caller.through(Service::Kms).user_identity_json(), caller.user_identity_json());
    for no_account in ["arn:aws:s3:::bucket", "bucket", "arn:aws:kms:us-east-1:platform:key/k"] {
        assert!(s3.caller_for(no_account).is_none(), "{no_account}");
    }
}

#[tokio::test]
async fn the_operator_is_the_operator_only_when_nobody_stands_between() {
    let house = House::new(Mode::Production).await;
    let operator = house.identity.operator_caller();
    assert!(operator.is_operator() && !operator.is_root());
    assert!(operator.account().is_platform());
    assert!(!operator.through(Service::S3).is_operator());
}
