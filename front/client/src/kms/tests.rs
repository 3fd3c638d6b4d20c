//! Which texts are key ARNs, and which keys are allowed. The calls are tested against a server in the black-box suite.

use super::*;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn a_key_arn_is_taken_apart() {
    let key: KmsKeyArn = KEY.parse().unwrap();
    assert_eq!((key.as_str(), key.to_string().as_str()), (KEY, KEY));
    assert_eq!((key.region().as_str(), key.account().as_str()), ("eu-central-1", "111122223333"));
    assert!(KEY.replace("key/", "key/mrk-").parse::<KmsKeyArn>().is_ok());
}

#[test]
fn what_is_no_key_arn_is_refused() {
    let wrong = [
        String::new(),
        "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
        "alias/files".to_owned(),
        KEY.replace("key/", "alias/"),
        KEY.replace("key/", "key/a/"),
        KEY.replace(":kms:", ":s3:"),
        KEY.replace("eu-central-1", ""),
        KEY.replace("111122223333", "1111"),
        format!("{KEY}\u{1b}[2J"),
        format!("{KEY} "),
    ];
    for text in wrong {
        assert_eq!(text.parse::<KmsKeyArn>(), Err(NoKeyArn(text.clone())), "{text}");
    }
}

#[test]
fn only_what_was_allowed_is_allowed() {
    let key: KmsKeyArn = KEY.parse().unwrap();
    let accounts = |partition: &str, accounts: &[&str]| AllowedKeys::Accounts {
        partition: partition.to_owned(),
        accounts: accounts.iter().map(|account| account.parse().unwrap()).collect(),
    };
    let keys = |keys: &[String]| AllowedKeys::Keys(keys.iter().map(|key| key.parse().unwrap()).collect());
    let rows = [
        (keys(&[]), false),
        (keys(&[KEY.replace("90ab", "90ac")]), false),
        (keys(&[KEY.replace("eu-central-1", "us-east-1")]), false),
        (keys(&[KEY.replace("90ab", "90ac"), KEY.to_owned()]), true),
        (accounts("aws", &[]), false),
        (accounts("aws", &["111122223334"]), false),
        (accounts("aws-cn", &["111122223333"]), false),
        (accounts("aws", &["111122223334", "111122223333"]), true),
    ];
    for (allowed, wanted) in rows {
        assert_eq!(allowed.allows(&key), wanted, "{allowed:?}");
    }
}
