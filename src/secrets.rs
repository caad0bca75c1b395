//! Passwords in URLs: they are passed to FFmpeg but never displayed, neither in URLs nor in messages.

use std::borrow::Cow;

/// The replacement of a password.
pub(crate) const MASK: &str = "…";

/// Endings of the names of secret values: `…?user=a&pwd=b`, `/user=a_password=b`.
const SECRETS: [&str; 18] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pas",
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
    "credential",
    "credentials",
];

/// Names of passwords that are also endings of other words, and must match whole.
const WHOLE: [&str; 1] = ["pin"];

/// Parts of names of logins; if one is present, names beginning like `password` count as secrets too.
const LOGINS: [&str; 3] = ["user", "usr", "login"];
const BESIDE_LOGINS: [&str; 3] = ["pas", "pwd", "psw"];

/// Beginnings of path parts with name and password: `/user_password_name:secret`.
const IN_PATHS: [&str; 4] = ["password", "passwd", "pwd", "pass"];

/// Punctuation after a URL in a sentence.
const PUNCTUATION: [char; 8] = [':', '.', ',', ')', '\'', '"', '’', '”'];

/// Returns `address` without passwords, both in `name:password@host` and among its values. If the extent of a password
/// is ambiguous, as with a `/` in it, rather too much is removed.
pub fn without_secrets(address: &str) -> String {
    let masked = match login(address) {
        Some((start, end)) => format!("{}{MASK}{}", &address[..start], &address[end..]),
        None => address.to_owned(),
    };
    without_values(&without_parts(&masked))
}

/// Returns `text` without the passwords of the URLs in it.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let shown = |word: &str| {
        let address = word.trim_end().trim_end_matches(PUNCTUATION);
        let shown = if address.contains("://") { without_secrets(address) } else { address.to_owned() };
        shown + &word[address.len()..]
    };
    text.split_inclusive(char::is_whitespace).map(shown).collect::<String>().into()
}

/// Returns whether `address` contains a password, or the mask of a removed one.
pub fn has_secret(address: &str) -> bool {
    without_secrets(address) != address || is_masked(address)
}

/// Returns whether a password was removed from `address`.
pub fn is_masked(address: &str) -> bool {
    address.contains(MASK)
}

/// Returns the byte range of the password: from the first colon after the protocol to the last `@`.
pub(crate) fn login(address: &str) -> Option<(usize, usize)> {
    let begin = address.len() - after_protocol(address).len();
    let end = begin + address[begin..].rfind('@')?;
    let colon = begin + address[begin..end].find(':')?;
    Some((colon + 1, end))
}

pub(crate) fn after_protocol(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

/// Removes passwords in parts of the path.
fn without_parts(address: &str) -> String {
    let begin = address.len() - after_protocol(address).len();
    let Some(path) = address[begin..].find('/').map(|at| begin + at) else { return address.to_owned() };
    let part = |part: &str| {
        let lower = part.to_ascii_lowercase(); // ASCII lower-casing keeps the length.
        let after = |name: &&str| lower.rfind(&format!("{name}_")).or_else(|| lower.rfind(&format!("{name}:")));
        let name = IN_PATHS.iter().find_map(|name| after(name).map(|at| at + name.len()));
        let colon = name.and_then(|name| Some(name + part[name..].find(':')?));
        match colon {
            Some(colon) if !part.contains('=') => {
                let end = part.trim_end_matches(['/', '?', '&']).len();
                format!("{}{MASK}{}", &part[..=colon], &part[end..])
            }
            _ => part.to_owned(),
        }
    };
    let parts = address[path..].split_inclusive(['/', '?', '&']);
    address[..path].to_owned() + &parts.map(part).collect::<String>()
}

/// Removes the values whose names have the endings of secrets.
fn without_values(address: &str) -> String {
    let whole = address.to_lowercase();
    let has_login = LOGINS.iter().any(|login| whole.contains(login));
    let mut shown = String::new();
    let mut rest = address;
    while let Some(at) = rest.find('=') {
        let (name, value) = (&rest[..at], &rest[at + 1..]);
        shown.push_str(&rest[..=at]);
        let name = name.to_lowercase();
        let key = name.rsplit(['?', '&', ';', '/']).next().unwrap_or_default();
        let is_whole = || key.rsplit(|c: char| !c.is_alphanumeric()).next().is_some_and(|word| WHOLE.contains(&word));
        let is_beside_login = || has_login && BESIDE_LOGINS.iter().any(|part| key.contains(part));
        let is_secret = SECRETS.iter().any(|secret| name.ends_with(secret)) || is_whole() || is_beside_login();
        let end = match is_secret {
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
            ("http://host/v?loginuse=adm&loginpas=secret", "http://host/v?loginuse=adm&loginpas=…"),
            ("http://host/v?pin=1234&spin=2&passcode=3", "http://host/v?pin=…&spin=2&passcode=…"),
            ("http://host/v?cam-pin=1234;credential=x", "http://host/v?cam-pin=…;credential=…"),
            ("http://host/v?usr=a&mypwd1=secret&paste=x&q=1", "http://host/v?usr=a&mypwd1=…&paste=…&q=1"),
            ("rtsp://host/user_password_admin:secret", "rtsp://host/user_password_admin:…"),
            ("rtsp://host:554/a/Password_adm:se:cret/ch1?b=c", "rtsp://host:554/a/Password_adm:…/ch1?b=c"),
            ("https://host/a.m3u8?Access_Token=secret", "https://host/a.m3u8?Access_Token=…"),
        ] {
            assert_eq!(without_secrets(address), shown);
            assert!(has_secret(address) && has_secret(shown) && is_masked(shown) && !is_masked(address));
        }
        for address in [
            "udp://@:1234",
            "rtsp://name@host",
            "http://host:80/a?b=c",
            "rtsp://10.0.0.2:554/live",
            "rtsp://password_cam:554/live",
            "http://host/v?spin=1&paste=2",
            "http://host/forgot_password_page?a=b",
            "http://host/v?user=pascal&channel=1",
        ] {
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
        let sentence = "http://host/a?auth=secret: it cannot be reached, nor http://host/a?pin=secret.";
        assert_eq!(masked(sentence), "http://host/a?auth=…: it cannot be reached, nor http://host/a?pin=….");
        assert!(matches!(masked("a:b@c is no address"), Cow::Borrowed(_)));
    }
}
