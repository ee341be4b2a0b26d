// The benchmark's client in gRPC C++; see bench/README.md. One completion queue, one thread.

#include <absl/synchronization/mutex.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "options.h"
#include "podinfo/v1/podinfo.grpc.pb.h"
#include "workers.h"

namespace {

constexpr int opening = 50;

using Connections = std::vector<std::unique_ptr<Connection>>;
using Workers = std::vector<std::unique_ptr<Worker>>;

std::chrono::nanoseconds duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

// At most so many at a time.
Connections open_all(const std::string& endpoint, int count) {
  struct Greeting {
    grpc::ClientContext context;
    grpc::testing::Empty response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::testing::Empty>> reader;
  };
  Connections all;
  grpc::CompletionQueue queue;
  while (static_cast<int>(all.size()) < count) {
    std::vector<Greeting> greetings(std::min<std::size_t>(opening, count - all.size()));
    for (auto& greeting : greetings) {
      all.push_back(std::make_unique<Connection>(endpoint));
      greeting.context.set_deadline(std::chrono::system_clock::now() + deadline);
      greeting.reader = all.back()->test->AsyncEmptyCall(&greeting.context, {}, &queue);
      greeting.reader->Finish(&greeting.response, &greeting.status, &greeting);
    }
    for (std::size_t ended = 0; ended < greetings.size(); ++ended) {
      void* tag;
      bool ok;
      queue.Next(&tag, &ok);
      check(static_cast<Greeting*>(tag)->status);
    }
  }
  return all;
}

std::unique_ptr<Worker> make_worker(const std::string& call, Load& load, Connection& connection) {
  if (call == "unary") return std::make_unique<UnaryWorker<UnaryCall>>(load, connection);
  if (call == "create-volume") return std::make_unique<UnaryWorker<CreateVolume>>(load, connection);
  if (call == "list-volumes") return std::make_unique<UnaryWorker<ListVolumes>>(load, connection);
  if (call == "server-stream") return std::make_unique<ServerStreamWorker>(load, connection);
  if (call == "client-stream") return std::make_unique<ClientStreamWorker>(load, connection);
  if (call == "ping-pong") return std::make_unique<PingPongWorker>(load, connection);
  fail("there is no --call=" + call);
}

// Handles what happens until then, or until nobody runs any more.
void handle_until(Load& load, Clock::time_point end) {
  // The queue takes the system's clock.
  const auto until = std::chrono::system_clock::now() + (end - Clock::now());
  void* tag;
  bool ok;
  while (load.running > 0 && Clock::now() < end) {
    if (load.queue.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::GOT_EVENT) load.handle(tag, ok);
  }
}

void report(Load& load, double seconds, int units_for_each) {
  auto& sorted = load.nanoseconds;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&sorted](double share) {
    return sorted.empty() ? 0.0 : sorted[static_cast<std::size_t>(sorted.size() * share)] / 1e3;
  };
  std::printf("{\"units\":%zu,\"seconds\":%.6f,\"p50\":%.3f,\"p99\":%.3f}\n", sorted.size() * units_for_each, seconds,
              quantile(0.5), quantile(0.99));
  std::fflush(stdout);
}

int describe(const std::string& endpoint) {
  Connection connection(endpoint);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  podinfo::v1::DescribeRequest request;
  request.set_text("Some values from the client,");
  podinfo::v1::DescribeResponse response;
  check(podinfo::v1::PodInfo::NewStub(connection.channel)->Describe(&context, request, &response));
  std::cout << "answer" << std::endl;
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  // Debian builds Abseil with the search for deadlocks that an optimised build leaves out.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const Options options(count, arguments);
  const auto call = options.text("call", "unary");
  const auto endpoint = options.text("endpoint");
  if (call == "describe") return describe(endpoint);

  Load load;
  load.endpoint = endpoint;
  load.bytes = static_cast<int>(options.number("bytes", 64));
  load.messages = static_cast<int>(options.number("messages", 1));
  load.nanoseconds.reserve(1 << 20);
  if (const auto file = options.text("request-file"); !file.empty()) {
    std::ifstream encoded(file, std::ios::binary);
    if (!load.create_volume.ParseFromIstream(&encoded)) fail("no CreateVolumeRequest in " + file);
  }

  const bool connecting = call == "connect";
  const auto connections =
      connecting ? Connections() : open_all(endpoint, static_cast<int>(options.number("connections", 1)));
  Workers workers;
  const int in_flight = static_cast<int>(options.number("in-flight", 1));
  if (connecting) {
    for (int index = 0; index < in_flight; ++index) workers.push_back(std::make_unique<ConnectWorker>(load));
  }
  for (const auto& connection : connections) {
    for (int index = 0; index < in_flight; ++index) workers.push_back(make_worker(call, load, *connection));
  }

  load.now = Clock::now();
  for (const auto& worker : workers) worker->start();
  handle_until(load, Clock::now() + duration(options.number("warm-up", 1)));
  std::cout << "begin" << std::endl;
  load.measuring = true;
  const auto began = Clock::now();
  handle_until(load, began + duration(options.number("seconds", 3)));
  load.measuring = false;
  const std::chrono::duration<double> elapsed = Clock::now() - began;
  std::cout << "end" << std::endl;
  load.stopping = true;
  handle_until(load, Clock::now() + deadline);
  if (load.running > 0) fail("calls go on after their deadline");
  report(load, elapsed.count(), call == "server-stream" || call == "client-stream" ? load.messages : 1);
  // The harness reads the memory of this process and ends it.
  for (;;) pause();
}
