// Calls grpc.testing.TestService as an app written in Go would: grpc-go.
//
// Usage: client ADDRESS CASE; see real-clients.test.ts. Exits 0 when the case passes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testing "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// The default limit of a message, less what stands around the payload.
	largeBytes = 4*1024*1024 - 64
	// The shortest that grpc-go takes.
	keepaliveInterval = 10 * time.Second
	// Longer than one interval.
	silence  = 11 * time.Second
	deadline = 300 * time.Millisecond
	// Several ages of the test's connections.
	longLife    = 3 * time.Second
	callTimeout = 20 * time.Second
)

var sizes = []int{31_415, 9, 2_653, 58_979}

var cases = map[string]func(context.Context, testing.TestServiceClient) error{
	"unary":            func(ctx context.Context, c testing.TestServiceClient) error { return unary(ctx, c, 1_000) },
	"large_messages":   func(ctx context.Context, c testing.TestServiceClient) error { return unary(ctx, c, largeBytes) },
	"server_streaming": serverStreaming,
	"client_streaming": clientStreaming,
	"bidi_streaming":   bidiStreaming,
	"deadline":         passDeadline,
	"cancellation":     cancellation,
	"binary_metadata":  binaryMetadata,
	"keepalive":        keepAlive,
	"connection_age":   connectionAge,
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, name string) error {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveInterval}))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, done := context.WithTimeout(context.Background(), callTimeout)
	defer done()
	return cases[name](ctx, testing.NewTestServiceClient(connection))
}

func payload(size int) *testing.Payload {
	return &testing.Payload{Body: make([]byte, size)}
}

func output(sizes ...int) *testing.StreamingOutputCallRequest {
	request := &testing.StreamingOutputCallRequest{}
	for _, size := range sizes {
		request.ResponseParameters = append(request.ResponseParameters, &testing.ResponseParameters{Size: int32(size)})
	}
	return request
}

func expect[T comparable](what string, seen, expected T) error {
	if seen != expected {
		return fmt.Errorf("%s: %v, expected %v", what, seen, expected)
	}
	return nil
}

func unary(ctx context.Context, client testing.TestServiceClient, size int) error {
	answer, err := client.UnaryCall(ctx, &testing.SimpleRequest{ResponseSize: int32(size), Payload: payload(size)})
	if err != nil {
		return err
	}
	return expect("size of the answer", len(answer.GetPayload().GetBody()), size)
}

// expectAnswer takes the next answer, which has this size.
func expectAnswer(answers interface {
	Recv() (*testing.StreamingOutputCallResponse, error)
}, size int) error {
	answer, err := answers.Recv()
	if err != nil {
		return err
	}
	return expect("size of an answer", len(answer.GetPayload().GetBody()), size)
}

func serverStreaming(ctx context.Context, client testing.TestServiceClient) error {
	answers, err := client.StreamingOutputCall(ctx, output(sizes...))
	if err != nil {
		return err
	}
	for _, size := range sizes {
		if err := expectAnswer(answers, size); err != nil {
			return err
		}
	}
	_, err = answers.Recv()
	return expect("after the last answer", err, io.EOF)
}

func clientStreaming(ctx context.Context, client testing.TestServiceClient) error {
	call, err := client.StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	sum := 0
	for _, size := range sizes {
		sum += size
		if err := call.Send(&testing.StreamingInputCallRequest{Payload: payload(size)}); err != nil {
			return err
		}
	}
	answer, err := call.CloseAndRecv()
	if err != nil {
		return err
	}
	return expect("sum of the sizes", int(answer.GetAggregatedPayloadSize()), sum)
}

func bidiStreaming(ctx context.Context, client testing.TestServiceClient) error {
	call, err := client.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for _, size := range sizes {
		if err := call.Send(output(size)); err != nil {
			return err
		}
		if err := expectAnswer(call, size); err != nil {
			return err
		}
	}
	if err := call.CloseSend(); err != nil {
		return err
	}
	_, err = call.Recv()
	return expect("after the last answer", err, io.EOF)
}

func passDeadline(ctx context.Context, client testing.TestServiceClient) error {
	ctx, done := context.WithTimeout(ctx, deadline)
	defer done()
	call, err := client.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	_, err = call.Recv()
	return expect("status", status.Code(err), codes.DeadlineExceeded)
}

func cancellation(ctx context.Context, client testing.TestServiceClient) error {
	cancelled, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := client.FullDuplexCall(cancelled)
	if err != nil {
		return err
	}
	if err := call.Send(output(1)); err != nil {
		return err
	}
	if err := expectAnswer(call, 1); err != nil {
		return err
	}
	cancel()
	if _, err := call.Recv(); status.Code(err) != codes.Canceled {
		return fmt.Errorf("after the cancellation: %v", err)
	}
	_, err = client.EmptyCall(ctx, &testing.Empty{})
	return err
}

func binaryMetadata(ctx context.Context, client testing.TestServiceClient) error {
	const initial, trailing = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
	bytes := string([]byte{0, 1, 10, 13, 127, 128, 254, 255})
	var header, trailer metadata.MD
	ctx = metadata.AppendToOutgoingContext(ctx, initial, "text", trailing, bytes)
	if _, err := client.UnaryCall(ctx, &testing.SimpleRequest{}, grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
		return err
	}
	if err := expect("header", fmt.Sprint(header.Get(initial)), "[text]"); err != nil {
		return err
	}
	return expect("trailer", fmt.Sprintf("%q", trailer.Get(trailing)), fmt.Sprintf("%q", []string{bytes}))
}

func keepAlive(ctx context.Context, client testing.TestServiceClient) error {
	call, err := client.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	time.Sleep(silence)
	if err := call.Send(output(1)); err != nil {
		return err
	}
	return expectAnswer(call, 1)
}

func connectionAge(ctx context.Context, client testing.TestServiceClient) error {
	for until := time.Now().Add(longLife); time.Now().Before(until); {
		if _, err := client.EmptyCall(ctx, &testing.Empty{}); err != nil {
			return err
		}
	}
	return nil
}
