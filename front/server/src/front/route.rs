//! Which service a request is for, by its head alone. Unsigned requests take the same road as signed ones.
//!
//! `/_sealroom/` is ours; then the prefix of `X-Amz-Target`, which names a JSON service beyond doubt; then the service
//! in the credential's scope; then a form, which only the query services take (`docs/decisions/0004`).

use http::request::Parts;
use http::{HeaderMap, header};
use sealroom_api::{iam, kms, sts};

/// What is below this path belongs to the program itself.
const OWN: &str = "/_sealroom/";

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// To the key service.
    Kms,
    /// To the service of users, groups, roles and policies.
    Iam,
    /// To the security token service.
    Sts,
    /// To the program itself.
    Own,
    /// To nobody who is here.
    Nowhere,
}

/// Finds the service.
pub(super) fn route(head: &Parts) -> Route {
    if head.uri.path().starts_with(OWN) {
        return Route::Own;
    }
    let query = head.uri.query().unwrap_or_default();
    by_target(&head.headers)
        .or_else(|| by_scope(&head.headers, query))
        .or_else(|| is_query(head, query).then_some(Route::Sts))
        .unwrap_or(Route::Nowhere)
}

fn by_target(headers: &HeaderMap) -> Option<Route> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    let (prefix, _) = target.split_once('.')?;
    (prefix == kms::operations::TARGET).then_some(Route::Kms)
}

fn by_scope(headers: &HeaderMap, query: &str) -> Option<Route> {
    let in_header = || scope_of(headers.get(header::AUTHORIZATION)?.to_str().ok()?, "Credential=", "/");
    let in_query = || {
        let value = "X-Amz-Credential=";
        scope_of(query, value, "%2F").or_else(|| scope_of(query, value, "%2f")).or_else(|| scope_of(query, value, "/"))
    };
    match in_header().or_else(in_query)? {
        kms::operations::SIGNING_NAME => Some(Route::Kms),
        iam::operations::SIGNING_NAME => Some(Route::Iam),
        sts::operations::SIGNING_NAME => Some(Route::Sts),
        _ => Some(Route::Nowhere),
    }
}

/// The fourth element of the credential that follows `name`.
fn scope_of<'a>(text: &'a str, name: &str, slash: &str) -> Option<&'a str> {
    let (_, credential) = text.split_once(name)?;
    let credential = credential.split([',', '&', ' ']).next()?;
    credential.split(slash).nth(3)
}

/// Whether it has the form of the query protocol: a form in the body, or an `Action` in the query.
fn is_query(head: &Parts, query: &str) -> bool {
    let form = head
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    form || query.split('&').any(|piece| piece.starts_with("Action="))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const KMS_SCOPE: &str = "AWS4-HMAC-SHA256 Credential=test/20260912/us-east-1/kms/aws4_request, SignedHeaders=host";
    const STS_SCOPE: &str = "AWS4-HMAC-SHA256 Credential=test/20260912/us-east-1/sts/aws4_request, SignedHeaders=host";
    const IAM_SCOPE: &str = "AWS4-HMAC-SHA256 Credential=test/20260912/us-east-1/iam/aws4_request, SignedHeaders=host";
    const S3_SCOPE: &str = "AWS4-HMAC-SHA256 Credential=test/20260912/us-east-1/s3/aws4_request, SignedHeaders=host";
    const TARGET: (&str, &str) = ("x-amz-target", "TrentService.Encrypt");
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

    #[test]
    fn requests_go_where_they_should() {
        let rows: [(&str, &[(&str, &str)], Route); 17] = [
            ("/", &[TARGET, ("authorization", KMS_SCOPE)], Route::Kms),
            ("/", &[TARGET], Route::Kms),
            ("/", &[TARGET, ("authorization", STS_SCOPE)], Route::Kms),
            ("/", &[("x-amz-target", "TrentService.NoSuch")], Route::Kms),
            ("/", &[("x-amz-target", "Nobody.Encrypt")], Route::Nowhere),
            ("/", &[("x-amz-target", "Encrypt"), ("authorization", KMS_SCOPE)], Route::Kms),
            ("/", &[("authorization", KMS_SCOPE)], Route::Kms),
            ("/", &[("authorization", STS_SCOPE), FORM], Route::Sts),
            ("/", &[("authorization", IAM_SCOPE), FORM], Route::Iam),
            ("/", &[("authorization", S3_SCOPE)], Route::Nowhere),
            ("/", &[FORM], Route::Sts),
            ("/?Action=GetCallerIdentity&Version=2011-06-15", &[], Route::Sts),
            ("/?X-Amz-Credential=test%2F20260912%2Fus-east-1%2Fsts%2Faws4_request&Action=x", &[], Route::Sts),
            ("/?X-Amz-Credential=test/20260912/us-east-1/kms/aws4_request", &[], Route::Kms),
            ("/bucket/key", &[], Route::Nowhere),
            ("/", &[], Route::Nowhere),
            ("/_sealroom/clock", &[TARGET], Route::Own),
        ];
        for (uri, headers, wanted) in rows {
            let mut request = Request::post(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(route(&head), wanted, "{uri} {headers:?}");
        }
    }
}
