package main

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
)

var bothWays = &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}

// forwarder hands calls on to another server: metadata, deadline, messages and status, whatever the service.
type forwarder struct{ server *grpc.ClientConn }

func forwardTo(address string) (*forwarder, error) {
	unlimited := grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32))
	server, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), unlimited)
	return &forwarder{server}, err
}

// handle is what grpc-go calls for methods that are not registered.
func (f *forwarder) handle(_ any, app grpc.ServerStream) error {
	ctx, giveUp := context.WithCancel(app.Context())
	defer giveUp()
	given, _ := metadata.FromIncomingContext(ctx)
	onward := given.Copy()
	onward.Delete("authorization")
	method, _ := grpc.MethodFromServerStream(app)
	_, subtype, _ := strings.Cut(strings.Join(given["content-type"], ""), "+")
	server, err := f.server.NewStream(metadata.NewOutgoingContext(ctx, onward), bothWays, method,
		grpc.CallContentSubtype(subtype), grpc.ForceCodecV2(unreadCodec{}))
	if err != nil {
		return err
	}
	go func() {
		if err := copyMessages(server, app); errors.Is(err, io.EOF) {
			_ = server.CloseSend()
		}
	}()
	return copyAnswer(app, server)
}

// compressAnswer lets messages come to the app compressed if it understands that, as grpc-go does not tell how the server sent them.
func compressAnswer(ctx context.Context) error {
	understood, err := grpc.ClientSupportedCompressors(ctx)
	if err != nil || !slices.Contains(understood, gzip.Name) {
		return err
	}
	return grpc.SetSendCompressor(ctx, gzip.Name)
}

func copyAnswer(app grpc.ServerStream, server grpc.ClientStream) error {
	if err := compressAnswer(app.Context()); err != nil {
		return err
	}
	// None: the answer is a status alone.
	if headers, err := server.Header(); err == nil && headers != nil {
		if err := app.SendHeader(headers); err != nil {
			return err
		}
	}
	err := copyMessages(app, server)
	app.SetTrailer(server.Trailer())
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// copyMessages ends with the error that ends one of the streams; io.EOF is the end of the messages.
func copyMessages(to interface{ SendMsg(any) error }, from interface{ RecvMsg(any) error }) error {
	for {
		var message unread
		if err := from.RecvMsg(&message); err != nil {
			return err
		}
		if err := to.SendMsg(&message); err != nil {
			return err
		}
	}
}

// unread is a message as bytes.
type unread struct{ bytes mem.BufferSlice }

// unreadCodec leaves such messages as they are; the contract's own are protobuf.
type unreadCodec struct{}

func (unreadCodec) Marshal(message any) (mem.BufferSlice, error) {
	if message, ok := message.(*unread); ok {
		return message.bytes, nil
	}
	return encoding.GetCodecV2(proto.Name).Marshal(message)
}

func (unreadCodec) Unmarshal(bytes mem.BufferSlice, message any) error {
	if message, ok := message.(*unread); ok {
		bytes.Ref()
		message.bytes = bytes
		return nil
	}
	return encoding.GetCodecV2(proto.Name).Unmarshal(bytes, message)
}

func (unreadCodec) Name() string { return proto.Name }
