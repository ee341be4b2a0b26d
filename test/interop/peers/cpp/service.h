#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

// grpc.testing.TestService.
std::unique_ptr<grpc::Service> make_service();
