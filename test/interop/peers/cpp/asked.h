#pragma once

// What the metadata of a request asks of every server, next to the messages; ../../README.md has the list.
namespace asked {
constexpr char echo_initial[] = "x-grpc-test-echo-initial";
constexpr char echo_trailing[] = "x-grpc-test-echo-trailing-bin";
constexpr char call[] = "x-podwire-call";
constexpr char await[] = "x-podwire-await";
constexpr char delay[] = "x-podwire-delay-ms";
constexpr char status[] = "x-podwire-status-bin";
}  // namespace asked
