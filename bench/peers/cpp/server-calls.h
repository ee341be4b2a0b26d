#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/rpc_service_method.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <optional>

#include "grpc/testing/test.pb.h"
#include "tag.h"

// Registers methods one by one, as generated code does, but only those that are served: gRPC itself says UNIMPLEMENTED
// of the others.
class Methods final : public grpc::Service {
 public:
  using Type = grpc::internal::RpcMethod::RpcType;

  int add(const char* name, Type type) {
    AddMethod(new grpc::internal::RpcServiceMethod(name, type, nullptr));
    MarkMethodAsync(count_);
    return count_++;
  }

  using grpc::Service::RequestAsyncBidiStreaming;
  using grpc::Service::RequestAsyncClientStreaming;
  using grpc::Service::RequestAsyncServerStreaming;
  using grpc::Service::RequestAsyncUnary;

 private:
  int count_ = 0;
};

// Where calls of one method wait: one is always ready, so that there are as many as are running at a time. They are used
// again, with the messages that they hold.
struct Place {
  Methods& methods;
  int method;
  grpc::ServerCompletionQueue& queue;
  int ready = 0;
};

// What all calls have in common; `Call` has arm(), arrived() and proceed(ok).
template <class Call>
class ServerCall : public Tag {
 public:
  explicit ServerCall(Place& place) : place_(place) {}

  void wait() {
    running_ = false;
    ++place_.ready;
    context_.emplace();
    static_cast<Call*>(this)->arm();
  }

  void on(bool ok) final {
    auto* call = static_cast<Call*>(this);
    if (running_) return call->proceed(ok);
    if (!ok) return;
    running_ = true;
    if (--place_.ready == 0) (new Call(place_))->wait();
    call->arrived();
  }

 protected:
  Place& place_;
  std::optional<grpc::ServerContext> context_;

 private:
  bool running_ = false;
};

// `answer` gives the response, which it may make in the one that it gets.
template <class Request, class Response, const Response& (*answer)(Request&, Response&)>
class UnaryCall final : public ServerCall<UnaryCall<Request, Response, answer>> {
 public:
  using ServerCall<UnaryCall>::ServerCall;

  void arm() {
    writer_.emplace(&*this->context_);
    auto& [methods, method, queue, ready] = this->place_;
    methods.RequestAsyncUnary(method, &*this->context_, &request_, &*writer_, &queue, &queue, this);
  }

  void arrived() { writer_->Finish(answer(request_, response_), grpc::Status::OK, this); }

  void proceed(bool) { this->wait(); }

 private:
  std::optional<grpc::ServerAsyncResponseWriter<Response>> writer_;
  Request request_;
  Response response_;
};

// A body is made once for each size.
inline void resize(grpc::testing::Payload& payload, std::size_t size) {
  if (payload.body().size() != size) payload.mutable_body()->assign(size, 'a');
}

class OutputCall final : public ServerCall<OutputCall> {
 public:
  using ServerCall::ServerCall;

  void arm() {
    ended_ = false;
    next_ = 0;
    writer_.emplace(&*context_);
    auto& [methods, method, queue, ready] = place_;
    methods.RequestAsyncServerStreaming(method, &*context_, &request_, &*writer_, &queue, &queue, this);
  }

  void arrived() { proceed(true); }

  void proceed(bool ok) {
    if (ended_) return wait();
    const int count = request_.response_parameters_size();
    ended_ = !ok || next_ + 1 >= count;
    if (!ok || count == 0) return writer_->Finish(ok ? grpc::Status::OK : grpc::Status::CANCELLED, this);
    resize(*response_.mutable_payload(), request_.response_parameters(next_++).size());
    if (ended_) return writer_->WriteAndFinish(response_, {}, grpc::Status::OK, this);
    // More follows at once. Now and then what there is must go out, the header above all: gRPC C++ 1.51 was seen to keep it
    // for good behind nothing but hints.
    grpc::WriteOptions options;
    if (next_ % 64 != 1) options.set_buffer_hint();
    writer_->Write(response_, options, this);
  }

 private:
  std::optional<grpc::ServerAsyncWriter<grpc::testing::StreamingOutputCallResponse>> writer_;
  grpc::testing::StreamingOutputCallRequest request_;
  grpc::testing::StreamingOutputCallResponse response_;
  int next_ = 0;
  bool ended_ = false;
};

class InputCall final : public ServerCall<InputCall> {
 public:
  using ServerCall::ServerCall;

  void arm() {
    ended_ = false;
    size_ = 0;
    reader_.emplace(&*context_);
    auto& [methods, method, queue, ready] = place_;
    methods.RequestAsyncClientStreaming(method, &*context_, &*reader_, &queue, &queue, this);
  }

  void arrived() { reader_->Read(&request_, this); }

  void proceed(bool ok) {
    if (ended_) return wait();
    if (ok) {
      size_ += request_.payload().body().size();
      return arrived();
    }
    ended_ = true;
    response_.set_aggregated_payload_size(static_cast<int>(size_));
    reader_->Finish(response_, grpc::Status::OK, this);
  }

 private:
  std::optional<grpc::ServerAsyncReader<grpc::testing::StreamingInputCallResponse,
                                        grpc::testing::StreamingInputCallRequest>>
      reader_;
  grpc::testing::StreamingInputCallRequest request_;
  grpc::testing::StreamingInputCallResponse response_;
  std::size_t size_ = 0;
  bool ended_ = false;
};

class DuplexCall final : public ServerCall<DuplexCall> {
 public:
  using ServerCall::ServerCall;

  void arm() {
    state_ = State::reading;
    stream_.emplace(&*context_);
    auto& [methods, method, queue, ready] = place_;
    methods.RequestAsyncBidiStreaming(method, &*context_, &*stream_, &queue, &queue, this);
  }

  void arrived() { read(); }

  void proceed(bool ok) {
    if (state_ == State::ended) return wait();
    if (!ok) {
      const auto status = state_ == State::reading ? grpc::Status::OK : grpc::Status::CANCELLED;
      state_ = State::ended;
      return stream_->Finish(status, this);
    }
    if (state_ == State::reading) {
      state_ = State::writing;
      next_ = 0;
    }
    if (next_ == request_.response_parameters_size()) return read();
    resize(*response_.mutable_payload(), request_.response_parameters(next_++).size());
    stream_->Write(response_, this);
  }

 private:
  enum class State { reading, writing, ended };

  void read() {
    state_ = State::reading;
    stream_->Read(&request_, this);
  }

  std::optional<grpc::ServerAsyncReaderWriter<grpc::testing::StreamingOutputCallResponse,
                                              grpc::testing::StreamingOutputCallRequest>>
      stream_;
  grpc::testing::StreamingOutputCallRequest request_;
  grpc::testing::StreamingOutputCallResponse response_;
  int next_ = 0;
  State state_ = State::reading;
};
