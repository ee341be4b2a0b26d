// The benchmark's server in gRPC C++; see bench/README.md. One completion queue, one thread.

#include <absl/synchronization/mutex.h>
#include <grpcpp/grpcpp.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <functional>
#include <list>
#include <map>
#include <thread>

#include "csi/v1/csi.pb.h"
#include "options.h"
#include "podinfo/v1/podinfo.pb.h"
#include "server-calls.h"

using namespace csi::v1;
using namespace grpc::testing;
using namespace podinfo::v1;

namespace {

constexpr int entry_count = 1000;

const Empty& empty(Empty&, Empty& response) { return response; }

const SimpleResponse& simple(SimpleRequest& request, SimpleResponse& response) {
  resize(*response.mutable_payload(), request.response_size());
  return response;
}

// Takes from the request what the response repeats.
const CreateVolumeResponse& create_volume(CreateVolumeRequest& request, CreateVolumeResponse& response) {
  auto& volume = *response.mutable_volume();
  volume.mutable_volume_id()->swap(*request.mutable_name());
  volume.set_capacity_bytes(request.capacity_range().required_bytes());
  volume.mutable_volume_context()->swap(*request.mutable_parameters());
  volume.clear_content_source();
  if (request.has_volume_content_source()) volume.mutable_content_source()->Swap(request.mutable_volume_content_source());
  volume.mutable_accessible_topology()->Swap(request.mutable_accessibility_requirements()->mutable_preferred());
  return response;
}

ListVolumesResponse make_entries(int count) {
  ListVolumesResponse response;
  for (int index = 0; index < count; ++index) {
    char id[64];
    std::snprintf(id, sizeof id, "pvc-00000000-0000-4000-8000-%012d", index);
    auto& entry = *response.add_entries();
    auto& volume = *entry.mutable_volume();
    volume.set_volume_id(id);
    volume.set_capacity_bytes(10737418240);
    (*volume.mutable_volume_context())["storage.kubernetes.io/csiProvisionerIdentity"] =
        "1700000000000-8081-hostpath.csi.k8s.io";
    (*volume.add_accessible_topology()->mutable_segments())["topology.hostpath.csi/node"] = "worker-1";
    entry.mutable_status()->add_published_node_ids("worker-1");
  }
  return response;
}

// The entries of a length that was asked for are made once.
const ListVolumesResponse& list_volumes(ListVolumesRequest& request, ListVolumesResponse&) {
  static std::map<int, ListVolumesResponse> made = {{entry_count, make_entries(entry_count)}};
  const int count = std::min(request.max_entries(), entry_count);
  auto found = made.find(count);
  if (found == made.end()) found = made.emplace(count, make_entries(count)).first;
  return found->second;
}

const DescribeResponse& describe(DescribeRequest& request, DescribeResponse& response) {
  response.set_reply(request.text() + " And a reply from the server.");
  return response;
}

class Server {
 public:
  explicit Server(const std::string& endpoint) {
    add<UnaryCall<Empty, Empty, empty>>("/grpc.testing.TestService/EmptyCall", Methods::Type::NORMAL_RPC);
    add<UnaryCall<SimpleRequest, SimpleResponse, simple>>("/grpc.testing.TestService/UnaryCall",
                                                          Methods::Type::NORMAL_RPC);
    add<OutputCall>("/grpc.testing.TestService/StreamingOutputCall", Methods::Type::SERVER_STREAMING);
    add<InputCall>("/grpc.testing.TestService/StreamingInputCall", Methods::Type::CLIENT_STREAMING);
    add<DuplexCall>("/grpc.testing.TestService/FullDuplexCall", Methods::Type::BIDI_STREAMING);
    add<UnaryCall<CreateVolumeRequest, CreateVolumeResponse, create_volume>>("/csi.v1.Controller/CreateVolume",
                                                                             Methods::Type::NORMAL_RPC);
    add<UnaryCall<ListVolumesRequest, ListVolumesResponse, list_volumes>>("/csi.v1.Controller/ListVolumes",
                                                                          Methods::Type::NORMAL_RPC);
    add<UnaryCall<DescribeRequest, DescribeResponse, describe>>("/podinfo.v1.PodInfo/Describe",
                                                                Methods::Type::NORMAL_RPC);
    builder_.AddListeningPort(endpoint, grpc::InsecureServerCredentials());
    builder_.SetMaxReceiveMessageSize(8 << 20);
    builder_.RegisterService(&methods_);
    server_ = builder_.BuildAndStart();
    if (server_ == nullptr) throw std::runtime_error("cannot listen on " + endpoint);
    for (auto& begin : begins_) begin();
  }

  void run() {
    void* tag;
    bool ok;
    while (queue_->Next(&tag, &ok)) static_cast<Tag*>(tag)->on(ok);
  }

 private:
  template <class Call>
  void add(const char* name, Methods::Type type) {
    auto& place = places_.emplace_back(Place{methods_, methods_.add(name, type), *queue_});
    begins_.push_back([&place] { (new Call(place))->wait(); });
  }

  grpc::ServerBuilder builder_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_ = builder_.AddCompletionQueue();
  Methods methods_;
  std::list<Place> places_;
  std::list<std::function<void()>> begins_;
  std::unique_ptr<grpc::Server> server_;
};

void report_memory(sigset_t signals) {
  for (int number; sigwait(&signals, &number) == 0;) {
    malloc_trim(0);
    std::printf("{\"heapBytes\":%zu}\n", mallinfo2().uordblks);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int count, char** arguments) {
  // Debian builds Abseil with the search for deadlocks that an optimised build leaves out.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Before any thread is made: only one of them takes the signal.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    Server server(Options(count, arguments).text("endpoint"));
    std::thread(report_memory, signals).detach();
    std::cout << "listening" << std::endl;
    server.run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
