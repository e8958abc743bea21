// Speaks to a Prism proxy as an app written in Go would: grpc-go, with stubs generated from proto/.
// Usage: acceptance ADDRESS NAMESPACE. Prints one line per step that holds; the first that does not ends it with status 1.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	idempotency "prism.dev/acceptance/gen/prism/idempotency/v1"
	keyvalue "prism.dev/acceptance/gen/prism/keyvalue/v1"
)

// No step takes longer on a machine that is not stuck.
const stepTimeout = 10 * time.Second

type steps struct {
	client    keyvalue.KeyValueServiceClient
	namespace string
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: acceptance ADDRESS NAMESPACE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, namespace string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	s := steps{client: keyvalue.NewKeyValueServiceClient(connection), namespace: namespace}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"set and get", s.setAndGet},
		{"a value of 2 MiB", s.largeValue},
		{"compare and set", s.compareAndSet},
		{"idempotency token", s.idempotencyToken},
		{"scan", s.scan},
		{"watch", s.watch},
		{"deadline", s.deadline},
		{"error details", s.errorDetails},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		err := step.run(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println(step.name)
	}
	return nil
}

func (s steps) set(ctx context.Context, key string, value []byte) (string, error) {
	answer, err := s.client.Set(ctx, &keyvalue.SetRequest{Namespace: s.namespace, Key: key, Value: value})
	return answer.GetEtag(), err
}

func (s steps) expectValue(ctx context.Context, key string, value []byte) error {
	answer, err := s.client.Get(ctx, &keyvalue.GetRequest{Namespace: s.namespace, Key: key})
	if err != nil {
		return err
	}
	if !answer.Found || !bytes.Equal(answer.Value, value) {
		return fmt.Errorf("%s: found=%t, %d bytes that are not the %d bytes that were set", key, answer.Found, len(answer.Value), len(value))
	}
	return nil
}

func (s steps) setAndGet(ctx context.Context) error {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	if _, err := s.set(ctx, "go/every-byte", every); err != nil {
		return err
	}
	if err := s.expectValue(ctx, "go/every-byte", every); err != nil {
		return err
	}
	missing, err := s.client.Get(ctx, &keyvalue.GetRequest{Namespace: s.namespace, Key: "go/missing"})
	if err != nil {
		return err
	}
	if missing.Found {
		return fmt.Errorf("a key that was never set was found")
	}
	return nil
}

func (s steps) largeValue(ctx context.Context) error {
	large := bytes.Repeat([]byte("0123456789abcdef"), 2<<20/16)
	if _, err := s.set(ctx, "go/large", large); err != nil {
		return err
	}
	return s.expectValue(ctx, "go/large", large)
}

func (s steps) compareAndSet(ctx context.Context) error {
	first, err := s.set(ctx, "go/cas", []byte("1"))
	if err != nil {
		return err
	}
	compareAndSet := func(value string) error {
		_, err := s.client.Set(ctx, &keyvalue.SetRequest{
			Namespace: s.namespace, Key: "go/cas", Value: []byte(value),
			Condition: &keyvalue.SetRequest_IfEtag{IfEtag: first},
		})
		return err
	}
	if err := compareAndSet("2"); err != nil {
		return err
	}
	if err := expectFailure(compareAndSet("3"), codes.Aborted, "ETAG_MISMATCH"); err != nil {
		return err
	}
	return s.expectValue(ctx, "go/cas", []byte("2"))
}

func (s steps) idempotencyToken(ctx context.Context) error {
	request := &keyvalue.SetRequest{
		Namespace: s.namespace, Key: "go/token", Value: []byte("once"),
		IdempotencyToken: &idempotency.IdempotencyToken{
			Time:  timestamppb.New(time.Now().Truncate(time.Microsecond)),
			Nonce: []byte("0123456789abcdef"),
		},
	}
	first, err := s.client.Set(ctx, request)
	if err != nil {
		return err
	}
	second, err := s.client.Set(ctx, request)
	if err != nil {
		return err
	}
	if first.Etag != second.Etag {
		return fmt.Errorf("the same token gave two answers: %s and %s", first.Etag, second.Etag)
	}
	return nil
}

func (s steps) scan(ctx context.Context) error {
	for i := range 25 {
		if _, err := s.set(ctx, fmt.Sprintf("go/scan/%02d", i), []byte{byte(i)}); err != nil {
			return err
		}
	}
	request := &keyvalue.ScanRequest{
		Namespace: s.namespace, Limit: 10, Selection: &keyvalue.ScanRequest_Prefix{Prefix: "go/scan/"},
	}
	var keys []string
	for range 25 {
		page, err := s.client.Scan(ctx, request)
		if err != nil {
			return err
		}
		for _, entry := range page.Entries {
			keys = append(keys, entry.Key)
		}
		if page.NextPageToken == "" {
			break
		}
		request.PageToken = page.NextPageToken
	}
	if len(keys) != 25 || keys[0] != "go/scan/00" || keys[24] != "go/scan/24" {
		return fmt.Errorf("not the 25 keys in order: %v", keys)
	}
	return nil
}

func (s steps) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := s.client.Watch(ctx, &keyvalue.WatchRequest{Namespace: s.namespace, Prefix: "go/watch/"})
	if err != nil {
		return err
	}
	started, err := events.Recv()
	if err != nil {
		return err
	}
	if started.GetStarted() == nil {
		return fmt.Errorf("the first event is not started: %v", started)
	}
	if _, err := s.set(ctx, "go/watch/a", []byte("1")); err != nil {
		return err
	}
	event, err := events.Recv()
	if err != nil {
		return err
	}
	change := event.GetChange()
	if change.GetKey() != "go/watch/a" || change.GetKind() != keyvalue.ChangeKind_CHANGE_KIND_SET || string(change.GetValue()) != "1" {
		return fmt.Errorf("not the change that was made: %v", event)
	}
	return nil
}

// A watch on which nothing changes lasts until its deadline.
func (s steps) deadline(ctx context.Context) error {
	const timeout = 300 * time.Millisecond
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	events, err := s.client.Watch(ctx, &keyvalue.WatchRequest{Namespace: s.namespace, Prefix: "go/quiet/"})
	for err == nil {
		_, err = events.Recv()
	}
	if status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("not DEADLINE_EXCEEDED: %w", err)
	}
	if took := time.Since(begin); took < timeout-50*time.Millisecond || took > timeout+time.Second {
		return fmt.Errorf("the deadline of %s was kept after %s", timeout, took)
	}
	return nil
}

func (s steps) errorDetails(ctx context.Context) error {
	_, err := s.client.Get(ctx, &keyvalue.GetRequest{Namespace: "no-such-namespace", Key: "k"})
	if err := expectFailure(err, codes.NotFound, "NAMESPACE_NOT_FOUND"); err != nil {
		return err
	}
	_, err = s.client.Get(ctx, &keyvalue.GetRequest{Namespace: s.namespace})
	if err := expectFailure(err, codes.InvalidArgument, "INVALID_FIELD"); err != nil {
		return err
	}
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok && bad.FieldViolations[0].Field == "key" {
			return nil
		}
	}
	return fmt.Errorf("no BadRequest for the field key: %v", status.Convert(err).Details())
}

func expectFailure(err error, code codes.Code, reason string) error {
	failure := status.Convert(err)
	if failure.Code() != code {
		return fmt.Errorf("expected %s, got %s: %s", code, failure.Code(), failure.Message())
	}
	for _, detail := range failure.Details() {
		if cause, ok := detail.(*errdetails.ErrorInfo); ok {
			if cause.Reason == reason && cause.Domain == "prism.dev" {
				return nil
			}
			return fmt.Errorf("expected the reason %s, got %s of %s", reason, cause.Reason, cause.Domain)
		}
	}
	return fmt.Errorf("%s has no ErrorInfo: %s", failure.Code(), failure.Message())
}
