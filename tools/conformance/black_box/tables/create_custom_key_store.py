"""CreateCustomKeyStore: there are none here, so it is refused once it is known what is asked and by whom."""

from harness.table import ANY, Operation, Refused, Row

UNSUPPORTED = (
    "UnsupportedOperationException",
    "Custom key stores are not supported by this version of the service.",
)

OPERATION = Operation(name="CreateCustomKeyStore", request={"CustomKeyStoreName": "store"}, refusal=UNSUPPORTED)

ROWS = [
    Row(
        "of CloudHSM",
        {
            "CustomKeyStoreName": "store",
            "CloudHsmClusterId": "cluster-abcdefghijk",
            "TrustAnchorCertificate": "a certificate",
            "KeyStorePassword": "a password",
        },
        Refused(*UNSUPPORTED),
        everywhere=True,
    ),
    Row(
        "an external one",
        {
            "CustomKeyStoreName": "store",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyUriEndpoint": "https://proxy.example.com",
            "XksProxyUriPath": "/kms/xks/v1",
            "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyAuthenticationCredential": {
                "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
                "RawSecretAccessKey": "x" * 43,
            },
        },
        Refused(*UNSUPPORTED),
    ),
    Row(
        "a credential without a secret",
        {"CustomKeyStoreName": "store", "XksProxyAuthenticationCredential": {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST"}},
        Refused("ValidationException", ANY),
    ),
]
