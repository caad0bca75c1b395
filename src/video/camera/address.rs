//! Passwords in addresses: they are handed to FFmpeg and shown nowhere.

/// What stands in place of a password.
pub(super) const MASK: &str = "…";

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

/// Whether `address` holds a password, or the mask of one that was not kept.
pub fn has_secret(address: &str) -> bool {
    without_secrets(address) != address || is_masked(address)
}

/// Whether the password was left out of `address`.
pub fn is_masked(address: &str) -> bool {
    address.contains(MASK)
}

/// Which of the characters that end the name of a host the password holds as it is, or seems to.
pub(super) fn raw_character(address: &str) -> Option<char> {
    let (start, end) = login(address)?;
    address[start..end].chars().find(|c| "#/?".contains(*c))
}

/// Whether such a character cannot be meant as it is, as in `http://host:80/mail@home`: what stands before it is neither a host with
/// its port nor ends a login.
pub(super) fn is_cut_short(address: &str) -> bool {
    let after = after_protocol(address);
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let port = after[..end].rsplit_once(':').map_or("", |(_, port)| port);
    let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_plausible = after[..end].contains('@') || (has_port && !after[end..].starts_with('#'));
    raw_character(address).is_some() && !is_plausible
}

/// Where the password lies: from the first colon after the protocol to the last `@`.
fn login(address: &str) -> Option<(usize, usize)> {
    let begin = address.len() - after_protocol(address).len();
    let end = begin + address[begin..].rfind('@')?;
    let colon = begin + address[begin..end].find(':')?;
    Some((colon + 1, end))
}

fn after_protocol(address: &str) -> &str {
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
    fn characters_that_end_the_host_are_found() {
        assert_eq!(raw_character("rtsp://cam:se#cret@h/s"), Some('#'));
        assert_eq!(raw_character("rtsp://cam:se%23cret@h/s"), None);
        for address in ["rtsp://cam:se/cret@h/s", "rtsp://cam:se?cret@h/s", "rtsp://cam:1#2@h/s"] {
            assert!(is_cut_short(address), "{address}");
        }
        for address in ["http://host:80/a?mail=b@c", "rtsp://cam:secret@h/a@b", "rtsp://h/s", "rtsp://cam:1/2@h"] {
            assert!(!is_cut_short(address), "{address}");
        }
    }
}
