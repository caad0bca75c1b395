//! Detection of URLs whose passwords contain unencoded characters that end the host part.

use crate::secrets::{after_protocol, login};

/// Returns the first unencoded `#`, `/` or `?` in the login part of `address`, if any.
pub(super) fn raw_character(address: &str) -> Option<char> {
    let (start, end) = login(address)?;
    address[start..end].chars().find(|c| "#/?".contains(*c))
}

/// Returns whether an unencoded character splits the login: the text before it is neither a host with a port, as in
/// `http://host:80/mail@home`, nor contains the end of a login.
pub(super) fn is_cut_short(address: &str) -> bool {
    let after = after_protocol(address);
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let port = after[..end].rsplit_once(':').map_or("", |(_, port)| port);
    let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_plausible = after[..end].contains('@') || (has_port && !after[end..].starts_with('#'));
    raw_character(address).is_some() && !is_plausible
}

#[cfg(test)]
mod tests {
    use super::*;

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
