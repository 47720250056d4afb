//! What was measured: rounds of ours beside rounds of the limit, in turns.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// One stage. Bigger is better, except for times.
pub struct Row {
    pub what: String,
    pub unit: &'static str,
    pub ours: Vec<f64>,
    pub limit: String,
    pub limits: Vec<f64>,
    /// What it must reach: a ratio, or a value where nothing is measured beside it.
    pub target: String,
}

impl Row {
    pub fn new(what: &str, unit: &'static str, limit: &str, target: &str) -> Row {
        let (ours, limits) = (Vec::new(), Vec::new());
        Row { what: what.into(), unit, ours, limit: limit.into(), limits, target: target.into() }
    }

    /// A value with nothing beside it.
    pub fn value(what: &str, unit: &'static str, value: f64, target: &str) -> Row {
        Row { ours: vec![value], ..Row::new(what, unit, "", target) }
    }

    /// A value beside that of the bare line.
    pub fn beside(what: &str, unit: &'static str, ours: f64, bare: f64, target: &str) -> Row {
        Row { ours: vec![ours], limits: vec![bare], ..Row::new(what, unit, "bare line", target) }
    }

    fn ratio(&self) -> Option<f64> {
        (!self.limits.is_empty()).then(|| median(&self.ours) / median(&self.limits))
    }

    pub fn print(&self) {
        let beside = match self.ratio() {
            Some(ratio) => format!(" | {} {} | ratio {ratio:.2}", self.limit, spread(&self.limits)),
            None => String::new(),
        };
        let target =
            if self.target.is_empty() { String::new() } else { format!(" (target {})", self.target) };
        println!("{:<52} {} {}{beside}{target}", self.what, spread(&self.ours), self.unit);
    }

    pub fn json(&self) -> Value {
        json!({
            "what": self.what.trim(), "unit": self.unit, "ours": self.ours, "limit": self.limit,
            "limits": self.limits, "median": median(&self.ours), "ratio": self.ratio(), "target": self.target,
        })
    }
}

/// Where results are written: `target/bench`.
pub fn directory() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let directory = target.join("bench");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn spread(values: &[f64]) -> String {
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let digits = if high < 100.0 { 2 } else { 0 };
    match values.len() {
        1 => format!("{low:.digits$}"),
        _ => format!("{:.digits$} ({low:.digits$}..{high:.digits$})", median(values)),
    }
}
