#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "csi/v1/csi.grpc.pb.h"
#include "grpc/testing/test.grpc.pb.h"
#include "tag.h"

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds deadline{10};

[[noreturn]] inline void fail(const std::string& reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  std::_Exit(1);
}

inline void check(const grpc::Status& status) {
  if (!status.ok()) fail(std::to_string(status.error_code()) + ": " + status.error_message());
}

inline void check_whole(bool whole) {
  if (!whole) fail("an answer is not whole");
}

// One connection: its channel shares no subchannel with another.
struct Connection {
  explicit Connection(const std::string& endpoint) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(8 << 20);
    channel = grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
    test = grpc::testing::TestService::NewStub(channel);
    controller = csi::v1::Controller::NewStub(channel);
  }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::testing::TestService::Stub> test;
  std::unique_ptr<csi::v1::Controller::Stub> controller;
};

// What a run wants, and what it has come to. All of it belongs to one thread.
struct Load {
  std::string endpoint;
  int bytes;
  int messages;
  csi::v1::CreateVolumeRequest create_volume;

  grpc::CompletionQueue queue;
  // The time of the event that is being handled.
  Clock::time_point now = Clock::now();
  bool measuring = false;
  bool stopping = false;
  int running = 0;
  std::vector<std::uint32_t> nanoseconds;

  void handle(void* tag, bool ok) {
    now = Clock::now();
    static_cast<Tag*>(tag)->on(ok);
  }
};

// Makes one operation after the other; `begin` starts one, and done() is said when it has ended.
class Worker : public Tag {
 public:
  explicit Worker(Load& load) : load_(load) {}
  virtual ~Worker() = default;

  void start() {
    ++load_.running;
    began_ = load_.now;
    begin();
  }

 protected:
  virtual void begin() = 0;

  void lap() {
    if (load_.measuring) {
      const auto took = std::chrono::nanoseconds(load_.now - began_).count();
      load_.nanoseconds.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(took, UINT32_MAX)));
    }
    began_ = load_.now;
  }

  void next() {
    if (load_.stopping) {
      --load_.running;
    } else {
      begin();
    }
  }

  void done() {
    lap();
    next();
  }

  // With the memory of the call: whatever reads or writes it must be gone before.
  void drop_context() { context_.reset(); }

  // Instead of the one before, with the deadline that every call has.
  grpc::ClientContext& new_context() {
    context_.emplace();
    context_->set_deadline(std::chrono::system_clock::now() + deadline);
    return *context_;
  }

  Load& load_;

 private:
  Clock::time_point began_;
  std::optional<grpc::ClientContext> context_;
};
