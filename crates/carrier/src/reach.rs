//! Where the service is really reached: tests listen on any port, and only afterwards know which.

/// The address as it is asked for, at the scheme and host of `reach`; none where it is no absolute address.
pub(crate) fn moved(address: &str, reach: &str) -> Option<String> {
    let origin_end = |url: &str| {
        let host = url.find("://")? + 3;
        Some(url[host..].find('/').map_or(url.len(), |at| host + at))
    };
    Some(format!("{}{}", &reach[..origin_end(reach)?], &address[origin_end(address)?..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::moved;

    #[test]
    fn only_scheme_and_host_change() {
        let reach = "http://127.0.0.1:4711";
        let place = moved("https://ledger.example.com/answer/x?ask=a.0.0", reach).unwrap();
        assert_eq!(place, "http://127.0.0.1:4711/answer/x?ask=a.0.0");
        assert_eq!(moved("https://ledger.example.com", "http://a:1/b?c").unwrap(), "http://a:1");
        assert_eq!(moved("/answer", reach), None);
    }
}
