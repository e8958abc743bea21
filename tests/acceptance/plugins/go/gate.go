package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"prism.dev/acceptance/plugin/gen/prism/plugin/v1"
)

var contractPrefix = "/" + pluginv1.PluginService_ServiceDesc.ServiceName + "/"

// gate lets in the calls that carry the handshake's token, and counts those of apps until they end, so that a drain can wait.
type gate struct {
	token    string
	mutex    sync.Mutex
	inFlight int
	// Closed when no new calls are taken.
	draining chan struct{}
	// Closed when no new calls are taken and none is left.
	idle chan struct{}
}

func newGate() *gate {
	return &gate{token: rand.Text(), draining: make(chan struct{}), idle: make(chan struct{})}
}

// enter refuses the call or counts it until leave is called. Calls of the contract itself are not counted.
func (g *gate) enter(path, authorization string) (leave func(), err error) {
	if subtle.ConstantTimeCompare([]byte(authorization), []byte("Bearer "+g.token)) != 1 {
		return nil, status.Error(codes.Unauthenticated, "The call does not carry the token of this process.")
	}
	if strings.HasPrefix(path, contractPrefix) {
		return func() {}, nil
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.isDraining() {
		return nil, status.Error(codes.Unavailable, "The plugin is draining.")
	}
	g.inFlight++
	return g.leave, nil
}

func (g *gate) leave() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.inFlight--
	if g.isDraining() && g.inFlight == 0 {
		close(g.idle)
	}
}

func (g *gate) isDraining() bool {
	select {
	case <-g.draining:
		return true
	default:
		return false
	}
}

func (g *gate) callsInFlight() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.inFlight
}

// drain takes no new calls and waits for those in flight. Called once.
func (g *gate) drain(grace time.Duration) (completed, aborted uint32) {
	g.mutex.Lock()
	close(g.draining)
	before := g.inFlight
	if before == 0 {
		close(g.idle)
	}
	g.mutex.Unlock()
	select {
	case <-g.idle:
	case <-time.After(grace):
	}
	left := g.callsInFlight()
	return uint32(before - left), uint32(left)
}

func (g *gate) unary(ctx context.Context, message any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	leave, err := g.enter(info.FullMethod, authorizationOf(ctx))
	if err != nil {
		return nil, err
	}
	defer leave()
	return handle(ctx, message)
}

func (g *gate) stream(service any, call grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	leave, err := g.enter(info.FullMethod, authorizationOf(call.Context()))
	if err != nil {
		return err
	}
	defer leave()
	return handle(service, call)
}

func authorizationOf(ctx context.Context) string {
	return strings.Join(metadata.ValueFromIncomingContext(ctx, "authorization"), ", ")
}
