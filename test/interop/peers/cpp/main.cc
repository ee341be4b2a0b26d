// The C++ peer: `server --endpoint E` or `client --endpoint E --case NAME[,NAME...]`.

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include "cases.h"
#include "service.h"

namespace {

int serve(const std::string& endpoint) {
  // Before any thread is made: all of them leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto service = make_service();
  // gRPC names endpoints as we do: both spellings go in as they are.
  const auto server = grpc::ServerBuilder()
                          .AddListeningPort(endpoint, grpc::InsecureServerCredentials())
                          .RegisterService(service.get())
                          .BuildAndStart();
  if (server == nullptr) {
    std::cerr << "cannot listen on " << endpoint << '\n';
    return 1;
  }
  std::cout << "listening" << std::endl;
  int number;
  sigwait(&signals, &number);
  server->Shutdown(std::chrono::system_clock::now());
  // Without ~Server: its grpc_shutdown now and then waits ten seconds for a thread of gRPC's own that polls (1.51).
  std::_Exit(0);
}

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> parts;
  std::istringstream text(names);
  for (std::string part; std::getline(text, part, ',');) parts.push_back(part);
  return parts;
}

int run(const std::string& endpoint, const std::vector<std::string>& names) {
  const auto channel = grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials());
  bool failed = false;
  for (const auto& name : names) {
    google::protobuf::Struct line;
    auto& fields = *line.mutable_fields();
    fields["case"].set_string_value(name);
    const auto start = std::chrono::steady_clock::now();
    try {
      run_case(name, channel);
      fields["ok"].set_bool_value(true);
    } catch (const std::exception& error) {
      failed = true;
      fields["ok"].set_bool_value(false);
      fields["error"].set_string_value(error.what());
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    fields["ms"].set_number_value(took.count());
    std::string json;
    google::protobuf::util::MessageToJsonString(line, &json);
    std::cout << json << std::endl;
  }
  return failed ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::map<std::string, std::string> options = {{"--case", "all"}};
  for (int index = 2; index + 1 < count; index += 2) options[arguments[index]] = arguments[index + 1];
  const std::string command = count > 1 ? arguments[1] : "";
  const auto& endpoint = options["--endpoint"];
  const auto& names = options["--case"];
  if (!endpoint.empty() && command == "server") return serve(endpoint);
  if (!endpoint.empty() && command == "client") return run(endpoint, names == "all" ? case_names() : split(names));
  std::cerr << "usage: server --endpoint E | client --endpoint E --case NAME[,NAME...]\n";
  return 1;
}
