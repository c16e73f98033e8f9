#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sikka_core_fuzz::model_file(data));
