package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"prism.dev/acceptance/plugin/gen/prism/plugin/v1"
)

const (
	defaultHealthInterval = 2 * time.Second
	defaultDrainGrace     = 5 * time.Second
	// What pino calls info.
	levelInfo = 30
)

// pluginService is the contract, for a plugin that has services and no pattern.
type pluginService struct {
	pluginv1.UnimplementedPluginServiceServer
	gate     *gate
	services []string
	stop     func()
}

func (s *pluginService) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	return &pluginv1.DescribeResponse{
		Name:           pluginName,
		Version:        pluginVersion,
		Durability:     pluginv1.Durability_DURABILITY_EPHEMERAL,
		SettingsSchema: `{"type":"object","additionalProperties":false}`,
		Services:       s.services,
	}, nil
}

func (s *pluginService) Configure(_ context.Context, request *pluginv1.ConfigureRequest) (*pluginv1.ConfigureResponse, error) {
	if len(request.GetSettings().GetFields()) > 0 {
		return nil, refusal(codes.FailedPrecondition, "INVALID_SETTINGS", "There are no settings.")
	}
	log("configured", "backend_name", request.GetBackend())
	return &pluginv1.ConfigureResponse{}, nil
}

func (s *pluginService) Bind(_ context.Context, request *pluginv1.BindRequest) (*pluginv1.BindResponse, error) {
	return nil, refusal(codes.Unimplemented, "CAPABILITY_MISSING", "There is no "+request.GetPattern()+" here.")
}

func (s *pluginService) Unbind(context.Context, *pluginv1.UnbindRequest) (*pluginv1.UnbindResponse, error) {
	return &pluginv1.UnbindResponse{}, nil
}

func (s *pluginService) Health(request *pluginv1.HealthRequest, call grpc.ServerStreamingServer[pluginv1.HealthResponse]) error {
	interval := defaultHealthInterval
	if request.GetInterval() != nil {
		interval = request.GetInterval().AsDuration()
	}
	// Half of what is allowed: a report that is a little late is still in time.
	due := time.NewTicker(interval / 2)
	defer due.Stop()
	for {
		if err := call.Send(&pluginv1.HealthResponse{Backend: pluginv1.BackendHealth_BACKEND_HEALTH_REACHABLE}); err != nil {
			return err
		}
		select {
		case <-due.C:
		case <-s.gate.idle:
			return nil
		case <-call.Context().Done():
			return nil
		}
	}
}

func (s *pluginService) Metrics(context.Context, *pluginv1.MetricsRequest) (*pluginv1.MetricsResponse, error) {
	return &pluginv1.MetricsResponse{Families: []*pluginv1.MetricFamily{{
		Name:    "grpc_go_calls_in_flight",
		Help:    "Calls of apps that are not answered yet.",
		Kind:    pluginv1.MetricKind_METRIC_KIND_GAUGE,
		Samples: []*pluginv1.MetricSample{{Value: float64(s.gate.callsInFlight())}},
	}}}, nil
}

func (s *pluginService) Drain(_ context.Context, request *pluginv1.DrainRequest) (*pluginv1.DrainResponse, error) {
	grace := defaultDrainGrace
	if request.GetGrace() != nil {
		grace = request.GetGrace().AsDuration()
	}
	completed, aborted := s.gate.drain(grace)
	// It waits for this answer.
	go s.stop()
	return &pluginv1.DrainResponse{Completed: completed, Aborted: aborted}, nil
}

// refusal is a failure as docs/errors.md says: a status with one ErrorInfo.
func refusal(code codes.Code, reason, message string) error {
	detailed, err := status.New(code, message).WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "prism.dev"})
	if err != nil {
		return err
	}
	return detailed.Err()
}

func log(message, field, value string) {
	_ = json.NewEncoder(os.Stderr).Encode(map[string]any{"level": levelInfo, "msg": message, field: value})
}
