//! Signed KMS requests as the bytes that go over the wire. Knows the wire's form, and of KMS three principals; not
//! what an operation means.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use http::Method;
use sealroom_api::sigv4::{Credentials, sign};
use sealroom_foundation::Timestamp;

/// The accounts whose roots call: in dev mode an account's id is its root's access key id. Keys belong to the first.
pub(crate) const PRINCIPALS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
/// Dev mode's secret access key of every account.
const SECRET: &[u8] = b"test";
const REGION: &str = "us-east-1";

/// One call, not signed yet: a signature is good for five minutes.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Who calls: a place in [`PRINCIPALS`].
    pub(crate) principal: usize,
    /// `Encrypt`, …
    pub(crate) operation: &'static str,
    /// The JSON body.
    pub(crate) body: String,
}

impl Call {
    /// A call by the owner of the keys.
    pub(crate) fn by_owner(operation: &'static str, body: String) -> Self {
        Self { principal: 0, operation, body }
    }

    /// The whole request for the server at `address`, signed at `now`.
    pub(crate) fn signed(&self, address: SocketAddr, now: Timestamp) -> Result<Vec<u8>> {
        let request = http::Request::builder()
            .method(Method::POST)
            .uri("/")
            .header("host", address.to_string())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("TrentService.{}", self.operation))
            .body(())?;
        let access_key_id = PRINCIPALS.get(self.principal).copied().context("no such principal")?;
        let credentials = Credentials { access_key_id, secret_access_key: SECRET, session_token: None };
        let mut parts = request.into_parts().0;
        sign(&mut parts, self.body.as_bytes(), &credentials, REGION.parse()?, "kms", now)?;

        let mut bytes = b"POST / HTTP/1.1\r\n".to_vec();
        for (name, value) in &parts.headers {
            push_header(&mut bytes, name.as_str(), value.as_bytes());
        }
        push_header(&mut bytes, "user-agent", b"sealroom-bench");
        push_header(&mut bytes, "content-length", self.body.len().to_string().as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_bytes());
        Ok(bytes)
    }
}

fn push_header(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    for piece in [name.as_bytes(), b": ", value, b"\r\n"] {
        bytes.extend_from_slice(piece);
    }
}

/// Signs all of `calls` now.
pub(crate) fn signed(calls: &[Call], address: SocketAddr) -> Result<Vec<Vec<u8>>> {
    let now = wall_clock()?;
    calls.iter().map(|call| call.signed(address, now)).collect()
}

/// The time by the wall clock.
pub(crate) fn wall_clock() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros())?))
}

#[cfg(test)]
mod tests {
    use sealroom_api::sigv4::{Presented, Request, Rules, SigningKey};
    use sealroom_crypto::digest::sha256;

    use super::*;

    #[test]
    fn every_principal_signs_what_the_verifier_accepts() {
        let now = Timestamp::parse_iso_basic("20260102T030405Z").unwrap();
        for (principal, account) in PRINCIPALS.iter().enumerate() {
            let call = Call { principal, operation: "Encrypt", body: r#"{"KeyId":"k"}"#.into() };
            let bytes = call.signed("127.0.0.1:4566".parse().unwrap(), now).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(body, call.body);
            let mut builder = http::Request::builder().method("POST").uri("/");
            for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
                builder = builder.header(name, value);
            }
            let parts = builder.body(()).unwrap().into_parts().0;
            assert_eq!(parts.headers["content-length"], body.len().to_string());
            let request = Request::from(&parts);
            let presented = Presented::read(&request, &Rules::KMS, now).unwrap();
            assert_eq!(presented.access_key_id(), *account);
            let key = SigningKey::derive(SECRET, presented.date(), REGION, "kms");
            presented.verify(&request, &sha256(body.as_bytes()), &key, &mut Vec::new()).unwrap();
        }
    }
}
