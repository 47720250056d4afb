//! Figures by size of the log.

use std::collections::BTreeMap;

/// Medians by name and size, in the order in which names came first.
#[derive(Default)]
pub struct Figures {
    names: Vec<String>,
    by_name: BTreeMap<String, BTreeMap<u64, Vec<f64>>>,
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median, least and greatest.
pub fn spread(values: &[f64]) -> String {
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    format!("{:.2} ({low:.2}..{high:.2})", median(values))
}

impl Figures {
    /// Microseconds of one operation.
    pub fn add(&mut self, name: &str, size: u64, value: f64) {
        if !self.by_name.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.by_name.entry(name.to_owned()).or_default().entry(size).or_default().push(value);
    }

    /// A value that was read once.
    pub fn value(&mut self, name: &str, size: u64, value: f64) {
        self.add(name, size, value);
    }

    /// A line for each name: the value at each size, and the last over the first.
    pub fn print(&self) {
        for name in &self.names {
            let values: Vec<(u64, f64)> =
                self.by_name[name].iter().map(|(size, values)| (*size, median(values))).collect();
            let cells: Vec<String> =
                values.iter().map(|(size, value)| format!("{size}: {value:.1}")).collect();
            let ratio = values[values.len() - 1].1 / values[0].1;
            println!("{name:<48} {}  last/first {ratio:.2}", cells.join("  "));
        }
        println!("{}", serde_json::json!(self.by_name));
    }
}
