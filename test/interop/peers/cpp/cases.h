#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

// The names of all cases, in their order.
std::vector<std::string> case_names();

// Throws when something is not as it must be.
void run_case(const std::string& name, const std::shared_ptr<grpc::Channel>& channel);
