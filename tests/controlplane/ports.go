package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// reservePorts finds free loopback ports that stay ours until `release`.
//
// A port that is only looked up and given back may be taken by another process before the
// component listens on it. So each one is bound here, with SO_REUSEPORT and without listening: the
// kernel gives it to nobody else, while a component that sets SO_REUSEPORT too (same user) can
// listen on it and gets all connections.
func reservePorts(count int) (ports []int, release func(), err error) {
	var sockets []int
	release = func() {
		for _, socket := range sockets {
			_ = unix.Close(socket)
		}
	}
	for range count {
		socket, port, err := bindFreePort()
		if err != nil {
			release()
			return nil, nil, fmt.Errorf("no free loopback port: %w", err)
		}
		sockets = append(sockets, socket)
		ports = append(ports, port)
	}
	return ports, release, nil
}

func bindFreePort() (socket, port int, err error) {
	socket, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(socket)
	err = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		_ = unix.Close(socket)
		return 0, 0, err
	}
	address, err := unix.Getsockname(socket)
	if err != nil {
		_ = unix.Close(socket)
		return 0, 0, err
	}
	bound, ok := address.(*unix.SockaddrInet4)
	if !ok {
		_ = unix.Close(socket)
		return 0, 0, fmt.Errorf("bound to %v, not to an IPv4 address", address)
	}
	return socket, bound.Port, nil
}
