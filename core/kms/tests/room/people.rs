//! Users of the house's accounts, made by IAM as an administrator makes them.

use sealroom_api::iam::{self, IamService as _};
use sealroom_api::sigv4::{self, Credentials, Rules};
use sealroom_crypto::digest::sha256;
use sealroom_foundation::Secret;
use sealroom_identity::{Call, Unauthenticated};
use serde_json::{Value, json};

use crate::house::{HERE, House};

/// A user and its access key.
pub(crate) struct User {
    account: &'static str,
    pub(crate) name: &'static str,
    pub(crate) arn: String,
    key: String,
    secret: Secret<[u8]>,
}

impl House {
    /// A new user of `account`, without policies.
    pub(crate) async fn user(&self, account: &'static str, name: &'static str) -> User {
        let (iam, call) = (self.iam(), self.call(account).await);
        let input = iam::CreateUserInput { user_name: name.to_owned(), ..iam::CreateUserInput::default() };
        let arn = iam.create_user(&call, &input).await.unwrap().user.unwrap().arn;
        let input = iam::CreateAccessKeyInput { user_name: Some(name.to_owned()) };
        let made = iam.create_access_key(&call, &input).await.unwrap().access_key;
        User { account, name, arn, key: made.access_key_id, secret: made.secret_access_key }
    }

    /// Gives a user this inline policy instead of the one that it has; none, without statements.
    pub(crate) async fn set_user_policy(&self, user: &User, statements: &[Value]) {
        let (iam, call) = (self.iam(), self.call(user.account).await);
        let (user_name, policy_name) = (user.name.to_owned(), "own".to_owned());
        if statements.is_empty() {
            let input = iam::DeleteUserPolicyInput { user_name, policy_name };
            iam.delete_user_policy(&call, &input).await.ok();
            return;
        }
        let policy_document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let input = iam::PutUserPolicyInput { user_name, policy_name, policy_document };
        iam.put_user_policy(&call, &input).await.unwrap();
    }

    /// A call that the user signed.
    pub(crate) async fn call_of_user(&self, user: &User) -> Call {
        let mut parts = http::Request::post("/").header("host", "localhost").body(()).unwrap().into_parts().0;
        let credentials =
            Credentials { access_key_id: &user.key, secret_access_key: user.secret.expose(), session_token: None };
        sigv4::sign(&mut parts, b"{}", &credentials, HERE.parse().unwrap(), "kms", self.wall()).unwrap();
        let request = sigv4::Request::from(&parts);
        let unauthenticated = Unauthenticated { request, body_sha256: &sha256(b"{}"), rules: Rules::KMS };
        let caller = self.identity().authenticate(&unauthenticated).await.unwrap().caller;
        self.call_of(caller, HERE)
    }
}
