// A neighbour in the pod, in Go: go run ./client [endpoint]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"podinfo.example/podinfov1"
)

func main() {
	endpoint := "unix-abstract:podinfo"
	if len(os.Args) > 1 {
		endpoint = os.Args[1]
	}
	// No TLS: the bytes do not leave the machine.
	channel, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request := &podinfov1.DescribeRequest{Text: "Some values from the client,"}
	response, err := podinfov1.NewPodInfoClient(channel).Describe(ctx, request, grpc.WaitForReady(true))
	if err != nil {
		log.Fatal(err)
	}
	if response.GetReply() == "" {
		fmt.Println("the reply was empty")
		return
	}
	fmt.Println(response.GetReply())
}
