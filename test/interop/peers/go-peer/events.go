package peer

import (
	"context"
	"sync"
)

// events remembers what happened to calls, so that a client can wait for "begun ID" before it cancels
// and for "ended ID" after it did, without any sleep.
type events struct {
	mutex    sync.Mutex
	happened map[string]chan struct{}
}

func newEvents() *events { return &events{happened: map[string]chan struct{}{}} }

func (e *events) gate(name string) chan struct{} {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	gate, known := e.happened[name]
	if !known {
		gate = make(chan struct{})
		e.happened[name] = gate
	}
	return gate
}

// record opens the gate of an event; a call that a client retried begins twice.
func (e *events) record(name string) {
	gate := e.gate(name)
	e.mutex.Lock()
	defer e.mutex.Unlock()
	select {
	case <-gate:
	default:
		close(gate)
	}
}

func (e *events) wait(ctx context.Context, name string) error {
	select {
	case <-e.gate(name):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
