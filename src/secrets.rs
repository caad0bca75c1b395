//! Passwords in addresses: they are handed to FFmpeg and shown nowhere, neither by themselves nor in messages.

use std::borrow::Cow;

/// The replacement of a password.
pub(crate) const MASK: &str = "…";

/// How the names of values end that are secrets: `…?user=a&pwd=b`, `/user=a_password=b`.
const SECRETS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "psw",
    "pw",
    "token",
    "secret",
    "key",
    "auth",
    "signature",
    "sig",
    "session",
    "credentials",
];

/// `address` without passwords: neither that of `name:password@host` nor those among its values. Where it is not certain what belongs
/// to a password, as with a `/` in it, more is left out rather than less.
pub fn without_secrets(address: &str) -> String {
    let masked = match login(address) {
        Some((start, end)) => format!("{}{MASK}{}", &address[..start], &address[end..]),
        None => address.to_owned(),
    };
    without_values(&masked)
}

/// `text` without the passwords of the addresses in it.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let shown = |word| if str::contains(word, "://") { without_secrets(word).into() } else { Cow::Borrowed(word) };
    text.split_inclusive(char::is_whitespace).map(shown).collect::<String>().into()
}

/// Whether `address` holds a password, or the mask of one that was not kept.
pub fn has_secret(address: &str) -> bool {
    without_secrets(address) != address || is_masked(address)
}

/// Whether the password was left out of `address`.
pub fn is_masked(address: &str) -> bool {
    address.contains(MASK)
}

/// Where the password is: from the first colon after the protocol to the last `@`.
pub(crate) fn login(address: &str) -> Option<(usize, usize)> {
    let begin = address.len() - after_protocol(address).len();
    let end = begin + address[begin..].rfind('@')?;
    let colon = begin + address[begin..end].find(':')?;
    Some((colon + 1, end))
}

pub(crate) fn after_protocol(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

/// Leaves out the values of names that end as those of secrets do.
fn without_values(address: &str) -> String {
    let mut shown = String::new();
    let mut rest = address;
    while let Some(at) = rest.find('=') {
        let (name, value) = (&rest[..at], &rest[at + 1..]);
        shown.push_str(&rest[..=at]);
        let name = name.to_lowercase();
        let end = match SECRETS.iter().any(|secret| name.ends_with(secret)) {
            true => value.find(['&', ';']).unwrap_or(value.len()),
            false => 0,
        };
        if end > 0 {
            shown.push_str(MASK);
        }
        rest = &value[end..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_left_out_wherever_they_are() {
        for (address, shown) in [
            ("rtsp://name:secret@host:554/a", "rtsp://name:…@host:554/a"),
            ("rtsp://cam:se#cret@10.0.0.5/s", "rtsp://cam:…@10.0.0.5/s"),
            ("rtsp://cam:se/cret@10.0.0.5/s", "rtsp://cam:…@10.0.0.5/s"),
            ("rtsp://cam:se?cr@et@10.0.0.5/s", "rtsp://cam:…@10.0.0.5/s"),
            ("rtsp://cam:12/34@10.0.0.5", "rtsp://cam:…@10.0.0.5"),
            ("rtsp:/cam:secret@host", "rtsp:…@host"),
            ("cam:secret@host/a", "cam:…@host/a"),
            ("http://host/video?user=a&pwd=secret&x=1", "http://host/video?user=a&pwd=…&x=1"),
            ("rtsp://host/user=a_password=se/cret_channel=1", "rtsp://host/user=a_password=…"),
            ("https://host/a.m3u8?Access_Token=secret", "https://host/a.m3u8?Access_Token=…"),
        ] {
            assert_eq!(without_secrets(address), shown);
            assert!(has_secret(address) && has_secret(shown) && is_masked(shown) && !is_masked(address));
        }
        for address in ["udp://@:1234", "rtsp://name@host", "http://host:80/a?b=c", "rtsp://10.0.0.2:554/live"] {
            assert_eq!(without_secrets(address), address);
            assert!(!has_secret(address));
        }
    }

    #[test]
    fn passwords_are_left_out_of_sentences() {
        let text =
            "'rtsp://name:secret@host/a': no answer (http://host/b?pwd=secret&c=1).\tSee https://host:80/help; 3:4 @x";
        let shown = "'rtsp://name:…@host/a': no answer (http://host/b?pwd=…&c=1).\tSee https://host:80/help; 3:4 @x";
        assert_eq!(masked(text), shown);
        assert_eq!(masked(shown), shown);
        assert!(matches!(masked("a:b@c is no address"), Cow::Borrowed(_)));
    }
}
