//! What generated types share: closed enums in AWS's spelling.

/// A closed set of texts.
pub trait Enumeration: Copy + Ord + Sized + Send + Sync + 'static {
    /// Every value, in the table's order.
    const ALL: &'static [Self];

    /// AWS's spelling.
    fn as_str(self) -> &'static str;

    /// The value so spelt.
    #[must_use]
    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text)
    }
}

/// A text that no value of an enum is spelt like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a value of the enum")]
pub struct UnknownValue;

macro_rules! enumeration {
    ($(#[$meta:meta])* pub enum $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// AWS's spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl $crate::shape::Enumeration for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];
            fn as_str(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::shape::UnknownValue;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                <Self as $crate::shape::Enumeration>::from_text(text).ok_or($crate::shape::UnknownValue)
            }
        }
    };
}
pub(crate) use enumeration;
