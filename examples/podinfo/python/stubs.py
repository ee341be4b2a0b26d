"""podinfo.v1.PodInfo as Python sees it: `messages` and `services`, generated from the .proto when a program starts."""

import pathlib
import sys

import grpc

# grpcio-tools looks for .proto files where Python looks for modules.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "proto"))

messages, services = grpc.protos_and_services("podinfo/v1/podinfo.proto")
