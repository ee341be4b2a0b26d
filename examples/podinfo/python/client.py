"""A neighbour in the pod, in Python: python client.py [endpoint]"""

import sys

import grpc

from stubs import messages, services


def main():
    endpoint = sys.argv[1] if len(sys.argv) > 1 else "unix-abstract:podinfo"
    # No TLS: the bytes do not leave the machine.
    with grpc.insecure_channel(endpoint) as channel:
        request = messages.DescribeRequest(text="Some values from the client,")
        response = services.PodInfoStub(channel).Describe(request, timeout=5, wait_for_ready=True)
    print(response.reply or "the reply was empty")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")
