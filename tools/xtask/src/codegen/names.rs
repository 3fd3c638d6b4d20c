//! From AWS's names to Rust's.

/// `AWSAccountId` to `aws_account_id`; a Rust keyword gets its raw form.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            out.push('_');
            continue;
        }
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(index + 1);
        let new_word = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if new_word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&out.as_str()) { format!("r#{out}") } else { out }
}

const KEYWORDS: [&str; 12] =
    ["type", "match", "enum", "struct", "ref", "move", "where", "use", "in", "for", "loop", "return"];

/// `SYMMETRIC_DEFAULT` to `SymmetricDefault`, `PendingDeletion` stays.
pub(crate) fn pascal(name: &str) -> String {
    let mut out: String = name.split(|c: char| !c.is_ascii_alphanumeric()).map(word).collect();
    if out.starts_with(|c: char| c.is_ascii_digit()) || out == "Self" {
        out.insert(0, 'V');
    }
    out
}

fn word(piece: &str) -> String {
    let shouted = !piece.chars().any(|c| c.is_ascii_lowercase());
    let mut chars = piece.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let rest = chars.map(|c| if shouted { c.to_ascii_lowercase() } else { c });
    first.into_iter().chain(rest).collect()
}

/// `KeyId` to `keyId`, `AWSAccountId` to `aWSAccountId`: as AWS names members in validation texts and in CloudTrail.
pub(crate) fn lower_camel(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_snake_case() {
        for (name, wanted) in [
            ("KeyId", "key_id"),
            ("AWSAccountId", "aws_account_id"),
            ("MD5OfBody", "md5_of_body"),
            ("Type", "r#type"),
            ("NumberOfBytes", "number_of_bytes"),
            ("CloudHsmClusterId", "cloud_hsm_cluster_id"),
            ("SSEKMSKeyArn", "ssekms_key_arn"),
        ] {
            assert_eq!(snake(name), wanted);
        }
    }

    #[test]
    fn values_become_variants() {
        for (name, wanted) in [
            ("SYMMETRIC_DEFAULT", "SymmetricDefault"),
            ("RSAES_OAEP_SHA_1", "RsaesOaepSha1"),
            ("SM2PKE", "Sm2pke"),
            ("ECC_SECG_P256K1", "EccSecgP256k1"),
            ("PendingDeletion", "PendingDeletion"),
            ("2012-10-17", "V20121017"),
            ("arn:aws", "ArnAws"),
        ] {
            assert_eq!(pascal(name), wanted);
        }
    }

    #[test]
    fn paths_lower_the_first_letter_only() {
        assert_eq!(lower_camel("KeyId"), "keyId");
        assert_eq!(lower_camel("AWSAccountId"), "aWSAccountId");
    }
}
