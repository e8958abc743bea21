// Tells with Porcupine which registers have a history that no single register could have had. Reads one history a line from
// stdin, writes one verdict a line to stdout: ok, illegal, or unknown when that was not found out in time.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// A history of a hundred operations takes milliseconds, unless many of them are of unknown outcome.
const decidedWithin = 30 * time.Second

// A line holds the history of one register.
const lineBytesMax = 64 << 20

// operation is one call on one register; the empty value means that nothing is there.
type operation struct {
	Process  int     `json:"process"`
	StartMs  float64 `json:"startMs"`
	EndMs    float64 `json:"endMs"`
	Kind     string  `json:"kind"`
	Value    string  `json:"value"`
	Expected *string `json:"expected"`
	Outcome  string  `json:"outcome"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var history []operation
		if err := json.Unmarshal(lines.Bytes(), &history); err != nil {
			return err
		}
		verdict := porcupine.CheckOperationsTimeout(register, operationsOf(history), decidedWithin)
		fmt.Println(strings.ToLower(string(verdict)))
	}
	return lines.Err()
}

func operationsOf(history []operation) []porcupine.Operation {
	operations := make([]porcupine.Operation, 0, len(history))
	for _, each := range history {
		operations = append(operations, porcupine.Operation{
			ClientId: each.Process,
			Input:    each,
			Call:     nanoseconds(each.StartMs),
			Return:   returnOf(each),
		})
	}
	return operations
}

// What has an unknown outcome may take effect at any time to come.
func returnOf(each operation) int64 {
	if each.Outcome == "unknown" {
		return math.MaxInt64
	}
	return nanoseconds(each.EndMs)
}

func nanoseconds(ms float64) int64 { return int64(ms * 1e6) }

var register = porcupine.Model{
	Init: func() interface{} { return "" },
	Step: func(state, input, _ interface{}) (bool, interface{}) {
		return step(state.(string), input.(operation))
	},
}

func step(value string, call operation) (bool, interface{}) {
	meets := call.Expected == nil || *call.Expected == value
	switch {
	case call.Kind == "read":
		return call.Value == value, value
	case call.Outcome == "refused":
		return !meets, value
	case meets:
		return true, call.Value
	default:
		return call.Outcome == "unknown", value
	}
}
