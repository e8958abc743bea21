package main

import (
	"encoding/json"
	"net"
	"os"
)

const (
	pluginName    = "grpc-go"
	pluginVersion = "1.0.0"
)

type handshake struct {
	Handshake int            `json:"prism_handshake"`
	Contract  map[string]int `json:"contract"`
	Pid       int            `json:"pid"`
	Socket    string         `json:"socket"`
	Name      string         `json:"name"`
	Version   string         `json:"version"`
	Token     string         `json:"token"`
}

// listenForTheProxy opens the socket that the proxy asked for.
func listenForTheProxy() (net.Listener, error) {
	socket := os.Getenv("PRISM_PLUGIN_SOCKET")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(socket, 0o600)
}

// shakeHands tells the proxy where the plugin listens, and with which token it must call.
func shakeHands(listener net.Listener, token string) error {
	return json.NewEncoder(os.Stdout).Encode(handshake{
		Handshake: 1,
		Contract:  map[string]int{"min": 1, "max": 1},
		Pid:       os.Getpid(),
		Socket:    listener.Addr().String(),
		Name:      pluginName,
		Version:   pluginVersion,
		Token:     token,
	})
}
