use std::collections::HashMap;

use crate::Failure;

/// The command line as --name=value; others are ignored.
pub struct Options {
    pub endpoint: String,
    pub call: String,
    pub bytes: usize,
    pub messages: usize,
    pub in_flight: usize,
    pub connections: usize,
    pub warm_up: f64,
    pub seconds: f64,
    pub request_file: Option<String>,
}

impl Options {
    pub fn from_arguments() -> Result<Self, Failure> {
        let mut given: HashMap<String, String> = std::env::args()
            .filter_map(|argument| {
                let (name, value) = argument.strip_prefix("--")?.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        let mut take = |name: &str, otherwise: &str| given.remove(name).unwrap_or_else(|| otherwise.to_owned());
        Ok(Options {
            endpoint: take("endpoint", ""),
            call: take("call", "unary"),
            bytes: take("bytes", "64").parse()?,
            messages: take("messages", "1").parse()?,
            in_flight: take("in-flight", "1").parse()?,
            connections: take("connections", "1").parse()?,
            warm_up: take("warm-up", "1").parse()?,
            seconds: take("seconds", "3").parse()?,
            request_file: given.remove("request-file"),
        })
    }
}
