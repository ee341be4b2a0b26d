#include "service.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "asked.h"
#include "events.h"
#include "google/rpc/status.pb.h"
#include "grpc/testing/test.grpc.pb.h"

using namespace grpc::testing;
using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;
using Clock = std::chrono::steady_clock;

namespace {

std::vector<std::string> values(const ServerContext& context, const char* key) {
  std::vector<std::string> found;
  auto [first, last] = context.client_metadata().equal_range(key);
  for (; first != last; ++first) found.emplace_back(first->second.data(), first->second.size());
  return found;
}

// Waits so long, or until the call is over; false then. Nothing wakes a synchronous handler: it has to look.
bool pause(const ServerContext& context, std::chrono::microseconds time) {
  const auto until = Clock::now() + time;
  while (!context.IsCancelled()) {
    const auto left = until - Clock::now();
    if (left <= left.zero()) return true;
    std::this_thread::sleep_for(std::min<Clock::duration>(left, std::chrono::milliseconds(1)));
  }
  return false;
}

Status status_of(const EchoStatus& wanted) { return {static_cast<StatusCode>(wanted.code()), wanted.message()}; }

// Records that a call has begun and, at its own end, that the call has.
class Running {
 public:
  Running(Events& events, const ServerContext& context) : events_(events), ids_(values(context, asked::call)) {
    for (const auto& id : ids_) events_.record("begun " + id);
  }
  ~Running() {
    for (const auto& id : ids_) events_.record("ended " + id);
  }
  Running(const Running&) = delete;

 private:
  Events& events_;
  std::vector<std::string> ids_;
};

// Does what the metadata asks.
Status obey(ServerContext& context) {
  for (const auto& delay : values(context, asked::delay)) {
    if (!pause(context, std::chrono::milliseconds(std::stol(delay)))) return Status::CANCELLED;
  }
  for (const auto& encoded : values(context, asked::status)) {
    google::rpc::Status failure;
    if (!failure.ParseFromString(encoded)) return {StatusCode::INVALID_ARGUMENT, "not a google.rpc.Status"};
    return {static_cast<StatusCode>(failure.code()), failure.message(), encoded};
  }
  for (const auto& value : values(context, asked::echo_initial)) {
    context.AddInitialMetadata(asked::echo_initial, value);
  }
  for (const auto& value : values(context, asked::echo_trailing)) {
    context.AddTrailingMetadata(asked::echo_trailing, value);
  }
  return Status::OK;
}

template <class Stream>
Status answer(const ServerContext& context, const StreamingOutputCallRequest& request, Stream* stream) {
  for (const auto& wanted : request.response_parameters()) {
    if (!pause(context, std::chrono::microseconds(wanted.interval_us()))) return Status::CANCELLED;
    StreamingOutputCallResponse response;
    response.mutable_payload()->mutable_body()->resize(wanted.size());
    if (!stream->Write(response)) return Status::CANCELLED;
  }
  return status_of(request.response_status());
}

class Peer final : public TestService::Service {
  Status EmptyCall(ServerContext* context, const Empty*, Empty*) override {
    for (const auto& event : values(*context, asked::await)) {
      if (!events_.wait(event, std::chrono::seconds(10))) {
        return {StatusCode::NOT_FOUND, '"' + event + "\" did not happen"};
      }
    }
    return Status::OK;
  }

  Status UnaryCall(ServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    Running running(events_, *context);
    if (Status status = obey(*context); !status.ok()) return status;
    if (request->response_compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    response->mutable_payload()->mutable_body()->resize(request->response_size());
    return status_of(request->response_status());
  }

  Status StreamingInputCall(ServerContext* context, grpc::ServerReader<StreamingInputCallRequest>* requests,
                            StreamingInputCallResponse* response) override {
    Running running(events_, *context);
    if (Status status = obey(*context); !status.ok()) return status;
    std::size_t size = 0;
    StreamingInputCallRequest request;
    while (requests->Read(&request)) size += request.payload().body().size();
    response->set_aggregated_payload_size(static_cast<int>(size));
    return Status::OK;
  }

  Status StreamingOutputCall(ServerContext* context, const StreamingOutputCallRequest* request,
                             grpc::ServerWriter<StreamingOutputCallResponse>* responses) override {
    Running running(events_, *context);
    if (Status status = obey(*context); !status.ok()) return status;
    return answer(*context, *request, responses);
  }

  Status FullDuplexCall(
      ServerContext* context,
      grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    Running running(events_, *context);
    if (Status status = obey(*context); !status.ok()) return status;
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      if (Status status = answer(*context, request, stream); !status.ok()) return status;
    }
    return Status::OK;
  }

  Events events_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_service() { return std::make_unique<Peer>(); }
