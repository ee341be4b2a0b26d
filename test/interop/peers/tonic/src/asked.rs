//! What the metadata of a request asks of every server, next to the messages; ../../README.md has the list.

pub const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
pub const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";
pub const CALL: &str = "x-podwire-call";
pub const AWAIT: &str = "x-podwire-await";
pub const DELAY: &str = "x-podwire-delay-ms";
pub const STATUS: &str = "x-podwire-status-bin";
