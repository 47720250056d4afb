#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ahadi_fuzz::ledger_json(data));
