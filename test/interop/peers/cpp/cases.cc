#include "cases.h"

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "asked.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/testing/test.grpc.pb.h"

using namespace grpc::testing;
using namespace std::chrono_literals;
using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;

namespace {

constexpr auto limit = 30s;
// Longer than any deadline here, shorter than the limit.
constexpr std::chrono::microseconds never = 20s;

struct Client {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<TestService::Stub> test = TestService::NewStub(channel);
};

// A context with the limit and metadata.
class Call : public ClientContext {
 public:
  explicit Call(const std::vector<std::pair<std::string, std::string>>& metadata = {}) {
    set_deadline(std::chrono::system_clock::now() + limit);
    for (const auto& [key, value] : metadata) AddMetadata(key, value);
  }
};

template <class Got, class Want>
void expect(const std::string& what, const Got& got, const Want& want) {
  if (got == want) return;
  std::ostringstream text;
  text << what << ": got " << got << ", want " << want;
  throw std::runtime_error(text.str());
}

void expect_ok(const std::string& what, const Status& status) {
  if (!status.ok()) {
    throw std::runtime_error(what + ": " + std::to_string(status.error_code()) + ' ' + status.error_message());
  }
}

void expect_status(const std::string& what, const Status& status, StatusCode code, const std::string& message) {
  expect(what + " code", status.error_code(), code);
  expect(what + " message", status.error_message(), message);
}

Payload payload(std::size_t size) {
  Payload made;
  made.mutable_body()->resize(size);
  return made;
}

SimpleRequest simple_request(int request_size, int response_size) {
  SimpleRequest request;
  request.set_response_size(response_size);
  *request.mutable_payload() = payload(request_size);
  return request;
}

StreamingOutputCallRequest output_request(std::initializer_list<int> sizes) {
  StreamingOutputCallRequest request;
  for (int size : sizes) request.add_response_parameters()->set_size(size);
  return request;
}

StreamingOutputCallRequest waiting_request(std::initializer_list<int> first_sizes) {
  auto request = output_request(first_sizes);
  auto* last = request.add_response_parameters();
  last->set_size(1);
  last->set_interval_us(never.count());
  return request;
}

void unary(Client& client, const SimpleRequest& request, ClientContext& context) {
  SimpleResponse response;
  expect_ok("unary", client.test->UnaryCall(&context, request, &response));
  expect("payload", static_cast<int>(response.payload().body().size()), request.response_size());
}

void unary(Client& client, const SimpleRequest& request) {
  Call call;
  unary(client, request, call);
}

// One request, one answer, in turns.
class Duplex {
 public:
  Duplex(Client& client, ClientContext& context) : stream_(client.test->FullDuplexCall(&context)) {}

  void exchange(int request_size, int response_size) {
    auto request = output_request({response_size});
    *request.mutable_payload() = payload(request_size);
    expect("write", stream_->Write(request), true);
    StreamingOutputCallResponse response;
    expect("read", stream_->Read(&response), true);
    expect("payload", static_cast<int>(response.payload().body().size()), response_size);
  }

  void finish() {
    stream_->WritesDone();
    StreamingOutputCallResponse response;
    expect("another response", stream_->Read(&response), false);
    expect_ok("duplex", stream_->Finish());
  }

  Status end() {
    StreamingOutputCallResponse response;
    while (stream_->Read(&response)) {
    }
    return stream_->Finish();
  }

 private:
  std::unique_ptr<grpc::ClientReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>> stream_;
};

// Reads all; gives how the call ended.
Status drain(grpc::ClientReader<StreamingOutputCallResponse>& responses) {
  StreamingOutputCallResponse response;
  while (responses.Read(&response)) {
  }
  return responses.Finish();
}

const std::array kinds = {"unary", "client_stream", "server_stream", "duplex"};

// A call of one kind that does not end by itself.
Status endless(Client& client, std::string_view kind, ClientContext& context) {
  if (kind == "unary") {
    context.AddMetadata(asked::delay, std::to_string(never / 1ms));
    SimpleResponse response;
    return client.test->UnaryCall(&context, {}, &response);
  }
  if (kind == "client_stream") {
    StreamingInputCallResponse response;
    return client.test->StreamingInputCall(&context, &response)->Finish();
  }
  if (kind == "server_stream") return drain(*client.test->StreamingOutputCall(&context, waiting_request({})));
  return Duplex(client, context).end();
}

std::string call_id() {
  static std::atomic<int> last{0};
  return std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + '-' + std::to_string(++last);
}

// Waits until the server has seen the event.
Status happened(Client& client, const std::string& event) {
  Call call({{asked::await, event}});
  call.set_deadline(std::chrono::system_clock::now() + 5s);
  Empty response;
  return client.test->EmptyCall(&call, {}, &response);
}

void await_event(Client& client, const std::string& event) { expect_ok("waiting for " + event, happened(client, event)); }

void empty_unary(Client& client) {
  Call call;
  Empty response;
  expect_ok("empty", client.test->EmptyCall(&call, {}, &response));
}

void large_unary(Client& client) { unary(client, simple_request(271828, 314159)); }

void client_streaming(Client& client) {
  Call call;
  StreamingInputCallResponse response;
  auto requests = client.test->StreamingInputCall(&call, &response);
  for (int size : {27182, 8, 1828, 45904}) {
    StreamingInputCallRequest request;
    *request.mutable_payload() = payload(size);
    expect("write", requests->Write(request), true);
  }
  requests->WritesDone();
  expect_ok("client_stream", requests->Finish());
  expect("aggregated size", response.aggregated_payload_size(), 74922);
}

void server_streaming(Client& client) {
  Call call;
  auto responses = client.test->StreamingOutputCall(&call, output_request({31415, 9, 2653, 58979}));
  StreamingOutputCallResponse response;
  for (std::size_t size : {31415, 9, 2653, 58979}) {
    expect("read", responses->Read(&response), true);
    expect("payload", response.payload().body().size(), size);
  }
  expect("another response", responses->Read(&response), false);
  expect_ok("server_stream", responses->Finish());
}

void ping_pong(Client& client) {
  Call call;
  Duplex duplex(client, call);
  duplex.exchange(27182, 31415);
  duplex.exchange(8, 9);
  duplex.exchange(1828, 2653);
  duplex.exchange(45904, 58979);
  duplex.finish();
}

void empty_stream(Client& client) {
  Call call;
  Duplex(client, call).finish();
}

void timeout(Client& client) {
  for (const char* kind : kinds) {
    // On a busy machine the time may be over before the server has heard of the call: then the next one is tried.
    for (const std::chrono::milliseconds time : {100ms, 1'000ms, 5'000ms}) {
      const auto id = call_id();
      Call call({{asked::call, id}});
      call.set_deadline(std::chrono::system_clock::now() + time);
      expect(kind, endless(client, kind, call).error_code(), StatusCode::DEADLINE_EXCEEDED);
      if (time < 5s && !happened(client, "begun " + id).ok()) continue;
      await_event(client, "ended " + id);
      break;
    }
  }
}

void cancel_after_begin(Client& client) {
  for (const char* kind : kinds) {
    const auto id = call_id();
    Call call({{asked::call, id}});
    auto ended = std::async(std::launch::async, [&] { return endless(client, kind, call); });
    await_event(client, "begun " + id);
    call.TryCancel();
    expect(kind, ended.get().error_code(), StatusCode::CANCELLED);
    await_event(client, "ended " + id);
  }
}

void cancel_after_first_response(Client& client) {
  {
    const auto id = call_id();
    Call call({{asked::call, id}});
    auto responses = client.test->StreamingOutputCall(&call, waiting_request({31415}));
    StreamingOutputCallResponse response;
    expect("read", responses->Read(&response), true);
    call.TryCancel();
    expect("server_stream", drain(*responses).error_code(), StatusCode::CANCELLED);
    await_event(client, "ended " + id);
  }
  const auto id = call_id();
  Call call({{asked::call, id}});
  Duplex duplex(client, call);
  duplex.exchange(27182, 31415);
  call.TryCancel();
  expect("duplex", duplex.end().error_code(), StatusCode::CANCELLED);
  await_event(client, "ended " + id);
}

using ReceivedMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

std::string joined(const ReceivedMetadata& metadata, const char* key, const std::string& separator) {
  std::string text;
  auto [first, last] = metadata.equal_range(key);
  for (; first != last; ++first) {
    if (!text.empty()) text += separator;
    text.append(first->second.data(), first->second.size());
  }
  return text;
}

void expect_echo(const std::string& kind, const ClientContext& context) {
  // RFC 9110 section 5.3: a list may arrive as several fields or as one, joined with a comma.
  auto initial = joined(context.GetServerInitialMetadata(), asked::echo_initial, ",");
  if (auto space = initial.find(", "); space != initial.npos) initial.erase(space + 1, 1);
  expect(kind + " header", initial, "test_initial_metadata_value,a second one");
  const auto trailing = joined(context.GetServerTrailingMetadata(), asked::echo_trailing, " then ");
  expect(kind + " trailer", trailing, std::string("\xab\xab\xab then \x00\xff,\n", 13));
}

void custom_metadata(Client& client) {
  const std::vector<std::pair<std::string, std::string>> metadata = {
      {asked::echo_initial, "test_initial_metadata_value"},
      {asked::echo_initial, "a second one"},
      {asked::echo_trailing, "\xab\xab\xab"},
      {asked::echo_trailing, std::string("\x00\xff,\n", 4)},
  };
  Call simple(metadata);
  unary(client, simple_request(1, 1), simple);
  expect_echo("unary", simple);

  Call input(metadata);
  StreamingInputCallResponse response;
  auto requests = client.test->StreamingInputCall(&input, &response);
  requests->WritesDone();
  expect_ok("client_stream", requests->Finish());
  expect_echo("client_stream", input);

  Call output(metadata);
  expect_ok("server_stream", drain(*client.test->StreamingOutputCall(&output, output_request({1}))));
  expect_echo("server_stream", output);

  Call both(metadata);
  Duplex duplex(client, both);
  duplex.exchange(1, 1);
  duplex.finish();
  expect_echo("duplex", both);
}

// Asks for a status from each method whose request can carry one.
void fail_with(Client& client, const std::string& message) {
  EchoStatus wanted;
  wanted.set_code(StatusCode::UNKNOWN);
  wanted.set_message(message);

  SimpleRequest simple;
  *simple.mutable_response_status() = wanted;
  Call unary_call;
  SimpleResponse response;
  const auto status = client.test->UnaryCall(&unary_call, simple, &response);
  expect_status("unary", status, StatusCode::UNKNOWN, message);

  auto output = output_request({1});
  *output.mutable_response_status() = wanted;
  Call output_call;
  const auto drained = drain(*client.test->StreamingOutputCall(&output_call, output));
  expect_status("server_stream", drained, StatusCode::UNKNOWN, message);

  output.clear_response_parameters();
  Call duplex_call;
  auto stream = client.test->FullDuplexCall(&duplex_call);
  stream->Write(output);
  expect_status("duplex", stream->Finish(), StatusCode::UNKNOWN, message);
}

void status_code_and_message(Client& client) { fail_with(client, "test status message"); }

void special_status_message(Client& client) {
  fail_with(client, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈 and 100 %\t\n");
}

void unimplemented_method(Client& client) {
  Call call;
  Empty response;
  expect("code", client.test->UnimplementedCall(&call, {}, &response).error_code(), StatusCode::UNIMPLEMENTED);
}

void unimplemented_service(Client& client) {
  Call call;
  Empty response;
  const auto stub = UnimplementedService::NewStub(client.channel);
  expect("code", stub->UnimplementedCall(&call, {}, &response).error_code(), StatusCode::UNIMPLEMENTED);
}

void error_details(Client& client) {
  google::rpc::ErrorInfo detail;
  detail.set_reason("VOLUME_BUSY");
  detail.set_domain("podwire.test");
  (*detail.mutable_metadata())["volume"] = "ü 1";
  google::rpc::Status failure;
  failure.set_code(StatusCode::FAILED_PRECONDITION);
  failure.set_message("the volume is busy");
  failure.add_details()->PackFrom(detail);
  for (const std::string kind : kinds) {
    Call call({{asked::status, failure.SerializeAsString()}});
    SimpleResponse response;
    const auto status =
        kind == "unary" ? client.test->UnaryCall(&call, {}, &response) : endless(client, kind, call);
    expect_status(kind, status, StatusCode::FAILED_PRECONDITION, failure.message());
    google::rpc::Status got;
    expect(kind + " details are readable", got.ParseFromString(status.error_details()), true);
    expect(kind + " details", got.DebugString(), failure.DebugString());
  }
}

void gzip(Client& client) {
  auto request = simple_request(271828, 314159);
  request.mutable_expect_compressed()->set_value(true);
  request.mutable_response_compressed()->set_value(true);
  Call compressed;
  compressed.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  unary(client, request, compressed);
  request.mutable_expect_compressed()->set_value(false);
  request.mutable_response_compressed()->set_value(false);
  unary(client, request);

  Call input;
  input.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  StreamingInputCallResponse response;
  auto requests = client.test->StreamingInputCall(&input, &response);
  for (int count = 0; count < 3; ++count) {
    StreamingInputCallRequest part;
    *part.mutable_payload() = payload(27182);
    part.mutable_expect_compressed()->set_value(true);
    expect("write", requests->Write(part), true);
  }
  requests->WritesDone();
  expect_ok("client_stream", requests->Finish());
  expect("aggregated size", response.aggregated_payload_size(), 3 * 27182);

  Call both;
  both.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  Duplex duplex(client, both);
  duplex.exchange(27182, 31415);
  duplex.exchange(8, 9);
  duplex.finish();
}

void large_message(Client& client) {
  constexpr int size = 3 << 20;
  unary(client, simple_request(size, size));
  Call call;
  Duplex duplex(client, call);
  duplex.exchange(size, size);
  duplex.exchange(size, size);
  duplex.finish();
}

void concurrent_calls(Client& client) {
  std::vector<std::future<void>> calls;
  for (int number = 0; number < 200; ++number) {
    calls.push_back(std::async(std::launch::async, [&client, number] {
      number % 4 == 0 ? ping_pong(client) : unary(client, simple_request(100, 1000 + number));
    }));
  }
  for (auto& call : calls) call.get();
}

const std::pair<const char*, void (*)(Client&)> cases[] = {
    {"empty_unary", empty_unary},
    {"large_unary", large_unary},
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"timeout", timeout},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"custom_metadata", custom_metadata},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
    {"error_details", error_details},
    {"gzip", gzip},
    {"large_message", large_message},
    {"concurrent_calls", concurrent_calls},
};

}  // namespace

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& known : cases) names.emplace_back(known.first);
  return names;
}

void run_case(const std::string& name, const std::shared_ptr<grpc::Channel>& channel) {
  for (const auto& [known, run] : cases) {
    if (name != known) continue;
    Client client{channel};
    return run(client);
  }
  throw std::runtime_error("unknown case " + name);
}
