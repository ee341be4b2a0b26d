#pragma once

#include <utility>

#include "load.h"

// `Traits` has the types, fill(load, request), call(connection, context, request, queue) and whole(load, response). A response
// of many parts comes into an arena; one of a single large part into the same message again, which keeps its memory.
template <class Traits>
class UnaryWorker final : public Worker {
 public:
  UnaryWorker(Load& load, Connection& connection) : Worker(load), connection_(connection) {
    Traits::fill(load, request_);
  }

  void on(bool) override {
    check(status_);
    check_whole(Traits::whole(load_, *response_));
    done();
  }

 private:
  void begin() override {
    reader_.reset();
    if (response_ == nullptr || Traits::many_parts) {
      arena_.Reset();
      response_ = google::protobuf::Arena::CreateMessage<typename Traits::Response>(&arena_);
    }
    reader_ = Traits::call(connection_, &new_context(), request_, &load_.queue);
    reader_->Finish(response_, &status_, this);
  }

  Connection& connection_;
  typename Traits::Request request_;
  google::protobuf::Arena arena_;
  typename Traits::Response* response_ = nullptr;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<typename Traits::Response>> reader_;
};

struct UnaryCall {
  using Request = grpc::testing::SimpleRequest;
  using Response = grpc::testing::SimpleResponse;
  static constexpr bool many_parts = false;

  static void fill(const Load& load, Request& request) {
    request.set_response_size(load.bytes);
    request.mutable_payload()->mutable_body()->assign(load.bytes, 'a');
  }
  static auto call(Connection& connection, grpc::ClientContext* context, const Request& request,
                   grpc::CompletionQueue* queue) {
    return connection.test->AsyncUnaryCall(context, request, queue);
  }
  static bool whole(const Load& load, const Response& response) {
    return static_cast<int>(response.payload().body().size()) == load.bytes;
  }
};

struct CreateVolume {
  using Request = csi::v1::CreateVolumeRequest;
  using Response = csi::v1::CreateVolumeResponse;
  static constexpr bool many_parts = true;

  static void fill(const Load& load, Request& request) { request = load.create_volume; }
  static auto call(Connection& connection, grpc::ClientContext* context, const Request& request,
                   grpc::CompletionQueue* queue) {
    return connection.controller->AsyncCreateVolume(context, request, queue);
  }
  static bool whole(const Load&, const Response& response) { return !response.volume().volume_id().empty(); }
};

struct ListVolumes {
  using Request = csi::v1::ListVolumesRequest;
  using Response = csi::v1::ListVolumesResponse;
  static constexpr bool many_parts = true;

  static void fill(const Load& load, Request& request) { request.set_max_entries(load.messages); }
  static auto call(Connection& connection, grpc::ClientContext* context, const Request& request,
                   grpc::CompletionQueue* queue) {
    return connection.controller->AsyncListVolumes(context, request, queue);
  }
  static bool whole(const Load& load, const Response& response) { return response.entries_size() == load.messages; }
};

class ServerStreamWorker final : public Worker {
 public:
  ServerStreamWorker(Load& load, Connection& connection) : Worker(load), connection_(connection) {
    for (int count = 0; count < load.messages; ++count) request_.add_response_parameters()->set_size(load.bytes);
  }

  void on(bool ok) override {
    switch (state_) {
      case State::starting:
        state_ = State::reading;
        return read(ok);
      case State::reading:
        if (ok) {
          check_whole(static_cast<int>(response_.payload().body().size()) == load_.bytes);
          ++received_;
        }
        return read(ok);
      case State::finishing:
        check(status_);
        check_whole(received_ == load_.messages);
        done();
    }
  }

 private:
  enum class State { starting, reading, finishing };

  void begin() override {
    received_ = 0;
    state_ = State::starting;
    reader_.reset();
    reader_ = connection_.test->AsyncStreamingOutputCall(&new_context(), request_, &load_.queue, this);
  }

  void read(bool ok) {
    if (ok) return reader_->Read(&response_, this);
    state_ = State::finishing;
    reader_->Finish(&status_, this);
  }

  Connection& connection_;
  grpc::testing::StreamingOutputCallRequest request_;
  grpc::testing::StreamingOutputCallResponse response_;
  grpc::Status status_;
  int received_ = 0;
  State state_ = State::starting;
  std::unique_ptr<grpc::ClientAsyncReader<grpc::testing::StreamingOutputCallResponse>> reader_;
};

class ClientStreamWorker final : public Worker {
 public:
  ClientStreamWorker(Load& load, Connection& connection) : Worker(load), connection_(connection) {
    request_.mutable_payload()->mutable_body()->assign(load.bytes, 'a');
  }

  void on(bool ok) override {
    if (finishing_) {
      check(status_);
      check_whole(response_.aggregated_payload_size() == load_.messages * load_.bytes);
      return done();
    }
    if (ok && sent_ < load_.messages) return write();
    finishing_ = true;
    writer_->Finish(&status_, this);
  }

 private:
  void begin() override {
    sent_ = 0;
    finishing_ = false;
    writer_.reset();
    auto& context = new_context();
    // The header goes with the first message; this start reports nothing.
    context.set_initial_metadata_corked(true);
    writer_ = connection_.test->AsyncStreamingInputCall(&context, &response_, &load_.queue, this);
    write();
  }

  void write() {
    grpc::WriteOptions options;
    // More follows at once, or the end does; now and then what there is goes out.
    if (++sent_ == load_.messages) {
      options.set_last_message();
    } else if (sent_ % 64 != 1) {
      options.set_buffer_hint();
    }
    writer_->Write(request_, options, this);
  }

  Connection& connection_;
  grpc::testing::StreamingInputCallRequest request_;
  grpc::testing::StreamingInputCallResponse response_;
  grpc::Status status_;
  int sent_ = 0;
  bool finishing_ = false;
  std::unique_ptr<grpc::ClientAsyncWriter<grpc::testing::StreamingInputCallRequest>> writer_;
};

class PingPongWorker final : public Worker {
 public:
  PingPongWorker(Load& load, Connection& connection) : Worker(load), connection_(connection) {
    request_.add_response_parameters()->set_size(load.bytes);
    request_.mutable_payload()->mutable_body()->assign(load.bytes, 'a');
  }

  void on(bool ok) override {
    failed_ |= !ok;
    if (--expected_ > 0) return;
    if (finishing_) {
      check(status_);
      return next();
    }
    if (failed_) return finish(false);
    check_whole(static_cast<int>(response_.payload().body().size()) == load_.bytes);
    lap();
    if (++made_ < load_.messages && !load_.stopping) return exchange();
    finish(true);
  }

 private:
  void begin() override {
    made_ = 0;
    finishing_ = failed_ = false;
    stream_.reset();
    auto& context = new_context();
    // The header goes with the first message; this start reports nothing.
    context.set_initial_metadata_corked(true);
    stream_ = connection_.test->AsyncFullDuplexCall(&context, &load_.queue, this);
    exchange();
  }

  void exchange() {
    expected_ = 2;
    stream_->Write(request_, this);
    stream_->Read(&response_, this);
  }

  void finish(bool half_close) {
    finishing_ = true;
    expected_ = half_close ? 2 : 1;
    if (half_close) stream_->WritesDone(this);
    stream_->Finish(&status_, this);
  }

  Connection& connection_;
  grpc::testing::StreamingOutputCallRequest request_;
  grpc::testing::StreamingOutputCallResponse response_;
  grpc::Status status_;
  int made_ = 0;
  int expected_ = 0;
  bool finishing_ = false;
  bool failed_ = false;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::testing::StreamingOutputCallRequest,
                                                grpc::testing::StreamingOutputCallResponse>>
      stream_;
};

class ConnectWorker final : public Worker {
 public:
  using Worker::Worker;

  void on(bool) override {
    check(status_);
    reader_.reset();
    // The context holds the channel too.
    drop_context();
    connection_.reset();
    // Closing belongs to the operation.
    load_.now = Clock::now();
    done();
  }

 private:
  void begin() override {
    connection_.emplace(load_.endpoint);
    reader_ = connection_->test->AsyncEmptyCall(&new_context(), {}, &load_.queue);
    reader_->Finish(&response_, &status_, this);
  }

  std::optional<Connection> connection_;
  grpc::testing::Empty response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::testing::Empty>> reader_;
};
