//! Why a document is refused. AWS answers most of this without a text; these are for whoever writes the policy.

use thiserror::Error;

/// A document that isn't a policy of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("malformed policy: {kind}")]
pub struct MalformedPolicy {
    /// The cause.
    pub kind: Malformed,
    /// The statement it was found in, counted from 0.
    pub statement: Option<usize>,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Longer than allowed: KMS answers LimitExceededException, not MalformedPolicyDocumentException.
    #[error("the document has {bytes} bytes, {limit} are allowed")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A principal that can't exist: a group, a partial wildcard, not an ARN.
    #[error("`{name}` is not a principal")]
    InvalidPrincipal {
        /// `AWS`, `Service`, …
        kind: String,
        /// What came.
        name: String,
    },
    /// A character outside U+0009, U+000A, U+000D and U+0020 to U+00FF.
    #[error("the document holds the character {0:?}, which policies may not hold")]
    Character(char),
    /// Not one JSON value.
    #[error("not JSON: {0}")]
    Json(String),
    /// An object that has a member twice.
    #[error("`{0}` stands twice in one object")]
    Duplicate(String),
    /// Arrays and objects nest too deep.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A statement with too many conditions.
    #[error("the statement has more than {limit} conditions")]
    TooManyConditions {
        /// The limit.
        limit: usize,
    },
    /// An element of the wrong JSON type.
    #[error("`{element}` must be {wanted}")]
    WrongType {
        /// The element.
        element: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// An element that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// Two elements that exclude each other.
    #[error("`{0}` and its negation stand in one statement")]
    Both(&'static str),
    /// An element without contents.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// An element that policies of this kind don't have.
    #[error("`{0}` has no place in a policy of this kind")]
    Prohibited(&'static str),
    /// An element that the language doesn't have.
    #[error("`{0}` is not an element of a policy, or not in this place")]
    UnknownElement(String),
    /// Neither 2012-10-17 nor 2008-10-17.
    #[error("`{0}` is not a version of the policy language")]
    Version(String),
    /// Neither `Allow` nor `Deny`.
    #[error("`{0}` is not an effect")]
    Effect(String),
    /// A statement id with other characters than letters and digits.
    #[error("`{0}` is not a statement id")]
    Sid(String),
    /// Two statements with one id.
    #[error("the statement id `{0}` stands twice")]
    DuplicateSid(String),
    /// Neither `*` nor a service and the name or pattern of an action.
    #[error("`{0}` is not an action")]
    Action(String),
    /// An action that isn't of `sts`, in a trust policy.
    #[error("`{0}` is not an action that a role's trust policy can give")]
    TrustAction(String),
    /// Neither `*` nor the ARN or pattern of a resource.
    #[error("`{0}` is not a resource")]
    Resource(String),
    /// In a key policy, something else than `*`.
    #[error("`{0}` is not `*`, which is the only resource of a key policy")]
    KeyResource(String),
    /// `NotPrincipal` in a statement that allows.
    #[error("`NotPrincipal` needs the effect `Deny`")]
    AllowNotPrincipal,
    /// A type of principal that the language doesn't have.
    #[error("`{0}` is not a type of principal")]
    PrincipalType(String),
    /// A condition operator that the language doesn't have.
    #[error("`{0}` is not a condition operator")]
    Operator(String),
    /// Not a service and the name of a condition key.
    #[error("`{0}` is not a condition key")]
    ConditionKey(String),
    /// A value that the operator can't read.
    #[error("`{value}` is not a value for `{operator}`")]
    ConditionValue {
        /// The operator.
        operator: String,
        /// The value.
        value: String,
    },
    /// A `${` that begins no variable.
    #[error("`{0}` holds a malformed variable")]
    Variable(String),
}
