// A Prism plugin without Prism's SDK, written from docs/writing-a-plugin.md, "In another language", and proto/ alone. It has
// no pattern; it brings along services whose suites others wrote.
//
// Usage, started by the proxy:
//
//	plugin interop                      serves grpc-go's own grpc.testing.TestService
//	plugin forward ADDRESS SERVICE...   hands the calls of these services, unread, to the gRPC server at ADDRESS
package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"prism.dev/acceptance/plugin/gen/prism/plugin/v1"
)

// How long the answer to Drain may take to leave the process.
const lastAnswerTimeout = time.Second

func main() {
	go exitWhenTheProxyIsGone()
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func exitWhenTheProxyIsGone() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func run(given []string) error {
	gate := newGate()
	gated := []grpc.ServerOption{grpc.UnaryInterceptor(gate.unary), grpc.StreamInterceptor(gate.stream)}
	server, services, err := newServer(given, gated)
	if err != nil {
		return err
	}
	stop := func() {
		time.AfterFunc(lastAnswerTimeout, server.Stop)
		server.GracefulStop()
	}
	pluginv1.RegisterPluginServiceServer(server, &pluginService{gate: gate, services: services, stop: stop})
	listener, err := listenForTheProxy()
	if err != nil {
		return err
	}
	if err := shakeHands(listener, gate.token); err != nil {
		return err
	}
	return server.Serve(listener)
}

// newServer answers with the services that it offers to apps.
func newServer(given []string, options []grpc.ServerOption) (*grpc.Server, []string, error) {
	switch {
	case len(given) == 1 && given[0] == "interop":
		server := grpc.NewServer(options...)
		testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
		// As its name says, UnimplementedService is offered and not served.
		services := []string{
			testgrpc.TestService_ServiceDesc.ServiceName,
			testgrpc.UnimplementedService_ServiceDesc.ServiceName,
		}
		return server, services, nil
	case len(given) >= 3 && given[0] == "forward":
		forwarder, err := forwardTo(given[1])
		if err != nil {
			return nil, nil, err
		}
		options = append(options, grpc.UnknownServiceHandler(forwarder.handle), grpc.ForceServerCodecV2(unreadCodec{}),
			grpc.MaxRecvMsgSize(math.MaxInt32))
		return grpc.NewServer(options...), given[2:], nil
	default:
		return nil, nil, errors.New("usage: plugin interop | plugin forward ADDRESS SERVICE...")
	}
}
