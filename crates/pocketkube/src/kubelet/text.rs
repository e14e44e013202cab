//! Texts as the kubelet words them: durations, Pods in messages, lists.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use crate::client::Kind;

/// `web_default(0b7c…)`, as messages about restarts name a Pod.
pub fn pod(pod: &Pod) -> String {
    format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid())
}

/// `[a b]`, as Go prints a list.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(" "))
}

/// A duration as Go prints it, in whole milliseconds: `1m20s`, `1.5s`, `340ms`.
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    let mut text = String::new();
    if seconds >= 3600 {
        text.push_str(&format!("{}h", seconds / 3600));
    }
    if seconds >= 60 {
        text.push_str(&format!("{}m", seconds / 60 % 60));
    }
    text.push_str(&(seconds % 60).to_string());
    if fraction > 0 {
        let digits = format!("{fraction:03}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push('s');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_writes_them() {
        let written = |millis| duration(Duration::from_millis(millis));
        assert_eq!(written(0), "0s");
        assert_eq!(written(340), "340ms");
        assert_eq!(written(1200), "1.2s");
        assert_eq!(written(10_000), "10s");
        assert_eq!(written(80_000), "1m20s");
        assert_eq!(written(300_000), "5m0s");
        assert_eq!(written(3_600_000), "1h0m0s");
    }
}
